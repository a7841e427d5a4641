// SPDX-License-Identifier: Apache-2.0
// Whose signatures a receipt's statements may carry.
import { describe, expect, it } from 'vitest';
import { base64, fromUtf8, jcsBytes } from '../../src/core/index.ts';
import type { Receipt } from '../../src/provenance/receipt.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import { type Role, ROLE_KINDS } from '../../src/provenance/roles.ts';
import type { KeyValue } from '../../src/provenance/state.ts';
import { LogAuthor } from '../support/log-author.ts';
import { edited, ReceiptAuthor } from '../support/receipt-author.ts';
import { expectRefusal } from '../support/tampering.ts';

const author = new LogAuthor();
const founded = (): Promise<ReceiptAuthor> => ReceiptAuthor.founded(author);

/** Expects that a receipt does not hold. */
function refuses(receipt: Receipt, receipts: ReceiptAuthor): void {
  expectRefusal(() => verifyReceipt(receipt, receipts.trust()), 'RECEIPT_INVALID');
}

/** Plants the leaf that an honest ledger would hold for a key if the entry at `index` had delegated it, or another. */
function plantKey(
  receipts: ReceiptAuthor,
  name: string,
  role: Role,
  fields: Partial<KeyValue>,
): void {
  const { keyid, spki } = author.signer(name);
  const window = { namespaces: null, firstIndex: 1, endIndex: null, notAfter: null, reason: null };
  const value = { keyid, spki: base64(spki), role, kinds: ROLE_KINDS[role], ...window, ...fields };
  receipts.plant({ kind: 'key', value });
}

/** The same entry with a signature that nobody made. */
function unsigned(entry: Uint8Array): Uint8Array {
  const envelope = JSON.parse(fromUtf8(entry)) as { signatures: [{ sig: string }] };
  envelope.signatures[0].sig = base64(new Uint8Array(64));
  return jcsBytes(envelope);
}

