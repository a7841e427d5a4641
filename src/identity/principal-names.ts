// SPDX-License-Identifier: Apache-2.0
import { base32, concat, isPrincipal, lp, sha256 } from '../core/index.ts';

const HASHED = 'h-';

/**
 * The principal (or group) that an issuer's name stands for: `<prefix>.<name>` where that is a principal, else
 * `<prefix>.h-<hash>`. Different names never meet: prefixes have no dot, and a name that looks hashed is hashed, too.
 */
export function principalOf(prefix: string, name: string): string {
  const plain = `${prefix}.${name}`;
  if (isPrincipal(plain) && !name.startsWith(HASHED)) return plain;
  return `${prefix}.${HASHED}${base32(sha256(concat(lp(name)))).slice(0, 32)}`;
}
