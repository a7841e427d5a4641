// SPDX-License-Identifier: Apache-2.0
// Keys that are not shown, not delegated, not valid, or have not signed.
import { base64, fromUtf8, jcsBytes, logOrigin } from '../../src/core/index.ts';
import { type Role, ROLE_KINDS } from '../../src/provenance/roles.ts';
import type { KeyValue } from '../../src/provenance/state.ts';
import type { ReceiptAuthor, ReceiptOptions } from '../support/receipt-author.ts';
import type { NegativeLog } from './cases.ts';

const LACKS = 'the receipt lacks the proof of a signing key';
const DELEGATED = 'a signing key is not the delegated one';
const VALID = 'a signing key was not valid for what it signed';
const ROOT = 'a delegation is not signed by the trusted root key';
const SIGNED = 'a signature does not hold';

/** The same entry with a signature that nobody made. */
function unsigned(entry: Uint8Array): Uint8Array {
  const envelope = JSON.parse(fromUtf8(entry)) as { signatures: [{ sig: string }] };
  envelope.signatures[0].sig = base64(new Uint8Array(64));
  return jcsBytes(envelope);
}

/** Adds every case of a wrong signer. */
export async function signerCases(log: NegativeLog): Promise<void> {
  const { author, receipt } = log;
  const keyOf = (name: string): number =>
    receipt.keys.findIndex(({ keyid }) => keyid === author.signer(name).keyid);
  for (const name of ['sequencer', 'ingest', 'retriever']) {
    log.edit(
      `key-of-${name}-missing`,
      null,
      LACKS,
      (copy) => void copy.keys.splice(keyOf(name), 1),
    );
  }
  log.edit('key-chain-broken', 'INV-RECEIPT-ROOT', ROOT, (copy) => {
    copy.keys.splice(keyOf('second root'), 1);
  });
  log.edit('key-delegation-of-another', 'INV-RECEIPT-DELEGATE', DELEGATED, ({ keys }) => {
    const [one, other] = [keys[keyOf('sequencer')], keys[keyOf('ingest')]];
    if (one !== undefined && other !== undefined) one.delegate = other.delegate;
  });
  log.edit('key-leaf-of-another', 'INV-RECEIPT-DELEGATE', DELEGATED, ({ keys }) => {
    const [one, other] = [keys[keyOf('sequencer')], keys[keyOf('ingest')]];
    if (one !== undefined && other !== undefined) one.stateProof = other.stateProof;
  });
  log.edit('key-leaf-altered', 'INV-RECEIPT-LEAF', 'a state proof does not hold', ({ keys }) => {
    const key = keys[keyOf('ingest')];
    if (key !== undefined) key.stateProof.value = { ...key.stateProof.value, reason: 'x' };
  });
  log.edit(
    'key-delegation-not-in-the-log',
    'INV-RECEIPT-INCLUSION',
    'an entry is not in the log',
    ({ keys }) => {
      const key = keys[keyOf('ingest')];
      if (key !== undefined) key.delegate.index += 1;
    },
  );
  await dishonestKeys(log);
  await dishonestRoots(log);
}

/** Plants the leaf of a key as if the log had delegated it. */
function plantKey(
  receipts: ReceiptAuthor,
  name: string,
  role: Role,
  fields: Partial<KeyValue>,
): void {
  const { keyid, spki } = receipts.author.signer(name);
  const window = { namespaces: null, firstIndex: 1, endIndex: null, notAfter: null, reason: null };
  const value = { keyid, spki: base64(spki), role, kinds: ROLE_KINDS[role], ...window, ...fields };
  receipts.plant({ kind: 'key', value });
}

