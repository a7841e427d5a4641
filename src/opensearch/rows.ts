// SPDX-License-Identifier: Apache-2.0
// What the engine gets of a document: vectors, numbers, ids and blind tokens.
import { base64, fromHex } from '../core/index.ts';
import {
  type Bag,
  idOf,
  languageOfRows,
  occurrencesOf,
  type PassageDocument,
  prepare,
} from '../index/index.ts';
import { decodeVector } from '../provenance/index.ts';
import type { BlindTokens } from './blind-tokens.ts';
import type { NewRow } from './bulk-writer.ts';
import { classFilter } from './class-filter.ts';
import type { StoredRow } from './mapping.ts';

/** What rows are made with. */
export interface RowOptions {
  readonly tokens: BlindTokens;
  /** Size of the log. */
  readonly at: number;
}

/**
 * The rows of a document, each made when it is asked for.
 * @throws {USAGE} for malformed fields, {VECTOR_INVALID} for malformed vector bytes
 */
export function rowsOf(
  document: PassageDocument,
  dims: number,
  { tokens, at }: RowOptions,
): (() => NewRow)[] {
  const { docId, leafHash, rows } = prepare(document, dims);
  const cls = document.classNo;
  // A row that no filter could name must not get in.
  classFilter([cls]);
  const lang = languageOfRows(document.rows.map(({ text }) => text))?.code ?? 'en';
  const key = Buffer.from(fromHex(leafHash) as Uint8Array).toString('base64url');
  const shared = { cls, lang, doc: docId, leaf: leafHash, n: rows.length, at };
  return rows.map(({ i, vector, bag }, no) => () => {
    const { scale, q } = decodeVector(vector, dims);
    const source: StoredRow = {
      ...shared,
      w: blind(bag, tokens),
      v: [...q],
      s: scale,
      sv: base64(vector),
      len: bag.length,
      i,
      first: no === 0,
    };
    return { id: `${key}.${i}`, source };
  });
}

/** The tokens of a row in an order that tells nothing of the text. */
function blind({ lexicon, entries }: Bag, tokens: BlindTokens): string {
  const words: string[] = [];
  for (const entry of entries) {
    const token = tokens.of(lexicon[idOf(entry)] as string);
    for (let n = occurrencesOf(entry); n > 0; n--) words.push(token);
  }
  return words.sort().join(' ');
}
