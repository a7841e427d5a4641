// SPDX-License-Identifier: Apache-2.0
import { fail, isDocId, need } from '../core/index.ts';
import { decodeVector, type QuantisedVector } from '../provenance/index.ts';
import { bagsOf } from './bags.ts';
import type { PreparedDocument } from './class-block.ts';
import type { DocumentName, PassageDocument, SearchRequest } from './port.ts';

/** Chunks of one document, as the formats limit them. */
const MAX_CHUNKS = 2 ** 20;
/** Highest class number: four bytes hold it. */
const MAX_CLASS_NO = 2 ** 32 - 1;
/** UTF-16 code units of a source name and of a title. */
const MAX_NAME_UNITS = 65536;
const LEAF_HASH = /^[0-9a-f]{64}$/;

/**
 * Checks a document and counts its words.
 * @throws {USAGE} for malformed fields, {VECTOR_INVALID} for malformed vector bytes
 */
export function prepare(document: PassageDocument, dims: number): PreparedDocument {
  const { docId, leafHash, classNo, name, rows } = document;
  checkClassNo(classNo);
  if (!isDocId(docId)) throw fail('USAGE', 'a document of the index has no document id');
  if (!LEAF_HASH.test(leafHash)) throw fail('USAGE', 'a document of the index has no leaf hash');
  if (!isName(name)) throw fail('USAGE', 'the name of a document is malformed or too long');
  if (rows.length === 0) throw fail('USAGE', 'a document of the index has no rows');
  let previous = -1;
  for (const { i, vector } of rows) {
    if (!Number.isSafeInteger(i) || i <= previous || i >= MAX_CHUNKS) {
      throw fail('USAGE', 'the chunk numbers of a document do not ascend', { i });
    }
    decodeVector(vector, dims);
    previous = i;
  }
  const bags = bagsOf({ name, rows: rows.map(({ text }) => text) });
  return {
    docId,
    leafHash,
    name: { sourceUri: name.sourceUri, title: name.title },
    rows: bags.map((bag, at) => {
      const { i, vector } = rows[at] as (typeof rows)[number];
      return { i, vector, bag };
    }),
  };
}

/** @throws {USAGE} for anything but an integer of 32 bits */
export function checkClassNo(classNo: number): void {
  if (!Number.isSafeInteger(classNo) || classNo < 0 || classNo > MAX_CLASS_NO) {
    throw fail('USAGE', 'this is no class number', { classNo });
  }
}

/**
 * A class named twice would count its rows twice, and an unsorted list is none that an access decision gave.
 * @throws {USAGE} unless the numbers ascend strictly
 */
export function checkClasses(classes: readonly number[]): void {
  classes.forEach(checkClassNo);
  const ascend = classes.every((classNo, at) => at === 0 || classNo > (classes[at - 1] as number));
  need('INV-SEARCH-CLASSES', ascend, 'USAGE', 'the classes of a search do not ascend');
}

/**
 * Classes and vector of a search, copied before they are checked: what the caller changes later must not change whose
 * rows are read.
 * @throws {USAGE} as {@link checkClasses}, {VECTOR_INVALID} for another dimension or a scale that is none
 */
export function checkedSearch(
  request: Pick<SearchRequest, 'classes' | 'vector'>,
  dims: number,
): { readonly classes: readonly number[]; readonly vector: QuantisedVector } {
  const classes = [...request.classes];
  checkClasses(classes);
  const { scale, q } = { scale: request.vector.scale, q: request.vector.q.slice() };
  const usable = q.length === dims && Number.isFinite(scale) && scale > 0;
  need('INV-SEARCH-VECTOR', usable, 'VECTOR_INVALID', 'the vector of a query is malformed');
  return { classes, vector: { scale, q } };
}

function isName({ sourceUri, title }: DocumentName): boolean {
  return isText(sourceUri) && (title === null || isText(title));
}

/** Canonical JSON, in which names are stored, knows no lone surrogates. */
function isText(text: string): boolean {
  return text.length <= MAX_NAME_UNITS && text.isWellFormed();
}
