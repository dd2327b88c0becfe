import { isIP } from 'node:net';

/** Groups of 16 bits in an IPv6 address, and in the part of it that a provider gives to one customer (RFC 6177, RFC 4291 §2.5.1). */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * Who an address is counted for: an IPv4 address for itself, an IPv6 address for its /64, because who has one address of that has all
 * of them and could guess from a new one each time.
 *
 * @param address as the connection or a trusted proxy tells it; an IPv4 address in the form of IPv6 counts as the former
 * @returns such as `192.0.2.1` or `2001:db8:0:1::/64`; what is no address as it is
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [before, after] = address.replace(/%.*$/, '').split('::') as [string, string?];
  const groups = groupsOf(before);
  if (after !== undefined) {
    const left = GROUPS - groups.length - groupsOf(after).length;
    groups.push(...Array.from({ length: left }, () => '0'), ...groupsOf(after));
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

/** An IPv4 address at the end stands for two. */
const groupsOf = (text: string): string[] =>
  text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
