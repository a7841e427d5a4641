// SPDX-License-Identifier: Apache-2.0
// Changing the signed policy of a vault.
import { parsePolicy, type Policy } from '../access/index.ts';
import { fail, jcs } from '../core/index.ts';
import { openIssuers } from '../identity/index.ts';
import { signStatement, witnessKeys } from '../provenance/index.ts';
import { putList } from '../store/index.ts';
import { signedPolicy } from './access-state.ts';
import { every } from './permissions.ts';
import { policyRef } from './refs.ts';
import type { Session } from './session.ts';

/**
 * Signs another policy into the log; it holds from the next query on.
 * @returns whether it differs from the present one
 * @throws {FORMAT_INVALID} when it is not a policy; {@link TRUST_INVALID} when a witness key is malformed
 * @throws {CONFIG_INVALID} when an issuer's keys cannot be used, or two issuers share a name or prefix
 * @throws {USAGE} when it demands more witnesses than it names; {@link KEY_UNAVAILABLE} without the root key
 */
export async function setPolicy(session: Session, value: unknown): Promise<boolean> {
  const policy: Policy = parsePolicy([value]);
  const { vkeys, k } = policy.witnesses;
  const distinct = new Set(witnessKeys(vkeys).map(({ key }) => key.keyid));
  if (distinct.size !== vkeys.length || k > vkeys.length) {
    throw fail('USAGE', 'the policy names a witness twice, or demands more than it names');
  }
  openIssuers(policy);
  const writer = await session.writer();
  return session.exclusively(async () => {
    const { context, ledger } = session;
    const present = await signedPolicy(context, ledger);
    if (jcs(present.policy) === jcs(policy)) return false;
    const epoch = present.epoch + 1;
    const ref = policyRef(context.config.tenantId, epoch);
    const list = await putList(context.stores, ref, [policy]);
    const predicate = { ...every(session), epoch, ...list };
    await session.commitAll([await signStatement('config', predicate, writer.signer('root'))]);
    return true;
  });
}
