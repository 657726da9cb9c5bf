import { BackupMx, type BackupMxProps } from "../../lib";
import { newStack, synthesize } from "./stack";

/** A stack with one backup for one domain that nobody publishes, as Terraform is given it. */
export function backup(props: Partial<BackupMxProps> = {}) {
  const stack = newStack();
  new BackupMx(stack, "Mx2", {
    hostname: "mx2.example.com",
    domains: [{ name: "example.com", primaries: [{ hostname: "mx1.example.com" }] }],
    ...props,
  });
  return synthesize(stack);
}
