// SPDX-License-Identifier: Apache-2.0
// What is handed out and received: receipts, state proofs, trust files.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fromHex, jcsBytes, parseJcs } from '../../../src/core/index.ts';
import { parseReceipt } from '../../../src/provenance/receipt.ts';
import { trustFromGenesis, verifyReceipt } from '../../../src/provenance/receipt-verify.ts';
import {
  trieLeaves,
  trieProve,
  type TrieProof,
  verifyTrieProof,
} from '../../../src/provenance/trie.ts';
import { parseTrust } from '../../../src/provenance/trust.ts';
import { decodeVector, encodeVector } from '../../../src/provenance/vector.ts';
import { decodeState, encodeState } from '../../../src/vault/state-snapshot.ts';
import { LogAuthor } from '../../../test/support/log-author.ts';
import { ReceiptAuthor } from '../../../test/support/receipt-author.ts';
import type { Target } from '../engine.ts';
import { ROOT } from '../runtime.ts';
import { promise, promiseSame, target } from './shared.ts';

const receipts = await ReceiptAuthor.founded(new LogAuthor('fuzz receipts'));
const first = receipts.head();
await receipts.publish('b');
await receipts.replica.seal();
const trust = receipts.trust(first);
// A second root key, and signers that it has delegated.
const { author, replica } = receipts;
replica.accept(await author.delegate('second root', 'root'));
replica.accept(await author.delegate('other ingest', 'ingest', {}, 'second root'));
replica.accept(await author.delegate('other retriever', 'retriever', {}, 'second root'));
await receipts.publish('c', { by: 'other ingest', fields: { validUntil: author.time + 1000 } });
await replica.seal();
const chained = await receipts.receipt({ shown: [['c', 1]], by: 'other retriever' });
const full = await receipts.receipt({
  shown: [
    ['a', 0],
    ['b', 2],
  ],
  since: first.size,
});
const bare = await receipts.receipt({ attest: null });
const { trie } = receipts.replica.state;
const leaves = [...trieLeaves(trie)];
const wanted = leaves[0]?.key ?? new Uint8Array(32);
const absent = Uint8Array.from(wanted, (byte) => byte ^ 0x55);
const root = fromHex(receipts.replica.root) ?? new Uint8Array(32);
const folder = path.join(ROOT, 'test/negatives/receipts');
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(folder, name)));
const NEGATIVES = readdirSync(folder)
  .filter((name) => name.endsWith('_fail.json'))
  .map(read);
const negativeTrust = parseTrust(read('trust.json'));
const now = receipts.trust(receipts.head());
const proven = new Set(
  [full, bare, chained].flatMap(({ passages }) => passages.map((p) => p.chunk.text)),
);

export const proofTargets: readonly Target[] = [
  target('state-proof', {
    form: 'json',
    seeds: [trieProve(trie, wanted), trieProve(trie, absent), null].map(jcsBytes),
    run: (input) => {
      const proof = parseJcs(input);
      if (proof !== null && !isProof(proof)) return;
      const verdicts = [wanted, absent].map((key) => verifyTrieProof(proof, key, root));
      promise(verdicts[0] !== 'absent', 'nobody proves a leaf away');
      promise(verdicts[1] !== 'present', 'nobody proves a leaf that is not there');
    },
  }),
  target('state-copy', {
    form: 'bytes',
    seeds: [encodeState(receipts.replica.state)],
    maxBytes: 16_384,
    run: (input) => decodeState(input),
  }),
  target('receipt', {
    form: 'json',
    maxBytes: 65_536,
    seeds: [...[full, bare, chained].map(jcsBytes), ...NEGATIVES],
    run: (input) => {
      const receipt = parseReceipt(input);
      if (receipt.origin === negativeTrust.log) {
        const holds = verifyReceipt(receipt, negativeTrust).passages.length;
        promise(
          holds >= 0 && !NEGATIVES.includes(input),
          'a receipt that must be refused is not proven',
        );
      }
      const used = [trust, now, receipts.trust()][input.length % 4];
      const { passages } = verifyReceipt(
        receipt,
        used ?? trustFromGenesis(receipt, trust.file.logVkey),
      );
      promise(
        passages.every(({ text }) => proven.has(text)),
        'a receipt proves signed text only',
      );
    },
  }),
  target('trust', {
    form: 'json',
    seeds: [trust.file, receipts.trust().file].map(jcsBytes),
    run: (input) => promiseSame(jcsBytes(parseTrust(input).file), input),
  }),
  target('vector', {
    form: 'bytes',
    seeds: [encodeVector({ scale: 0.5, q: Int8Array.of(1, -2, 3, -127) })],
    run: (input) => {
      const { scale, q } = decodeVector(input, 4);
      promise(scale > 0 && Number.isFinite(scale) && q.length === 4, 'a vector is finite');
      promiseSame(encodeVector({ scale, q }), input);
    },
  }),
];

/** What the schema of a receipt guarantees before a proof is looked at. */
function isProof(value: unknown): value is TrieProof {
  const { key32, valueHash, path } = value as Partial<Record<string, unknown>>;
  return (
    typeof key32 === 'string' &&
    typeof valueHash === 'string' &&
    Array.isArray(path) &&
    path.every((step) => Array.isArray(step) && step.length === 2 && typeof step[1] === 'string')
  );
}