describe('a signing key', () => {
  it('must be proven: a receipt without its delegation is refused', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    expect(receipt.keys).toHaveLength(3);
    for (const { keyid } of receipt.keys) {
      refuses({ ...receipt, keys: receipt.keys.filter((key) => key.keyid !== keyid) }, receipts);
    }
    // Keys that nobody needs are no harm, nor is a key that stands twice.
    const more = [...receipt.keys, ...receipt.keys];
    expect(verifyReceipt({ ...receipt, keys: more }, receipts.trust()).attested).toBe(true);
  });

  it('INV-RECEIPT-DELEGATE: is refused when the delegation shown is of another key', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    for (const [i, key] of receipt.keys.entries()) {
      const other = receipt.keys[(i + 1) % 3] ?? key;
      const swapped = { ...key, delegate: other.delegate };
      refuses({ ...receipt, keys: receipt.keys.with(i, swapped) }, receipts);
      const leaf = { ...key, stateProof: other.stateProof };
      refuses({ ...receipt, keys: receipt.keys.with(i, leaf) }, receipts);
    }
  });

  it.each<[string, Partial<KeyValue>]>([
    ['an earlier beginning', { firstIndex: 2 }],
    ['more kinds', { kinds: ['context', 'audit', 'acl'] }],
    ['kinds that read alike', { kinds: ['context', 'audit,x'] as unknown as KeyValue['kinds'] }],
    ['other namespaces', { namespaces: ['files'] }],
    ['an expiry of its own', { notAfter: author.time + 1 }],
    ['another public key', { spki: base64(author.signer('evil').spki) }],
    ['a field of its own', { note: 1 } as Partial<KeyValue>],
  ])(
    'INV-RECEIPT-DELEGATE: is refused when its leaf and its delegation differ: %s',
    async (_name, fields) => {
      const receipts = await founded();
      const { keyid } = author.signer('retriever');
      const firstIndex = receipts.replica.lookup('key', keyid)?.firstIndex ?? 0;
      plantKey(receipts, 'retriever', 'retriever', { firstIndex, ...fields });
      await receipts.replica.seal();
      const receipt = edited(await receipts.receipt(), ({ keys }) => {
        const key = keys.find((each) => each.keyid === keyid);
        if (key !== undefined) key.delegate = receipts.logged(firstIndex - 1);
      });
      refuses(receipt, receipts);
      const without = { ...receipt, attest: null };
      expect(verifyReceipt(without, receipts.trust()).proved).toBe(true);
    },
  );

  it('INV-RECEIPT-KEY: is refused in another role', async () => {
    const receipts = await founded();
    for (const by of ['ingest', 'sequencer', 'acl', 'indexer']) {
      refuses(await receipts.receipt({ by }), receipts);
    }
    await receipts.publish('b', { by: 'acl' });
    receipts.plantLive('b');
    await receipts.replica.seal();
    refuses(await receipts.receipt({ shown: [['b', 0]] }), receipts);
    receipts.replica.entries.push(await receipts.replica.stateEntry(author.time, 'acl'));
    refuses(await receipts.receipt(), receipts);
  });

  it('INV-RECEIPT-KEY: is refused for a kind that its delegation left out', async () => {
    const receipts = await founded();
    receipts.replica.accept(await author.delegate('auditor', 'retriever', { kinds: ['audit'] }));
    await receipts.replica.seal();
    refuses(await receipts.receipt({ by: 'auditor' }), receipts);
  });

  it('INV-RECEIPT-KEY: is refused for what it signed before its time or after its end', async () => {
    const receipts = await founded();
    await receipts.publish('early', { by: 'ingest-2' });
    receipts.replica.accept(await author.delegate('ingest-2', 'ingest'));
    await receipts.publish('in time', { by: 'ingest-2' });
    receipts.replica.accept(
      await author.revoke('ingest-2', receipts.replica.next, { reason: 'retired' }),
    );
    await receipts.publish('late', { by: 'ingest-2' });
    for (const uri of ['early', 'late']) receipts.plantLive(uri);
    await receipts.replica.seal();
    const shown = (uri: string): Promise<Receipt> => receipts.receipt({ shown: [[uri, 0]] });
    expect(verifyReceipt(await shown('in time'), receipts.trust()).proved).toBe(true);
    for (const uri of ['early', 'late']) refuses(await shown(uri), receipts);
  });

  it('INV-RECEIPT-KEY: of retriever and sequencer must be live at the head', async () => {
    const receipts = await founded();
    const { replica } = receipts;
    replica.accept(await author.revoke('retriever', replica.next, { reason: 'retired' }));
    await replica.seal();
    refuses(await receipts.receipt(), receipts);
    expect(verifyReceipt(await receipts.receipt({ attest: null }), receipts.trust()).proved).toBe(
      true,
    );
    replica.accept(await author.revoke('sequencer', replica.next, { reason: 'retired' }));
    replica.append(await replica.stateEntry());
    refuses(await receipts.receipt({ attest: null }), receipts);
  });

  it('INV-RECEIPT-KEY: is refused for a document whose ingest key was revoked from before it', async () => {
    const receipts = await founded();
    receipts.replica.accept(await author.revoke('ingest', 0));
    receipts.plantLive('a');
    await receipts.replica.seal();
    refuses(await receipts.receipt(), receipts);
  });

  it('INV-RECEIPT-SIGNATURE: is refused when it has not signed', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    const attest = base64(unsigned(Buffer.from(receipt.attest ?? '', 'base64')));
    refuses({ ...receipt, attest }, receipts);
    const { replica } = receipts;
    replica.entries[replica.next - 1] = unsigned(replica.entries.at(-1) ?? new Uint8Array(0));
    refuses(await receipts.receipt(), receipts);
  });

  it('INV-RECEIPT-SIGNATURE: is refused when its leaf holds bytes that are no key', async () => {
    const receipts = await founded();
    const spki = base64(new Uint8Array(44));
    receipts.replica.append(
      await author.delegate('broken', 'retriever', { spki, keyid: author.signer('broken').keyid }),
    );
    plantKey(receipts, 'broken', 'retriever', { spki, firstIndex: receipts.replica.next });
    await receipts.replica.seal();
    refuses(await receipts.receipt({ by: 'broken' }), receipts);
  });
});

