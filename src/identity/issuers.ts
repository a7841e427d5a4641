// SPDX-License-Identifier: Apache-2.0
// Issuers of the signed policy, made ready for verification.
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { Policy } from '../access/index.ts';
import { fail } from '../core/index.ts';

/** Members that only private or symmetric keys have (RFC 7518 section 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

const keySetSchema = z.object({
  keys: z
    .array(
      z
        .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.string().optional() })
        .refine((key) => PRIVATE_MEMBERS.every((member) => !(member in key))),
    )
    .min(1)
    .max(64),
});

/** One issuer whose tokens count. */
export interface Issuer {
  readonly settings: Policy['issuers'][number];
  readonly keys: ReturnType<typeof createLocalJWKSet>;
}

/**
 * The issuers of a policy by their exact `iss`.
 * @throws {CONFIG_INVALID} when two share a name or a prefix, or a key set is no JWKS of public keys with distinct ids
 */
export function openIssuers(policy: Pick<Policy, 'issuers'>): ReadonlyMap<string, Issuer> {
  const issuers = new Map<string, Issuer>();
  const prefixes = new Set<string>();
  for (const settings of policy.issuers) {
    if (issuers.has(settings.iss) || prefixes.has(settings.prefix)) {
      throw fail('CONFIG_INVALID', 'two issuers of the policy share a name or a prefix');
    }
    prefixes.add(settings.prefix);
    issuers.set(settings.iss, { settings, keys: createLocalJWKSet(keySetOf(settings.jwks)) });
  }
  return issuers;
}

function keySetOf(text: string): JSONWebKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail('CONFIG_INVALID', 'the key set of an issuer is not JSON', {}, error);
  }
  const result = keySetSchema.safeParse(value);
  if (!result.success) {
    throw fail('CONFIG_INVALID', 'the key set of an issuer is no set of public keys (RFC 7517)');
  }
  const kids = result.data.keys.flatMap(({ kid }) => kid ?? []);
  if (new Set(kids).size < kids.length) {
    throw fail('CONFIG_INVALID', 'two keys of an issuer have one id');
  }
  return result.data as JSONWebKeySet;
}
