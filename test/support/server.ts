import { MailServer, type MailServerProps } from "../../lib/aws/server/mail-server";
import { Store } from "../../lib/aws/store/store";
import { programs } from "../../lib/host/programs";
import { newStack, synthesize } from "./stack";

/** A stack with one server that runs next to nothing, as Terraform is given it. */
export function server(hostname: string, props: MailServerProps = {}) {
  const stack = newStack();
  const store = new Store(stack, "Store", {
    name: hostname,
    programs: programs([]),
    packages: {},
    configuration: () => ({ hostname, version: "0123456789abcdef" }),
  });
  new MailServer(stack, "Server", {
    hostname,
    defaultInstanceType: "t4g.small",
    store,
    userData: () => `#cloud-config\necho: \${x}\n`,
    ...props,
  });
  return synthesize(stack);
}
