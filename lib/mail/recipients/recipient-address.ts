import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { domainName } from "../../input/domain-name";

// What RFC 5321 calls a dot-string, beginning with a character that cannot start a comment in a
// lookup table, and without those that Postfix reads as a route to another host.
const LOCAL_PART = /^[a-z0-9_=+~-][a-z0-9#$&'*+/=?^_`{|}~.-]{0,63}$/;

/**
 * A recipient of a domain, in lower case as Postfix looks it up.
 *
 * @throws if it is not an address, or of another domain
 */
export function recipientAddress(prop: string, value: string, domain: string): string {
  if (isDeferred(value)) {
    return value;
  }
  const at = value.lastIndexOf("@");
  const localPart = value.slice(0, Math.max(at, 0)).toLowerCase();
  if (!LOCAL_PART.test(localPart)) {
    throw badInput(
      prop,
      value,
      `is not a mail address; write it in full, such as "info@${domain}"`,
    );
  }
  const itsDomain = domainName(prop, value.slice(at + 1));
  if (!isDeferred(domain) && itsDomain !== domain) {
    throw badInput(prop, value, `is outside its domain; list only recipients of ${domain} here`);
  }
  return `${localPart}@${itsDomain}`;
}
