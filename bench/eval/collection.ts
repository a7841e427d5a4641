// SPDX-License-Identifier: Apache-2.0
// Test collections in the layout of BEIR: corpus.jsonl, queries.jsonl, qrels/*.tsv.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../src/core/index.ts';
import type { Judgements } from './metrics.ts';

const documentLine = z.object({ _id: z.string(), title: z.string().default(''), text: z.string() });
const queryLine = z.object({ _id: z.string(), text: z.string() });

/** A document of a collection. */
export interface CollectionDocument {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** A query with the judgements that its answers are measured by. */
export interface JudgedQuery {
  readonly id: string;
  readonly text: string;
  readonly judged: Judgements;
}

/** Documents, and the queries for which some document was judged relevant. */
export interface Collection {
  readonly documents: readonly CollectionDocument[];
  readonly queries: readonly JudgedQuery[];
}

/**
 * Reads a collection. All files of `qrels` count together; queries without a relevant document are left out.
 * @throws {SOURCE_MISSING} when a file is missing, {SOURCE_MALFORMED} when a line is not what the layout says
 */
export async function readCollection(directory: string): Promise<Collection> {
  const documents = await readJsonLines(directory, 'corpus.jsonl', documentLine);
  const queries = await readJsonLines(directory, 'queries.jsonl', queryLine);
  const judgements = await readJudgements(directory);
  return {
    documents: documents.map(({ _id, title, text }) => ({ id: _id, title, text })),
    queries: queries
      .map(({ _id, text }) => ({ id: _id, text, judged: judgements.get(_id) ?? new Map() }))
      .filter(({ judged }) => [...judged.values()].some((grade) => grade > 0)),
  };
}

async function readJsonLines<T>(
  directory: string,
  file: string,
  schema: z.ZodType<T>,
): Promise<T[]> {
  const lines = await readLines(directory, file);
  return lines.map((text, at) => {
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) throw malformed(file, at);
    return parsed.data;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readJudgements(directory: string): Promise<Map<string, Map<string, number>>> {
  const files = (await filesOf(join(directory, 'qrels'))).filter((file) => file.endsWith('.tsv'));
  if (files.length === 0) throw fail('SOURCE_MISSING', 'the collection has no qrels');
  const judgements = new Map<string, Map<string, number>>();
  for (const file of files.sort()) {
    const [, ...lines] = await readLines(join(directory, 'qrels'), file);
    lines.forEach((line, at) => {
      const [query, document, grade, ...rest] = line.split('\t');
      const value = Number(grade);
      if (query === undefined || document === undefined || grade === undefined) {
        throw malformed(file, at + 1);
      }
      if (rest.length > 0 || grade.trim() === '' || !Number.isInteger(value)) {
        throw malformed(file, at + 1);
      }
      const judged = judgements.get(query) ?? new Map<string, number>();
      judgements.set(query, judged.set(document, value));
    });
  }
  return judgements;
}

async function filesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw fail('SOURCE_MISSING', 'the collection has no qrels', {}, error);
  }
}

/** Lines that are not empty. */
async function readLines(directory: string, file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(join(directory, file), 'utf8');
  } catch (error) {
    throw fail('SOURCE_MISSING', `the collection has no readable ${file}`, { file }, error);
  }
  return text.split(/\r?\n/).filter((line) => line !== '');
}

function malformed(file: string, at: number): Error {
  return fail('SOURCE_MALFORMED', `${file} is malformed`, { file, line: at + 1 });
}
