// SPDX-License-Identifier: Apache-2.0
// Does the index give passages back? A search engine that silently leaves rows out makes no false answer, only a poorer
// one, so it is asked for rows that are known to be there.
import { type Hex, isStrongroomError, type Random, readU32 } from '../core/index.ts';
import type { SearchIndex } from '../index/index.ts';
import { decodeVector, type DocValue, type Ledger, similarity } from '../provenance/index.ts';
import type { ProvenDocuments } from '../retrieve/index.ts';

/** What a probe works with. */
export interface ProbeOptions {
  readonly ledger: Ledger;
  readonly documents: ProvenDocuments;
  readonly index: SearchIndex;
  readonly random: Random;
}

/** A row that the index did not give back. */
export interface MissingRow {
  readonly docId: string;
  readonly leafHash: Hex;
  readonly chunk: number;
}

/** What a probe found. If a share f of all rows is left out, s samples notice it with probability 1 - (1 - f)^s. */
export interface ProbeReport {
  readonly samples: number;
  readonly missing: readonly MissingRow[];
}

/** Candidates taken at a time while rows of the same score are passed over. */
const STEP = 16;

/**
 * Asks the index for randomly chosen rows by their own signed vectors, each in its own class: a row must come before all
 * that are less similar to it than itself. A document that cannot be proven is passed over: others tell of it.
 * @param samples how many rows to ask for
 */
export async function probeIndex(options: ProbeOptions, samples: number): Promise<ProbeReport> {
  const { ledger, documents, random } = options;
  const live = [...ledger.documents()].filter((doc) => doc.status === 'live');
  const missing: MissingRow[] = [];
  let asked = 0;
  for (let i = 0; live.length > 0 && i < samples; i++) {
    const doc = live[readU32(random.bytes(4), 0) % live.length] as DocValue;
    const chunk = readU32(random.bytes(4), 0) % doc.chunks;
    const vector = await provenVector(documents, doc, chunk);
    if (vector === null) continue;
    asked += 1;
    if (await isGivenBack(options, doc, { chunk, vector })) continue;
    missing.push({ docId: doc.docId, leafHash: doc.entryLeafHash, chunk });
  }
  return { samples: asked, missing };
}

async function provenVector(
  documents: ProvenDocuments,
  doc: DocValue,
  chunk: number,
): Promise<Uint8Array | null> {
  try {
    const vectors = await (await documents.open(doc)).vectors();
    return vectors[chunk] as Uint8Array;
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return null;
  }
}

async function isGivenBack(
  { ledger, index }: ProbeOptions,
  doc: DocValue,
  row: { readonly chunk: number; readonly vector: Uint8Array },
): Promise<boolean> {
  const classNo = ledger.lookup('acl', doc.aclDigest)?.classNo;
  if (classNo === undefined) return false;
  const vector = decodeVector(row.vector, index.dims);
  const request = { classes: [classNo], text: '', vector, mode: 'vector', exact: true } as const;
  const cursor = index.search(request);
  // Not the best score: a row that is longer by a hair may come before an identical direction.
  const own = similarity(vector, vector);
  for (;;) {
    const found = await cursor.next(STEP);
    if (found.length === 0) return false;
    for (const { leafHash, i, score } of found) {
      if (score < own) return false;
      if (leafHash === doc.entryLeafHash && i === row.chunk) return true;
    }
  }
}
