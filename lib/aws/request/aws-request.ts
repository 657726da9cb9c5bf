import { type HostFile, pythonModule } from "../../host/host-file";

/** How a host asks the services of AWS, with the rights of its role. */
export const REQUEST_FILES: readonly HostFile[] = [pythonModule(__dirname, "aws")];
