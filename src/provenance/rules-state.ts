// SPDX-License-Identifier: Apache-2.0
import { holds } from '../core/index.ts';
import type { ApplyResult, RuleContext } from './apply.ts';
import { expiredKeys, stateRoot, withRecords } from './state.ts';
import type { StatementOf } from './statement.ts';

/**
 * The rule of `state`: its signer is audited, not trusted. A validly signed state entry whose fields are wrong halts
 * every reader, since going on would mean believing it.
 */
export function applyState(context: RuleContext, statement: StatementOf<'state'>): ApplyResult {
  const { predicate } = statement;
  const { last } = context.state;
  const expired = expiredKeys(context.state, context.index, predicate.time);
  const state = withRecords(context.idKey, context.state, expired);
  const isNext =
    predicate.coversSize === context.index &&
    predicate.prevState?.index === last?.index &&
    predicate.prevState?.leafHash === last?.leafHash &&
    predicate.time >= (last?.time ?? 0);
  const isTrue = predicate.root === stateRoot(state) && predicate.count === state.count;
  if (!holds('INV-STATE-CHAIN', isNext) || !holds('INV-STATE-ROOT', isTrue)) {
    return { outcome: 'halt', reason: 'STATE_MISMATCH' };
  }
  const next = { index: context.index, leafHash: context.leafHash, time: predicate.time };
  return {
    outcome: 'applied',
    statement,
    signerId: context.signerId,
    state: { ...state, last: next },
    records: expired,
  };
}
