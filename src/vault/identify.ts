// SPDX-License-Identifier: Apache-2.0
import { type Identified, tokenRefusalReason, TokenVerifier } from '../identity/index.ts';
import type { Session } from './session.ts';

interface Prepared {
  readonly epoch: number;
  readonly verifier: TokenVerifier;
}

/** Identifies bearers of tokens under the policy at the head. */
export class Identifier {
  readonly #session: Session;
  #prepared: Prepared | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Who bears a token, by the policy as it is now: an issuer or key that was taken out of it counts no more.
   * @throws {TOKEN_INVALID} for every token that is not accepted; the reason stands in the audit trail alone
   * @throws {CONFIG_INVALID} for issuers that cannot be used
   */
  async identify(token: string): Promise<Identified> {
    await this.#session.follow();
    try {
      return await this.#verifier().identify(token);
    } catch (error) {
      const details = { reason: tokenRefusalReason(error) };
      const event = {
        event: 'identify',
        outcome: 'refused',
        actor: null,
        identity: 'token',
      } as const;
      this.#session.context.audit.record({ ...event, details });
      throw error;
    }
  }

  #verifier(): TokenVerifier {
    const { policy, policyEpoch } = this.#session.access;
    if (this.#prepared?.epoch !== policyEpoch) {
      const verifier = new TokenVerifier(policy, this.#session.context.clock);
      this.#prepared = { epoch: policyEpoch, verifier };
    }
    return this.#prepared.verifier;
  }
}
