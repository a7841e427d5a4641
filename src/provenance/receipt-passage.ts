// SPDX-License-Identifier: Apache-2.0
// One passage of a receipt: signed statement, current leaf, chunk of the signed tree, text.
import { documentUrn, type Hex, hex, need, utf8 } from '../core/index.ts';
import { type ChunkLeaf, type ChunkMeta, encodeLeaf, textCommit } from './chunk-tree.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import type { ReceiptPassage } from './receipt.ts';
import { bytesOf, hashes, openLeaf, openLogged, type ReceiptCheck } from './receipt-open.ts';
import { checkSigner } from './receipt-signers.ts';
import { type StatementOf, tenantOfLog } from './statement.ts';

/** One passage whose proof holds. */
export interface ProvenPassage {
  readonly docId: string;
  readonly version: number;
  readonly chunk: number;
  readonly chunks: number;
  readonly aclDigest: Hex;
  readonly signer: Hex;
  readonly index: number;
  readonly text: string;
}

/** Opens a passage and checks everything that its proof says, at the head whose state was signed at `stateTime`. */
export function openPassage(
  check: ReceiptCheck,
  passage: ReceiptPassage,
  stateTime: number,
): ProvenPassage {
  const logged = { entry: passage.statement, index: passage.index, proof: passage.proof };
  const entry = openLogged(logged, check.head, 'ingest');
  const { statement } = entry;
  const { namespace } = statement.predicate.source;
  const at = { role: 'ingest', kind: 'ingest', index: passage.index, namespace } as const;
  checkSigner(check, entry.keyid, at, entry.verify);
  const doc = openLeaf(check, passage.stateProof, 'doc', statement.predicate.stateKey);
  const isCurrent =
    doc.status === 'live' &&
    doc.version === statement.predicate.version &&
    doc.entry === passage.index &&
    doc.entryLeafHash === hex(leafHash(entry.bytes)) &&
    statement.subject.name === documentUrn(tenantOfLog(check.trust.log), doc.docId, doc.version);
  need(
    'INV-RECEIPT-CURRENT',
    isCurrent,
    'RECEIPT_INVALID',
    'a passage is not of the current version',
  );
  const unexpired = doc.validUntil === null || doc.validUntil > stateTime;
  need('INV-RECEIPT-EXPIRED', unexpired, 'RECEIPT_INVALID', 'a passage had expired');
  checkChunk(passage, statement);
  return {
    docId: doc.docId,
    version: doc.version,
    chunk: passage.chunk.i,
    chunks: statement.predicate.chunks,
    aclDigest: doc.aclDigest,
    signer: entry.keyid,
    index: passage.index,
    text: passage.chunk.text,
  };
}

function checkChunk(passage: ReceiptPassage, statement: StatementOf<'ingest'>): void {
  const { chunk } = passage;
  const { n, start, end, meta } = chunk.leafFields;
  const leaf: ChunkLeaf = {
    i: chunk.i,
    n,
    start,
    end,
    textCommit: bytesOf(chunk.leafFields.textCommit),
    vecCommit: bytesOf(chunk.leafFields.vecCommit),
    meta: meta as ChunkMeta,
  };
  const root = bytesOf(statement.subject.digest['srChunkTreeV1'] ?? '');
  const at = { index: chunk.i, size: n };
  const proven =
    n === statement.predicate.chunks &&
    verifyInclusion(leafHash(encodeLeaf(leaf)), at, hashes(chunk.proof), root);
  need('INV-RECEIPT-CHUNK', proven, 'RECEIPT_INVALID', 'a chunk is not in the signed tree');
  const text = utf8(chunk.text);
  const opens =
    text.length === end - start &&
    hex(textCommit(bytesOf(chunk.openT), text)) === chunk.leafFields.textCommit;
  need('INV-RECEIPT-TEXT', opens, 'RECEIPT_INVALID', 'the text of a passage is not the signed one');
}
