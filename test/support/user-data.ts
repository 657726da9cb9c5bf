export { type WrittenFile, writtenFiles } from "../../lab/aws/deployed-stack";
