// SPDX-License-Identifier: Apache-2.0
// The signed policy of a vault and what a local file may add to it (docs/formats.md, "Policy").
import { z } from 'zod';
import { fail, need } from '../core/index.ts';

/** Signature algorithms that a policy may allow: asymmetric ones only, so no public key ever serves as a shared secret. */
const TOKEN_ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;

const issuer = z.strictObject({
  iss: z.string(),
  aud: z.array(z.string()).min(1),
  algs: z.array(z.enum(TOKEN_ALGORITHMS)).min(1),
  /** The issuer's public keys: a JWKS (RFC 7517) as JSON text. */
  jwks: z.string().max(64 * 1024),
  prefix: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/),
  groups: z.boolean(),
  maxTokenAge: z.int().min(1),
});

const policySchema = z.strictObject({
  v: z.literal(1),
  /** What happens to a document that no rule names: its owner alone may read it, or it is not ingested. */
  default: z.enum(['owner', 'refuse']),
  issuers: z.array(issuer).max(16),
  /** What happens to a document with hidden text: it is reported, or not ingested. */
  guard: z.strictObject({ hiddenText: z.enum(['report', 'refuse']) }),
  witnesses: z.strictObject({ vkeys: z.array(z.string()).max(16), k: z.int().min(0).max(16) }),
  /** Seconds that the newest signed state may be old, or null. */
  maxAge: z.int().min(1).nullable(),
  /** Whether verified plaintext may stay in memory between queries. */
  plaintextCache: z.boolean(),
});

/** The policy of a vault, signed into its log by the root key. */
export type Policy = z.infer<typeof policySchema>;

/** The parts of a policy that a local configuration file may make stricter. */
export interface LocalPolicy {
  readonly default?: 'refuse' | undefined;
  readonly guard?: { readonly hiddenText: 'refuse' } | undefined;
  readonly maxAge?: number | undefined;
  readonly plaintextCache?: false | undefined;
  /** Demands at least so many of the signed witnesses. */
  readonly witnesses?: { readonly k: number } | undefined;
}

/** The policy of a new vault. */
export function initialPolicy(defaultRule: Policy['default']): Policy {
  return {
    v: 1,
    default: defaultRule,
    issuers: [],
    guard: { hiddenText: 'report' },
    witnesses: { vkeys: [], k: 0 },
    maxAge: null,
    plaintextCache: true,
  };
}

/** Reads the one record of a policy list. @throws {FORMAT_INVALID} naming the field that is wrong */
export function parsePolicy(values: readonly unknown[]): Policy {
  const result = policySchema.safeParse(values[0]);
  if (values.length === 1 && result.success) return result.data;
  const [issue] = result.error?.issues ?? [];
  const field = issue === undefined ? '' : `: ${issue.path.map(String).join('.')} ${issue.message}`;
  throw fail('FORMAT_INVALID', `not a policy${field}`);
}

/**
 * The policy in force: the signed one with what the local file makes stricter.
 * @throws {CONFIG_INVALID} when the local file would weaken it
 */
export function stricterPolicy(signed: Policy, local: LocalPolicy): Policy {
  const { maxAge } = local;
  const weakens = maxAge !== undefined && signed.maxAge !== null && maxAge > signed.maxAge;
  need('INV-POLICY-STRICTER', !weakens, 'CONFIG_INVALID', 'the local file may only lower maxAge');
  const k = local.witnesses?.k ?? signed.witnesses.k;
  need(
    'INV-POLICY-WITNESSES',
    k >= signed.witnesses.k,
    'CONFIG_INVALID',
    'the local file may only demand more witnesses',
  );
  return {
    ...signed,
    default: local.default ?? signed.default,
    guard: local.guard ?? signed.guard,
    maxAge: maxAge ?? signed.maxAge,
    witnesses: { ...signed.witnesses, k },
    plaintextCache: local.plaintextCache ?? signed.plaintextCache,
  };
}
