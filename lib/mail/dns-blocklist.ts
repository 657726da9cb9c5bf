import { badInput } from "./bad-input";
import { domainName } from "./domain-name";

const OCTET = String.raw`(\d{1,3}|\[\d{1,3}(\.\.\d{1,3})?(;\d{1,3}(\.\.\d{1,3})?)*\])`;
const FORM = new RegExp(
  String.raw`^([^=*\s,]+?)(=${OCTET}\.${OCTET}\.${OCTET}\.${OCTET})?(\*-?\d{1,3})?$`,
);

/**
 * What a list answers about an address that is on it. A list that does not like who asks answers
 * 127.255.255.x instead: taken for a listing, that would refuse everybody.
 */
const LISTED = "=127.0.[0..255].[0..255]";

/**
 * Lists in DNS as Postfix writes them, each with a filter.
 *
 * @throws if one has not the form `domain=filter*weight`
 */
export function dnsBlocklists(prop: string, sites: readonly string[]): readonly string[] {
  return sites.map((site, index) => {
    const place = `${prop}[${index}]`;
    const found = FORM.exec(site);
    if (found === null) {
      throw badInput(
        place,
        site,
        'is not a list in DNS; give its domain, and a weight if you like, such as "zen.example.org*3"',
      );
    }
    const [, domain, filter = LISTED] = found;
    return `${domainName(place, domain)}${filter}${found[found.length - 1] ?? ""}`;
  });
}
