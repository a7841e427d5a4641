// SPDX-License-Identifier: Apache-2.0
import { fail, type Hex, jcs, need } from '../core/index.ts';
import { parsePublicKeyBase64, type PublicKey } from './public-key.ts';
import type { LoggedEntry } from './receipt.ts';
import { openLeaf, openLogged, type ReceiptCheck } from './receipt-open.ts';
import { MAX_ROOT_CHAIN, type Role, type StatementKind } from './roles.ts';
import { covers, type KeyValue } from './state.ts';
import type { StatementOf } from './statement.ts';

/** What a key has signed: in which role, at which log index, and for which source if its role is limited to some. */
export interface SignedPlace {
  readonly role: Role;
  readonly kind: StatementKind;
  readonly index: number;
  readonly namespace?: string;
}

/** Checks the chain root key -> delegate entry -> key leaf -> signature for one signer. */
export function checkSigner(
  check: ReceiptCheck,
  keyid: Hex,
  at: SignedPlace,
  verify: (key: PublicKey) => boolean,
): void {
  const shown = check.receipt.keys.find((key) => key.keyid === keyid);
  if (shown === undefined)
    throw fail('RECEIPT_INVALID', 'the receipt lacks the proof of a signing key');
  const delegate = openDelegation(check, shown.delegate, 0);
  const leaf = openLeaf(check, shown.stateProof, 'key', shown.stateProof.key32);
  const isDelegated =
    delegate.keyid === keyid && equalsDelegation(leaf, delegate, shown.delegate.index);
  need(
    'INV-RECEIPT-DELEGATE',
    isDelegated,
    'RECEIPT_INVALID',
    'a signing key is not the delegated one',
  );
  const isInScope = at.namespace === undefined || (leaf.namespaces?.includes(at.namespace) ?? true);
  const mayDo =
    leaf.role === at.role && leaf.kinds.includes(at.kind) && covers(leaf, at.index) && isInScope;
  need(
    'INV-RECEIPT-KEY',
    mayDo,
    'RECEIPT_INVALID',
    'a signing key was not valid for what it signed',
  );
  const key = parsePublicKeyBase64(leaf.spki);
  const signed = key !== null && verify(key);
  need('INV-RECEIPT-SIGNATURE', signed, 'RECEIPT_INVALID', 'a signature does not hold');
}

/** True when a key leaf says of the key what its delegation at `index` said. */
function equalsDelegation(
  leaf: KeyValue,
  delegate: StatementOf<'delegate'>['predicate'],
  index: number,
): boolean {
  const { keyid, spki, role, kinds, namespaces, notAfter } = delegate;
  const { endIndex, reason } = leaf;
  const firstIndex = index + 1;
  const expected = { keyid, spki, role, kinds, namespaces, notAfter, firstIndex, endIndex, reason };
  return jcs(leaf) === jcs(expected);
}

/** The delegate statement of a key, signed by the trusted root key or by a root key that a chain leads to. */
function openDelegation(
  check: ReceiptCheck,
  logged: LoggedEntry,
  depth: number,
): StatementOf<'delegate'>['predicate'] {
  const entry = openLogged(logged, check.head, 'delegate');
  const { rootKey } = check.trust;
  let signed = entry.keyid === rootKey.keyid && entry.verify(rootKey);
  if (!signed && depth < MAX_ROOT_CHAIN) {
    const parent = check.receipt.keys.find((key) => key.keyid === entry.keyid);
    const delegation =
      parent === undefined ? null : openDelegation(check, parent.delegate, depth + 1);
    const key = delegation?.role === 'root' ? parsePublicKeyBase64(delegation.spki) : null;
    signed = key !== null && entry.verify(key);
  }
  need(
    'INV-RECEIPT-ROOT',
    signed,
    'RECEIPT_INVALID',
    'a delegation is not signed by the trusted root key',
  );
  return entry.statement.predicate;
}
