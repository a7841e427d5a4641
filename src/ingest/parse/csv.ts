// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { fail } from '../../core/index.ts';
import type { Loader } from './document.ts';
import type { Draft } from './draft.ts';
import { beginReading } from './reading.ts';

const ID = 'csv@1';
const MAX_FIELDS = 4096;
/** UTF-16 units of one record. */
const MAX_RECORD = 2 ** 20;
const PIECE = 64 * 1024;

/** A record with the text that it was made of. */
interface Row {
  readonly record: readonly string[];
  readonly raw: string;
  readonly info: Info;
}

/**
 * Reads tables of comma- or tab-separated values (RFC 4180): each row becomes a record of `name: value` lines, the names
 * being the first row. Rows may be shorter or longer than it. A table of one row is that row.
 */
export const csvLoader: Loader = {
  id: ID,
  matches: (name) => ['csv', 'tsv', 'text/csv', 'text/tab-separated-values'].includes(name),
  async parse(source, options = {}) {
    const { text, draft, pace } = beginReading(source, options);
    let names: readonly string[] | null = null;
    let rows = 0;
    let at = 0;
    for await (const { record, raw } of rowsOf(text)) {
      const start = at;
      at += raw.length;
      if (record.length > MAX_FIELDS) throw fail('SOURCE_TOO_LARGE', 'a row has too many fields');
      if (names === null) names = record;
      else {
        rows += 1;
        writeRow(draft, { names, record, start, end: at });
      }
      if (pace.spend(raw.length)) await pace.rest();
    }
    if (rows === 0 && names !== null) {
      writeRow(draft, { names: [], record: names, start: 0, end: at });
    }
    pace.check();
    return draft.finish({ parser: ID, mediaType: 'text/csv' });
  },
};

function writeRow(
  draft: Draft,
  row: {
    readonly names: readonly string[];
    readonly record: readonly string[];
    readonly start: number;
    readonly end: number;
  },
): void {
  const lines = row.record.flatMap((value, field) => {
    const plain = value.replace(/\s+/g, ' ').trim();
    const name = (row.names[field] ?? '').replace(/\s+/g, ' ').trim();
    if (plain === '') return [];
    return [name === '' ? plain : `${name}: ${plain}`];
  });
  if (lines.length === 0) return;
  draft.open('record');
  draft.whole(lines.join('\n'), row.start, row.end);
}

async function* rowsOf(text: string): AsyncGenerator<Row> {
  const parser = parse({
    delimiter: delimiterOf(text),
    relax_column_count: true,
    skip_empty_lines: false,
    raw: true,
    info: true,
    max_record_size: MAX_RECORD,
  });
  const pieces = Readable.from(piecesOf(text));
  pieces.pipe(parser);
  try {
    yield* parser as AsyncIterable<Row>;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const isLarge = error.code === 'CSV_MAX_RECORD_SIZE';
    const line = Number(error['lines'] ?? 0);
    throw isLarge
      ? fail('SOURCE_TOO_LARGE', 'a row is larger than the limit', { line })
      : fail('SOURCE_MALFORMED', 'the quoting of a table is broken', { line });
  } finally {
    pieces.destroy();
    parser.destroy();
  }
}

function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    // A pair of surrogates must not be divided: the parser works on bytes.
    const high = (text.charCodeAt(at + PIECE - 1) & 0xfc00) === 0xd800;
    const end = at + PIECE + (high ? 1 : 0);
    yield text.slice(at, end);
    at = end;
  }
}

/** The one that the first line has most of. */
function delimiterOf(text: string): string {
  const [line = ''] = text.slice(0, PIECE).split(/\r?\n/, 1);
  const counted = [',', '\t', ';'].map((mark) => [line.split(mark).length, mark] as const);
  return counted.reduce((best, next) => (next[0] > best[0] ? next : best))[1];
}
