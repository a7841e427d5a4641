// SPDX-License-Identifier: Apache-2.0
// Who a bearer of a token is: JWT (RFC 7519) with JWS (RFC 7515), under issuers, algorithms and keys of the signed policy.
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Policy } from '../access/index.ts';
import { type Clock, fail, need } from '../core/index.ts';
import { type Issuer, openIssuers } from './issuers.ts';
import { principalOf } from './principal-names.ts';

/** Longer tokens are refused unread. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** Seconds by which the clocks of issuer and verifier may differ. */
const CLOCK_SKEW_SECONDS = 60;
const MAX_GROUPS = 256;

/** A caller who is known by a verified token. */
export interface Identified {
  /** Principal id: the issuer's prefix and the token's subject. */
  readonly id: string;
  readonly identity: 'token';
  /** Groups that the token carries, where the policy lets this issuer name groups; else none. */
  readonly groups: readonly string[];
  /** Unix seconds from which the token counts no more: its expiry, or its age limit if that comes first. */
  readonly expiresAt: number;
}

/** Verifies tokens. One for each state of the policy, since key sets are prepared once. */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;

  /** @throws {CONFIG_INVALID} for issuers that cannot be used */
  constructor(policy: Pick<Policy, 'issuers'>, clock: Clock) {
    this.#issuers = openIssuers(policy);
    this.#clock = clock;
  }

  /**
   * Identifies the bearer. Whatever is wrong, the answer is the same: an attacker learns nothing from it.
   * @throws {TOKEN_INVALID}
   */
  async identify(token: string): Promise<Identified> {
    try {
      return await this.#identify(token);
    } catch (error) {
      throw fail('TOKEN_INVALID', 'the token is not accepted', {}, error);
    }
  }

  async #identify(token: string): Promise<Identified> {
    const fits = token.length <= MAX_TOKEN_LENGTH;
    need('INV-TOKEN-LENGTH', fits, 'TOKEN_INVALID', 'the token is too long');
    // Only to find the issuer: everything that counts is read again from what was verified.
    const issuer = this.#issuers.get(decodeJwt(token).iss ?? '');
    if (issuer === undefined) throw fail('TOKEN_INVALID', 'the issuer is not in the policy');
    const { settings, keys } = issuer;
    const now = Math.floor(this.#clock.now() / 1000);
    const { payload } = await jwtVerify(token, keys, {
      issuer: settings.iss,
      audience: settings.aud,
      algorithms: settings.algs,
      maxTokenAge: settings.maxTokenAge,
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: new Date(now * 1000),
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    return identified(payload, settings);
  }
}

function identified(payload: JWTPayload, settings: Issuer['settings']): Identified {
  const { sub, exp, iat } = payload;
  const isNamed = typeof sub === 'string' && sub !== '' && sub.isWellFormed();
  need('INV-TOKEN-SUBJECT', isNamed, 'TOKEN_INVALID', 'the token names nobody');
  return {
    id: principalOf(settings.prefix, sub),
    identity: 'token',
    groups: settings.groups ? groupsOf(payload, settings.prefix) : [],
    expiresAt: Math.min(exp ?? 0, (iat ?? 0) + settings.maxTokenAge) + CLOCK_SKEW_SECONDS,
  };
}

/** A list that is no list of names makes the token invalid: half of it could miss a denied group. */
function groupsOf(payload: JWTPayload, prefix: string): string[] {
  const claimed = payload['groups'] ?? [];
  const isList =
    Array.isArray(claimed) &&
    claimed.length <= MAX_GROUPS &&
    claimed.every((name) => typeof name === 'string' && name !== '' && name.isWellFormed());
  need('INV-TOKEN-GROUPS', isList, 'TOKEN_INVALID', 'the groups of the token are no list of names');
  return [...new Set((claimed as string[]).map((name) => principalOf(prefix, name)))].sort();
}

/** What was wrong with a refused token, in one word for the audit trail; never for the bearer. */
export function tokenRefusalReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof errors.JOSEError) return cause.code;
  return cause instanceof Error ? 'ERR_TOKEN' : 'UNKNOWN';
}
