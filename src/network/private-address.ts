// SPDX-License-Identifier: Apache-2.0
// Which addresses are not of the public internet.
import { BlockList, isIP } from 'node:net';

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8], // RFC 1918
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10], // RFC 6598, which a virtual private cloud may use
  ['127.0.0.0', 8], // this machine
  ['169.254.0.0', 16], // RFC 3927: credentials and time of the machine
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::1', 128],
  ['fc00::', 7], // RFC 4193
  ['fe80::', 10], // RFC 4291 section 2.5.6
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6');
}

/**
 * Whether an IP address is private: RFC 1918, 4193 and 6598, this machine, this link. An IPv4 address in IPv6 form
 * (`::ffff:a.b.c.d`) is judged as what it is; the translated forms of RFC 6052 and 3056 lead outside and are not private.
 * Whatever is no address is not private either.
 */
export function isPrivateAddress(address: string): boolean {
  const [bare = ''] = address.split('%', 1);
  const family = isIP(bare);
  if (family === 0) return false;
  return PRIVATE.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