async function dishonestKeys(log: NegativeLog): Promise<void> {
  const { author } = log;
  const story = async (
    name: string,
    [check, reason]: readonly [string, string],
    tell: (receipts: ReceiptAuthor) => Promise<ReceiptOptions>,
  ): Promise<void> => {
    const receipts = await log.world();
    const options = await tell(receipts);
    await receipts.replica.seal();
    log.whole(`key-${name}`, await receipts.receipt(options), check, reason);
  };
  const key = ['INV-RECEIPT-KEY', VALID] as const;
  await story('of-another-role', key, async (receipts) => {
    await receipts.publish('c', { by: 'acl' });
    receipts.plantLive('c');
    return { shown: [['c', 0]] };
  });
  await story('without-the-kind', key, async ({ replica }) => {
    replica.accept(await author.delegate('auditor', 'retriever', { kinds: ['audit'] }));
    return { by: 'auditor' };
  });
  await story('revoked-from-before', key, async (receipts) => {
    receipts.replica.accept(await author.revoke('ingest', 0));
    receipts.plantLive('a');
    return {};
  });
  await story('before-its-time', key, async (receipts) => {
    await receipts.publish('c', { by: 'late ingest' });
    receipts.replica.accept(await author.delegate('late ingest', 'ingest'));
    receipts.plantLive('c');
    return { shown: [['c', 0]] };
  });
  await story('beyond-its-namespaces', key, async (receipts) => {
    const source = { kind: 'file', namespace: 'files', seq: null };
    const scope = { namespaces: ['mail'] };
    receipts.replica.accept(await author.delegate('mail ingest', 'ingest', scope));
    await receipts.publish('c', { by: 'mail ingest', fields: { source } });
    receipts.plantLive('c');
    return { shown: [['c', 0]] };
  });
  await story('of-retriever-retired', key, async ({ replica }) => {
    replica.accept(await author.revoke('retriever', replica.next, { reason: 'retired' }));
    return {};
  });
  await story('with-another-public-key', ['INV-RECEIPT-DELEGATE', DELEGATED], async (receipts) => {
    const { keyid } = author.signer('retriever');
    const firstIndex = receipts.replica.lookup('key', keyid)?.firstIndex ?? 0;
    plantKey(receipts, 'retriever', 'retriever', {
      firstIndex,
      spki: base64(author.signer('evil').spki),
    });
    return Promise.resolve({});
  });
  await story('that-has-not-signed', ['INV-RECEIPT-SIGNATURE', SIGNED], async (receipts) => {
    const { replica } = receipts;
    await receipts.publish('c');
    const forged = unsigned(replica.entries.at(-1) ?? new Uint8Array(0));
    replica.entries[replica.next - 1] = forged;
    receipts.reSign('c', forged);
    receipts.plantLive('c');
    return { shown: [['c', 0]] };
  });
  const other = logOrigin('ab'.repeat(16), 'acme');
  await story(
    'signed-for-another-log',
    ['INV-RECEIPT-LOG', 'an entry was made for another log'],
    async (receipts) => {
      await receipts.publish('c', { fields: { log: other } });
      receipts.plantLive('c');
      return { shown: [['c', 0]] };
    },
  );
}

async function dishonestRoots(log: NegativeLog): Promise<void> {
  const { author } = log;
  const chain = async (length: number): Promise<ReceiptAuthor> => {
    const receipts = await log.world();
    for (let i = 1; i <= length; i++) {
      const by = i === 1 ? 'root' : `root ${i - 1}`;
      receipts.replica.accept(await author.delegate(`root ${i}`, 'root', {}, by));
    }
    receipts.replica.accept(await author.delegate('last', 'retriever', {}, `root ${length}`));
    await receipts.replica.seal();
    return receipts;
  };
  log.whole(
    'root-chain-of-five',
    await (await chain(5)).receipt({ by: 'last' }),
    'INV-RECEIPT-ROOT',
    ROOT,
  );
  const story = async (
    name: string,
    by: string,
    sign: (entry: Uint8Array) => Uint8Array,
  ): Promise<void> => {
    const receipts = await log.world();
    const { replica } = receipts;
    replica.append(sign(await author.delegate('evil', 'retriever', {}, by)));
    plantKey(receipts, 'evil', 'retriever', { firstIndex: replica.next });
    await replica.seal();
    log.whole(`root-${name}`, await receipts.receipt({ by: 'evil' }), 'INV-RECEIPT-ROOT', ROOT);
  };
  await story('of-nobody', 'evil', (entry) => entry);
  await story('that-is-no-root-key', 'acl', (entry) => entry);
  await story('that-has-not-signed', 'root', unsigned);
}
