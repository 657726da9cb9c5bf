import { badInput } from "../../input/bad-input";
import { isDeferred } from "../../input/deferred-value";
import { domainName } from "../../input/domain-name";
import { wholeNumber } from "../../input/whole-number";

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

/**
 * The weight from which a client is refused.
 *
 * @throws if the lists together do not reach it
 */
export function dnsBlocklistThreshold(
  prop: string,
  value: number,
  sites: readonly string[],
): number {
  const threshold = wholeNumber(prop, value, 1, 1000);
  const weights = sites.map((site) => Number(/\*(-?\d+)$/.exec(site)?.[1] ?? 1));
  const most = weights.filter((weight) => weight > 0).reduce((sum, weight) => sum + weight, 0);
  if (sites.length > 0 && !isDeferred(threshold) && threshold > most) {
    throw badInput(
      prop,
      threshold,
      `is more than the weights of all lists, ${most}, so nobody would be refused; give a lower one, or the lists more weight`,
    );
  }
  return threshold;
}
