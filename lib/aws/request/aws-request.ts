import type { HostFile } from "../../host/host-file";
import { shippedFile } from "../../host/shipped-file";

/** The program by which a host asks the services of AWS, with the rights of its role. */
export const AWS_REQUEST: HostFile = {
  path: "/usr/local/sbin/backup-mx-aws",
  content: shippedFile(__dirname, "backup-mx-aws"),
  isProgram: true,
};
