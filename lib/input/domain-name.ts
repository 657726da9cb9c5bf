import { domainToASCII } from "node:url";
import { badInput } from "./bad-input";
import { isDeferred } from "./deferred-value";

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The one spelling of a domain name that DNS, Postfix and Terraform agree on: lower case, without
 * a trailing dot, an internationalised name in its ASCII form.
 *
 * @throws if it is not a domain name of at least two labels
 */
export function domainName(prop: string, value: string): string {
  if (isDeferred(value)) {
    return value;
  }
  // What stands for something else in a URL would be cut off or decoded, not refused.
  const ascii = /^[A-Za-z0-9.\P{ASCII}-]+$/u.test(value) ? toAscii(value.replace(/\.$/, "")) : "";
  const labels = ascii.split(".");
  const valid =
    ascii.length <= 253 &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    // An IPv4 address has the form of a name, but its last label is a number.
    !/^[0-9]+$/.test(labels[labels.length - 1]);
  if (!valid) {
    throw badInput(
      prop,
      value,
      'is not a fully qualified domain name; write it in full, such as "mx1.example.com"',
    );
  }
  return ascii;
}

function toAscii(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it asks whether all is ASCII
  return /^[\u0000-\u007f]*$/.test(name) ? name.toLowerCase() : domainToASCII(name);
}
