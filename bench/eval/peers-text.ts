// SPDX-License-Identifier: Apache-2.0
// Text search libraries on the same rows as ours: what users would otherwise take. They are installed beside this folder only
// when asked for; neither the product nor its tests know them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { placeWords } from '../../src/core/index.ts';
import type { TrialDocument } from './trial-index.ts';

const FOLDER = path.resolve(import.meta.dirname, '../peers/text');
const DEPTH = 100;

/** A library with documents in it. */
export interface TextPeer {
  readonly name: string;
  /** Ids of documents, each at the place of its best row. */
  readonly documents: (query: string) => string[];
}

interface Row {
  readonly id: string;
  readonly document: string;
  readonly title: string;
  readonly headings: string;
  readonly place: string;
  readonly body: string;
}

/** What is used of MiniSearch. */
interface MiniSearchModule {
  readonly default: new (options: object) => {
    addAll(rows: readonly Row[]): void;
    search(query: string): { readonly document: string }[];
  };
}

/** What is used of Orama. */
interface OramaModule {
  create(options: object): object;
  insertMultiple(index: object, rows: readonly Row[], batch: number): unknown;
  search(index: object, request: object): { readonly hits: readonly { readonly document: Row }[] };
}

/** Indexes documents with each library, title and headings weighted as ours weighs the title. */
export async function textPeers(documents: readonly TrialDocument[]): Promise<TextPeer[]> {
  install();
  const rows = documents.flatMap(({ id, sourceUri, title, rows: own }) =>
    own.map(({ headings, body }, at): Row => ({
      ...{ id: `${id}#${at}`, document: id, title: title ?? '', body },
      headings: headings.filter((heading) => heading !== title).join('\n'),
      place: placeWords(sourceUri),
    })),
  );
  return [await miniSearch(rows), await orama(rows)];
}

const FIELDS = ['title', 'headings', 'place', 'body'];
const BOOST = { title: 3 };

async function miniSearch(rows: readonly Row[]): Promise<TextPeer> {
  const { default: MiniSearch } = await load<MiniSearchModule>('minisearch');
  const index = new MiniSearch({
    fields: FIELDS,
    storeFields: ['document'],
    searchOptions: { boost: BOOST },
  });
  index.addAll(rows);
  return {
    name: 'MiniSearch 7.2.0',
    documents: (query) => distinct(index.search(query).map(({ document }) => document)),
  };
}

async function orama(rows: readonly Row[]): Promise<TextPeer> {
  const library = await load<OramaModule>('@orama/orama');
  const stemmers = await load<{ default: { stemmer: unknown } }>('@orama/stemmers/english');
  const { stemmer } = stemmers.default;
  const words = await load<{ default: { stopwords: unknown } }>('@orama/stopwords/english');
  const { stopwords: stopWords } = words.default;
  const schema = Object.fromEntries(
    ['document', ...FIELDS].map((field) => [field, 'string'] as const),
  );
  const tokenizer = { stemming: true, stemmer, stopWords, language: 'english' };
  const index = library.create({ schema, components: { tokenizer } });
  await library.insertMultiple(index, rows, 5000);
  return {
    name: 'Orama 3.1.18, stemming, stop words',
    documents: (term) => {
      const request = { term, properties: FIELDS, boost: BOOST, limit: 10 * DEPTH };
      return distinct(library.search(index, request).hits.map(({ document }) => document.document));
    },
  };
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)].slice(0, DEPTH);
}

function install(): void {
  if (existsSync(path.join(FOLDER, 'node_modules'))) return;
  process.stderr.write('Installing the libraries that are measured beside ours...\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: FOLDER,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm ci failed in bench/peers/text');
}

/** Resolved from the folder of the libraries, not from here. */
async function load<T>(name: string): Promise<T> {
  const { resolve } = createRequire(path.join(FOLDER, 'package.json'));
  return (await import(pathToFileURL(resolve(name)).href)) as T;
}
