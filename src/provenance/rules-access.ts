// SPDX-License-Identifier: Apache-2.0
import { holds } from '../core/index.ts';
import type { RuleContext } from './apply.ts';
import type { Predicate } from './predicates.ts';
import type { RuleOutcome } from './rules.ts';
import { renewedStatus } from './rules-documents.ts';
import { docByStateKey, type DocValue, lookup, type StateRecord } from './state.ts';

/** Publishes a class record; binds nothing. An ingest key may add a class but never replace one. */
export function acl(context: RuleContext, p: Predicate<'acl'>): RuleOutcome {
  const known = lookup(context.idKey, context.state, 'acl', p.aclDigest);
  const mayReplace = known === null || context.signer?.role === 'acl';
  if (!holds('INV-ACL-REPLACE', mayReplace)) return 'EXISTS';
  const classNo = known?.classNo ?? context.state.acls;
  const { aclDigest, objectDigest } = p;
  return [{ kind: 'acl', value: { aclDigest, entry: context.index, objectDigest, classNo } }];
}

/** Binds one class to documents. One failing element voids the whole entry. */
export function aclBind(context: RuleContext, p: Predicate<'acl-bind'>): RuleOutcome {
  if (lookup(context.idKey, context.state, 'acl', p.aclDigest) === null) return 'UNKNOWN_ACL';
  const records: StateRecord[] = [];
  let before = '';
  for (const item of p.docs) {
    if (item.stateKey <= before) return 'SCHEMA';
    before = item.stateKey;
    const current = docByStateKey(context.state, item.stateKey);
    if (current === null) return 'UNKNOWN_DOC';
    if (!holds('INV-ACL-EPOCH', item.epoch === current.aclEpoch + 1)) return 'EPOCH';
    records.push({ kind: 'doc', value: bound(context, p.aclDigest, item, current) });
  }
  return records;
}

/** The next epoch of people and groups. */
export function directory(context: RuleContext, p: Predicate<'directory'>): RuleOutcome {
  const current = lookup(context.idKey, context.state, 'dir', 'people');
  if (!holds('INV-DIRECTORY-EPOCH', p.epoch === (current?.epoch ?? 0) + 1)) return 'EPOCH';
  const { epoch, objectDigest, contentRoot } = p;
  const keyid = context.signerId;
  const value = { epoch, entry: context.index, keyid, objectDigest, contentRoot, trusted: true };
  return [{ kind: 'dir', value }];
}

/** The next epoch of the policy. */
export function config(context: RuleContext, p: Predicate<'config'>): RuleOutcome {
  const current = lookup(context.idKey, context.state, 'config', 'policy');
  if (!holds('INV-CONFIG-EPOCH', p.epoch === (current?.epoch ?? 0) + 1)) return 'EPOCH';
  const { epoch, objectDigest, contentRoot } = p;
  return [{ kind: 'config', value: { epoch, entry: context.index, objectDigest, contentRoot } }];
}

/** A newer index snapshot. That its state root is right is checked by whoever loads it. */
export function indexSnapshot(context: RuleContext, p: Predicate<'index-snapshot'>): RuleOutcome {
  const current = lookup(context.idKey, context.state, 'snap', 'index');
  const isNewer = p.size > (current?.size ?? 0) && p.size <= context.index;
  if (!holds('INV-SNAPSHOT-SIZE', isNewer)) return 'SIZE';
  const { size, segmentsRoot, objectDigest } = p;
  const keyid = context.signerId;
  const value = { entry: context.index, keyid, size, segmentsRoot, objectDigest, trusted: true };
  return [{ kind: 'snap', value }];
}

function bound(
  context: RuleContext,
  aclDigest: string,
  item: Predicate<'acl-bind'>['docs'][number],
  current: DocValue,
): DocValue {
  const value: DocValue = {
    ...current,
    aclEpoch: item.epoch,
    aclDigest,
    aclEntry: context.index,
    aclKeyid: context.signerId,
    validUntil: item.validUntil,
  };
  if (current.status !== 'distrusted') return value;
  return { ...value, status: renewedStatus(context.state, value) };
}
