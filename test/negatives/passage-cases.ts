// SPDX-License-Identifier: Apache-2.0
// Passages that are not current, not of the document, or not what was signed; attestations of something else.
import { hex, utf8 } from '../../src/core/index.ts';
import { type ChunkLeaf, textCommit } from '../../src/provenance/chunk-tree.ts';
import type { Receipt, ReceiptPassage } from '../../src/provenance/receipt.ts';
import { type DocValue, stateValueHash } from '../../src/provenance/state.ts';
import { digestOf } from '../support/log-author.ts';
import { CALLER, type ReceiptAuthor, type ReceiptOptions } from '../support/receipt-author.ts';
import type { NegativeLog } from './cases.ts';

const HASH = digestOf('other');
const LEAF = ['INV-RECEIPT-LEAF', 'a state proof does not hold'] as const;
const CURRENT = ['INV-RECEIPT-CURRENT', 'a passage is not of the current version'] as const;
const CHUNK = ['INV-RECEIPT-CHUNK', 'a chunk is not in the signed tree'] as const;
const TEXT = ['INV-RECEIPT-TEXT', 'the text of a passage is not the signed one'] as const;
const LOGGED = ['INV-RECEIPT-INCLUSION', 'an entry is not in the log'] as const;
const ATTEST = ['INV-RECEIPT-ATTEST', 'the attestation is of another answer'] as const;
const OPENED = ['INV-RECEIPT-CALLER', 'the caller is not the attested one'] as const;
type Expected = readonly [check: string, reason: string];

/** Adds every case of a wrong passage, chunk, attestation or caller. */
export async function passageCases(log: NegativeLog): Promise<void> {
  const first = (
    name: string,
    [check, reason]: Expected,
    edit: (passage: ReceiptPassage) => void,
  ): void =>
    log.edit(name, check, reason, ({ passages: [passage] }) => {
      if (passage !== undefined) edit(passage);
    });
  const [, b] = log.receipt.passages as [ReceiptPassage, ReceiptPassage];
  const lie = { ...log.receipts.replica.doc('a'), aclDigest: HASH };
  first('passage-not-in-the-log', LOGGED, (passage) => (passage.proof[0] = HASH));
  first('passage-at-another-index', LOGGED, (passage) => (passage.index += 1));
  first('passage-hash-left-over', LOGGED, (passage) => passage.proof.push(HASH));
  first('leaf-value-altered', LEAF, ({ stateProof }) => (stateProof.value = lie));
  first('leaf-value-and-hash-altered', LEAF, ({ stateProof }) => {
    Object.assign(stateProof, { value: lie, valueHash: hex(stateValueHash('doc', lie)) });
  });
  first('leaf-sibling-altered', LEAF, ({ stateProof }) => {
    stateProof.path = stateProof.path.with(0, [stateProof.path[0]?.[0] ?? 0, HASH]);
  });
  first(
    'leaf-step-missing',
    LEAF,
    ({ stateProof }) => (stateProof.path = stateProof.path.slice(1)),
  );
  first(
    'leaf-steps-reversed',
    LEAF,
    ({ stateProof }) => (stateProof.path = stateProof.path.toReversed()),
  );
  first('leaf-under-another-key', LEAF, ({ stateProof }) => (stateProof.key32 = HASH));
  first('leaf-of-another-document', LEAF, (passage) => (passage.stateProof = b.stateProof));
  chunkCases(first, b);
  await staleCases(log);
  await attestCases(log);
}

function chunkCases(
  first: (name: string, expected: Expected, edit: (passage: ReceiptPassage) => void) => void,
  b: ReceiptPassage,
): void {
  first('chunk-of-another-document', CHUNK, (passage) => (passage.chunk = b.chunk));
  first('chunk-at-another-place', CHUNK, ({ chunk }) => (chunk.i = 1));
  first('chunk-count-altered', CHUNK, ({ chunk }) => (chunk.leafFields.n += 1));
  first('chunk-range-moved', CHUNK, ({ chunk: { leafFields } }) => {
    Object.assign(leafFields, { start: leafFields.start + 1, end: leafFields.end + 1 });
  });
  first(
    'chunk-vector-commitment-altered',
    CHUNK,
    ({ chunk }) => (chunk.leafFields.vecCommit = HASH),
  );
  first('chunk-text-commitment-altered', CHUNK, ({ chunk }) => {
    chunk.openT = HASH;
    chunk.leafFields.textCommit = hex(textCommit(Buffer.from(HASH, 'hex'), utf8(chunk.text)));
  });
  first('chunk-headings-altered', CHUNK, ({ chunk }) => {
    chunk.leafFields.meta = { headings: ['Approved'], page: 1, pos: null };
  });
  first('chunk-hash-altered', CHUNK, ({ chunk }) => (chunk.proof[0] = HASH));
  first('chunk-hash-missing', CHUNK, ({ chunk }) => (chunk.proof = chunk.proof.slice(1)));
  first('chunk-hash-left-over', CHUNK, ({ chunk }) => chunk.proof.push(HASH));
  first(
    'text-word-exchanged',
    TEXT,
    ({ chunk }) => (chunk.text = chunk.text.replace('rule', 'lure')),
  );
  first('text-normalised', TEXT, ({ chunk }) => (chunk.text = chunk.text.normalize('NFD')));
  first('text-cut-short', TEXT, ({ chunk }) => (chunk.text = chunk.text.slice(0, -2)));
  first('text-empty', TEXT, ({ chunk }) => (chunk.text = ''));
  first('text-opening-altered', TEXT, ({ chunk }) => (chunk.openT = HASH));
}