describe('a chain of root keys', () => {
  /** A retriever that a chain of delegated root keys leads to. */
  async function underRoots(length: number): Promise<ReceiptAuthor> {
    const receipts = await founded();
    const names = ['root', ...Array.from({ length }, (_, i) => `root ${i + 1}`)];
    for (const [i, name] of names.entries()) {
      if (i > 0) receipts.replica.accept(await author.delegate(name, 'root', {}, names[i - 1]));
    }
    receipts.replica.accept(await author.delegate('late', 'retriever', {}, names.at(-1)));
    await receipts.replica.seal();
    return receipts;
  }

  it.each([0, 1, 2, 3, 4])('of %d delegated keys leads to a signer', async (length) => {
    const receipts = await underRoots(length);
    const receipt = await receipts.receipt({ by: 'late' });
    expect(receipt.keys).toHaveLength(3 + length);
    expect(verifyReceipt(receipt, receipts.trust()).attested).toBe(true);
    for (const key of receipt.keys) {
      refuses({ ...receipt, keys: receipt.keys.filter((each) => each !== key) }, receipts);
    }
  });

  it('INV-RECEIPT-ROOT: of five delegated keys is refused', async () => {
    const receipts = await underRoots(5);
    refuses(await receipts.receipt({ by: 'late' }), receipts);
  });

  it('leads on though a key in it was retired after it had delegated', async () => {
    const receipts = await underRoots(2);
    const { replica } = receipts;
    replica.accept(await author.revoke('root 2', replica.next, { reason: 'retired' }));
    await replica.seal();
    const receipt = await receipts.receipt({ by: 'late' });
    expect(verifyReceipt(receipt, receipts.trust()).attested).toBe(true);
  });

  it.each<[string, Role]>([
    ['acl', 'acl'],
    ['evil', 'root'],
    ['evil', 'retriever'],
  ])('INV-RECEIPT-ROOT: is refused when it begins at %s, called %s', async (by, role) => {
    const receipts = await founded();
    const { replica } = receipts;
    replica.append(await author.delegate('evil', role, {}, by));
    plantKey(receipts, 'evil', role, { firstIndex: replica.next });
    replica.append(await author.delegate('late', 'retriever', {}, 'evil'));
    plantKey(receipts, 'late', 'retriever', { firstIndex: replica.next });
    await replica.seal();
    refuses(await receipts.receipt({ by: 'late' }), receipts);
    refuses(await receipts.receipt({ by: 'evil' }), receipts);
  });

  it('INV-RECEIPT-ROOT: is refused when its delegations go round in a circle', async () => {
    const receipts = await founded();
    const { replica } = receipts;
    for (const [name, by] of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      replica.append(await author.delegate(name, 'root', {}, by));
      plantKey(receipts, name, 'root', { firstIndex: replica.next });
    }
    replica.append(await author.delegate('late', 'retriever', {}, 'two'));
    plantKey(receipts, 'late', 'retriever', { firstIndex: replica.next });
    await replica.seal();
    refuses(await receipts.receipt({ by: 'late' }), receipts);
  });

  it('INV-RECEIPT-ROOT: is refused when the trusted root key is another one', async () => {
    const receipts = await founded();
    const receipt = await receipts.receipt();
    const trust = receipts.trust();
    const other = new LogAuthor('other').signer('root');
    const rootKey = { ...trust.rootKey, keyid: other.keyid };
    expectRefusal(() => verifyReceipt(receipt, { ...trust, rootKey }), 'RECEIPT_INVALID');
  });

  it('INV-RECEIPT-ROOT: is refused with a delegation that the root key is named for and has not signed', async () => {
    const receipts = await founded();
    const { replica } = receipts;
    replica.append(unsigned(await author.delegate('evil', 'retriever')));
    plantKey(receipts, 'evil', 'retriever', { firstIndex: replica.next });
    await replica.seal();
    refuses(await receipts.receipt({ by: 'evil' }), receipts);
  });
});
