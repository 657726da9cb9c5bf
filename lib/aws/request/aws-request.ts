import { type HostFile, program } from "../../host/host-file";

/** The program by which a host asks the services of AWS, with the rights of its role. */
export const AWS_REQUEST: HostFile = program(__dirname, "backup-mx-aws");
