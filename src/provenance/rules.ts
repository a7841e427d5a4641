// SPDX-License-Identifier: Apache-2.0
import type { ApplyResult, RuleContext, VoidReason } from './apply.ts';
import * as access from './rules-access.ts';
import * as documents from './rules-documents.ts';
import * as keys from './rules-keys.ts';
import { applyState } from './rules-state.ts';
import { type StateRecord, withRecords } from './state.ts';
import type { Statement } from './statement.ts';

/** What a kind's own rule decides: the leaves to set, or why the entry is void. */
export type RuleOutcome = readonly StateRecord[] | VoidReason;

/** Rule 8 of the ledger function (docs/formats.md, "Ledger"): what the kind itself demands and changes. */
export function applyRule(context: RuleContext, statement: Statement): ApplyResult {
  if (statement.kind === 'state') return applyState(context, statement);
  const outcome = decide(context, statement);
  if (typeof outcome === 'string') return { outcome: 'void', reason: outcome };
  const state = withRecords(context.idKey, context.state, outcome);
  const { signerId } = context;
  return { outcome: 'applied', statement, signerId, state, records: outcome };
}

function decide(
  context: RuleContext,
  statement: Exclude<Statement, { kind: 'state' }>,
): RuleOutcome {
  switch (statement.kind) {
    case 'genesis':
      return keys.genesis(context, statement.predicate);
    case 'delegate':
      return keys.delegate(context, statement.predicate);
    case 'revoke':
      return keys.revoke(context, statement.predicate);
    case 'recovery':
      return keys.recovery(context, statement.predicate);
    case 'embedder':
      return keys.embedder(context, statement.predicate);
    case 'ingest':
      return documents.ingest(context, statement);
    case 'tombstone':
      return documents.tombstone(context, statement.predicate);
    case 'shred':
      return documents.shred(context, statement.predicate);
    case 'endorse':
      return documents.endorse(context, statement.predicate);
    case 'acl':
      return access.acl(context, statement.predicate);
    case 'acl-bind':
      return access.aclBind(context, statement.predicate);
    case 'directory':
      return access.directory(context, statement.predicate);
    case 'config':
      return access.config(context, statement.predicate);
    case 'index-snapshot':
      return access.indexSnapshot(context, statement.predicate);
    case 'rewrap':
      return [];
    case 'context':
    case 'erasure':
    case 'audit':
      return 'SCOPE';
  }
}
