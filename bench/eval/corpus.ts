// SPDX-License-Identifier: Apache-2.0
// Folders of real documents, parsed and cut by the product's own loaders and chunker.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { fail, isStrongroomError } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';
import { type Chunk, chunkDocument, type ChunkOptions } from '../../src/ingest/chunk/index.ts';
import { loaderFor, type ParsedDocument } from '../../src/ingest/parse/index.ts';
import { embedDocument, type TrialDocument } from './trial-index.ts';

/** A document of a folder with its chunks. */
export interface CorpusDocument extends TrialDocument {
  readonly chunks: readonly Chunk[];
}

/**
 * Parses, cuts and embeds every file below a folder that a loader reads; others are passed over.
 * @throws {SOURCE_MISSING} when the folder cannot be read or holds no such file
 */
export async function readCorpus(
  folder: string,
  embedder: Embedder,
  options: ChunkOptions = {},
): Promise<CorpusDocument[]> {
  const documents: CorpusDocument[] = [];
  for (const file of await filesBelow(folder)) {
    const bytes = new Uint8Array(await readFile(path.join(folder, file)));
    const parsed = await parsedOrNull(file, bytes);
    if (parsed === null) continue;
    const chunks = await chunkDocument(parsed, options);
    const rows = chunks.map(({ headings, text }) => ({ headings, body: text }));
    const document = await embedDocument(embedder, {
      id: file,
      sourceUri: file,
      title: parsed.title,
      rows,
    });
    documents.push({ ...document, chunks });
  }
  if (documents.length === 0) throw fail('SOURCE_MISSING', 'the folder holds no document');
  return documents;
}

async function parsedOrNull(uri: string, bytes: Uint8Array): Promise<ParsedDocument | null> {
  try {
    return (await loaderFor({ uri, bytes })?.parse({ uri, bytes })) ?? null;
  } catch (error) {
    if (isStrongroomError(error)) return null;
    throw error;
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .map((file) => file.replaceAll(path.sep, '/'))
      .sort();
  } catch (error) {
    throw fail('SOURCE_MISSING', 'the folder of documents cannot be read', {}, error);
  }
}

/**
 * The rows of a CSV file by the names in its first line.
 * @throws {SOURCE_MISSING} when it cannot be read, {SOURCE_MALFORMED} when it is no CSV or lacks a column
 */
export async function readTable(
  file: string,
  columns: readonly string[],
): Promise<Record<string, string>[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw fail('SOURCE_MISSING', 'the file of questions cannot be read', {}, error);
  }
  let rows: Record<string, string>[];
  try {
    rows = parse<Record<string, string>>(Buffer.from(bytes), { columns: true, bom: true });
  } catch (error) {
    throw fail('SOURCE_MALFORMED', 'the file of questions is no CSV', {}, error);
  }
  const [first = {}] = rows;
  const missing = columns.find((column) => !Object.hasOwn(first, column));
  if (missing !== undefined) {
    throw fail('SOURCE_MALFORMED', `the file of questions has no column ${missing}`);
  }
  return rows;
}