/** Documents of which the log says something else than the receipt. */
async function staleCases(log: NegativeLog): Promise<void> {
  const story = async (
    name: string,
    [check, reason]: Expected,
    tell: (receipts: ReceiptAuthor) => Promise<ReceiptOptions | Receipt>,
  ): Promise<void> => {
    const receipts = await log.world();
    const told = await tell(receipts);
    if ('v' in told) {
      log.whole(name, told, check, reason);
      return;
    }
    await receipts.replica.seal();
    log.whole(name, await receipts.receipt(told), check, reason);
  };
  const planted = (name: string, fields: Partial<DocValue>): Promise<void> =>
    story(name, CURRENT, (receipts) => {
      receipts.plant({ kind: 'doc', value: { ...receipts.replica.doc('a'), ...fields } });
      return Promise.resolve({});
    });
  await planted('document-deleted', { status: 'tombstone' });
  await planted('document-erased', { status: 'shredded' });
  await planted('document-distrusted', { status: 'distrusted' });
  await planted('document-at-another-entry', { entry: 3 });
  await planted('document-of-another-statement', { entryLeafHash: HASH });
  await planted('document-of-another-version', { version: 2 });
  await story('document-of-another-name', CURRENT, async (receipts) => {
    const { author, replica } = receipts;
    // The statement speaks of one document and puts itself under the state key of another.
    await receipts.publish('c', { fields: { stateKey: author.docKey('d') } });
    receipts.plantLive('c');
    const value = { ...replica.doc('c'), docId: author.docId('d') };
    receipts.plant({ kind: 'doc', value });
    await replica.seal();
    const receipt = await receipts.receipt({ shown: [['c', 0]], attest: null });
    const [passage] = receipt.passages as [ReceiptPassage];
    const stateProof = receipts.stateProof('doc', value.docId);
    return { ...receipt, passages: [{ ...passage, stateProof }] };
  });
  await story('document-superseded', CURRENT, async (receipts) => {
    const before = await receipts.receipt({ attest: null });
    await receipts.publish('a');
    await receipts.replica.seal();
    const now = await receipts.receipt({ attest: null });
    const [old, current] = [before.passages[0], now.passages[0]] as [
      ReceiptPassage,
      ReceiptPassage,
    ];
    const { proof } = receipts.logged(old.index);
    return { ...now, passages: [{ ...old, proof, stateProof: current.stateProof }] };
  });
  await story(
    'document-expired',
    ['INV-RECEIPT-EXPIRED', 'a passage had expired'],
    async (receipts) => {
      await receipts.publish('c', { fields: { validUntil: log.author.time } });
      return { shown: [['c', 0]] };
    },
  );
  await story('chunks-counted-wrong', CHUNK, async (receipts) => {
    await receipts.publish('c', { fields: { chunks: 4 } });
    return { shown: [['c', 0]] };
  });
  await story('text-longer-than-signed', TEXT, async (receipts) => {
    const shorter = (own: readonly ChunkLeaf[]): ChunkLeaf[] =>
      own.map((leaf, i) => (i === 2 ? { ...leaf, start: leaf.start + 1 } : leaf));
    await receipts.publish('c', { leaves: shorter });
    return { shown: [['c', 2]] };
  });
}

async function attestCases(log: NegativeLog): Promise<void> {
  const { receipts, author, receipt } = log;
  const shown = [['a', 0] as const, ['b', 2] as const];
  const attested = async (
    name: string,
    [check, reason]: Expected,
    options: ReceiptOptions,
  ): Promise<void> => {
    const { attest, keys } = await receipts.receipt({ shown, ...options });
    log.whole(
      `attest-${name}`,
      { ...receipt, attest, keys: [...keys, ...receipt.keys] },
      check,
      reason,
    );
  };
  const { size, root } = receipts.head();
  const head = { origin: author.log, size, root: hex(root) };
  await attested('of-an-older-head', ATTEST, { attest: { head: { ...head, size: size - 1 } } });
  await attested('of-another-root', ATTEST, { attest: { head: { ...head, root: HASH } } });
  await attested('of-a-passage-less', ATTEST, { shown: shown.slice(1) });
  await attested('of-a-passage-more', ATTEST, { shown: [...shown, ['a', 1]] });
  await attested('in-another-order', ATTEST, { shown: shown.toReversed() });
  await attested('of-other-permissions', ATTEST, { attest: { aclDigests: [HASH] } });
  const valid = ['INV-RECEIPT-KEY', 'a signing key was not valid for what it signed'] as const;
  await attested('by-an-ingest-key', valid, { by: 'ingest' });
  log.edit(
    'attest-of-another-kind',
    null,
    'the receipt holds something else than a context statement',
    (copy) => {
      copy.attest = copy.state.entry;
    },
  );
  const caller = (name: string, fields: Partial<typeof CALLER>): void =>
    log.edit(`caller-${name}`, ...OPENED, (copy) => (copy.caller = { ...CALLER, ...fields }));
  caller('of-another-name', { principal: 'corp.mallory' });
  caller('of-another-question', { query: 'which rule' });
  caller('of-another-nonce', { nonce: HASH });
}
