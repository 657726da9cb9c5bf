import type { HostFile } from "./host-file";
import { shippedFile } from "./shipped-file";

/** The program by which a host asks the services of AWS, with the rights of its role. */
export const AWS_REQUEST: HostFile = {
  path: "/usr/local/sbin/backup-mx-aws",
  content: shippedFile("backup-mx-aws"),
  isProgram: true,
};
