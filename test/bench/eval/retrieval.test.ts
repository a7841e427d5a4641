// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Collection, readCollection } from '../../../bench/eval/collection.ts';
import { evaluate, prepare, type Scores, split } from '../../../bench/eval/evaluate.ts';
import { SPREADS, underPermissions } from '../../../bench/eval/permissions.ts';
import { bootstrap } from '../../../bench/eval/statistics.ts';
import { hashEmbedder, staticEmbedder } from '../../../src/embed/index.ts';
import { hasShared, reasonIfAbsent, sharedPath } from '../../support/shared-vectors.ts';
import { expectRejection } from '../../support/tampering.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ENTRY = path.resolve(import.meta.dirname, '../../../bench/eval/retrieval.ts');

/** A collection of three documents in a new folder; a file may be given other content or, with null, be left out. */
async function collection(change: Record<string, string | null> = {}): Promise<string> {
  const folder = temporaryFolder();
  await mkdir(path.join(folder, 'qrels'));
  const files: Record<string, string | null> = {
    'corpus.jsonl':
      '{"_id":"a","title":"Keys","text":"wrap data keys"}\n{"_id":"b","text":"audit log"}\n' +
      '{"_id":"c","title":"","text":"tide tables"}\n',
    'queries.jsonl':
      '{"_id":"1","text":"wrapping keys"}\n{"_id":"2","text":"tides"}\n{"_id":"3","text":"log"}\n',
    'qrels/test.tsv': 'query-id\tcorpus-id\tscore\n1\ta\t2\n2\tc\t1\n2\tb\t1\n3\tb\t0\n',
    ...change,
  };
  for (const [file, content] of Object.entries(files)) {
    if (content !== null) await writeFile(path.join(folder, file), content);
  }
  return folder;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [ENTRY, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('a collection', () => {
  it('is read without the queries for which nothing is relevant', async () => {
    const { documents, queries } = await readCollection(await collection());
    expect(documents.map(({ id, title }) => [id, title])).toEqual([
      ['a', 'Keys'],
      ['b', ''],
      ['c', ''],
    ]);
    expect(queries.map(({ id, judged }) => [id, [...judged]])).toEqual([
      ['1', [['a', 2]]],
      [
        '2',
        [
          ['c', 1],
          ['b', 1],
        ],
      ],
    ]);
  });

  it.each([
    ['corpus.jsonl', null],
    ['queries.jsonl', null],
    ['qrels/test.tsv', null],
  ])('without %s is refused', async (file, content) => {
    await expectRejection(readCollection(await collection({ [file]: content })), 'SOURCE_MISSING');
  });

  it.each([
    ['corpus.jsonl', '{"_id":"a"}'],
    ['corpus.jsonl', 'not json'],
    ['queries.jsonl', '{"_id":1,"text":"a"}'],
    ['qrels/test.tsv', 'head\n1\ta'],
    ['qrels/test.tsv', 'head\n1\ta\tgood'],
    ['qrels/test.tsv', 'head\n1\ta\t1\t1'],
    ['qrels/test.tsv', 'head\n1\ta\t '],
  ])('with %s holding %j is refused', async (file, content) => {
    const folder = await collection({ [file]: content });
    await expectRejection(readCollection(folder), 'SOURCE_MALFORMED');
  });
});

describe('the evaluation', () => {
  it('scores the documents that the index finds', async () => {
    const evaluation = await evaluate(await readCollection(await collection()), hashEmbedder());
    expect(evaluation).toMatchObject({ documents: 3, rows: 3, queries: 2 });
    const found = 1 / (1 + 0.6309297535714575);
    const { ndcg10, recall10, recall100, mrr10 } = evaluation.modes.bm25 as Scores;
    expect(ndcg10.mean).toBeCloseTo((1 + found) / 2, 12);
    expect([recall10.mean, recall100.mean]).toEqual([0.75, 0.75]);
    expect(mrr10).toEqual({ mean: 1, low: 1, high: 1 });
    expect(Object.keys(evaluation.modes)).toEqual(['hybrid', 'vector', 'bm25']);
  });

  it('cuts long texts into rows of about equal length', () => {
    const words = Array.from({ length: 600 }, (_, at) => `w${at}`);
    const rows = split(words.join(' '));
    expect(rows.map((row) => row.split(' ').length)).toEqual([200, 200, 200]);
    expect(rows.join(' ')).toBe(words.join(' '));
    expect(split('')).toEqual(['']);
  });
});

describe('the evaluation under permissions', () => {
  /** 60 documents about six things, each asked for by its own words. */
  const topics = ['keys', 'audit', 'tides', 'cheese', 'rockets', 'grammar'];
  const made: Collection = {
    documents: Array.from({ length: 60 }, (_, at) => ({
      id: `d${at}`,
      title: topics[at % 6] as string,
      text: `${topics[at % 6]} number${at} with other words of ${topics[(at + 1) % 6]}`,
    })),
    queries: Array.from({ length: 12 }, (_, at) => ({
      id: `q${at}`,
      text: `number${at * 5} ${topics[(at * 5) % 6]}`,
      judged: new Map([[`d${at * 5}`, 1]]),
    })),
  };

  it.each(SPREADS)(
    'finds what an index of the own documents finds, in %s classes',
    async (spread) => {
      const embedder = hashEmbedder();
      const outcome = underPermissions(await prepare(made, embedder), embedder, { spread });
      expect(outcome.different).toBe(0);
      // Callers who may not read the relevant document are not asked that query.
      expect(outcome.queries).toBeGreaterThan(10);
      expect(outcome.queries).toBeLessThan(outcome.callers * 12);
      expect(outcome.modes.bm25?.mrr10.mean).toBe(1);
    },
  );
});

describe('bootstrap intervals', () => {
  it('hold the mean, repeat, and are narrower for more values', () => {
    const values = Array.from({ length: 20 }, (_, at) => at / 19);
    const few = bootstrap(values);
    const many = bootstrap(Array.from({ length: 50 }, () => values).flat());
    expect(bootstrap(values)).toEqual(few);
    expect(few.mean).toBeCloseTo(0.5, 12);
    expect(few.low).toBeLessThan(0.5);
    expect(few.high).toBeGreaterThan(0.5);
    expect((few.high - few.low) / (many.high - many.low)).toBeGreaterThan(5);
    expect(bootstrap([])).toEqual({ mean: 0, low: 0, high: 0 });
  });
});

describe.skipIf(!hasShared('data/ir'))(
  `hybrid search with the built-in embedders${reasonIfAbsent('data/ir')}`,
  () => {
    it.each([
      ['cranfield', 0.39, 0.36],
      ['medline', 0.72, 0.69],
    ])('is better than words alone on %s', async (name, hybridAtLeast, wordsAtLeast) => {
      const read = await readCollection(sharedPath(`data/ir/${name}`));
      const hashed = (await evaluate(read, hashEmbedder(), ['hybrid', 'bm25'])).modes;
      const words = hashed.bm25?.ndcg10.mean ?? 0;
      const weak = hashed.hybrid?.ndcg10.mean ?? 0;
      expect(words).toBeGreaterThan(wordsAtLeast);
      expect(weak).toBeGreaterThanOrEqual(words);
      const { hybrid } = (await evaluate(read, staticEmbedder(), ['hybrid'])).modes;
      expect(hybrid?.ndcg10.mean).toBeGreaterThan(hybridAtLeast);
      expect(hybrid?.ndcg10.mean).toBeGreaterThan(weak + 0.01);
    });
  },
);

describe('eval:retrieval', () => {
  it('prints one line of JSON', async () => {
    const { code, stdout, stderr } = await run(await collection(), '--json', '--mode', 'bm25');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      documents: 3,
      embedder: 'strongroom-static-256-v1',
      modes: { bm25: { mrr10: { mean: 1 } } },
      hybridGain: null,
    });
    expect(stdout.trimEnd()).not.toContain('\n');
  });

  it('prints a table for people', async () => {
    const { code, stdout } = await run(await collection());
    expect(code).toBe(0);
    expect(stdout).toContain('3 documents, 3 rows, 2 queries');
    for (const word of ['hybrid', 'vector', 'bm25', 'nDCG@10', 'recall@100', 'MRR@10']) {
      expect(stdout).toContain(word);
    }
  });

  it('measures callers who may read a part', async () => {
    const { code, stdout } = await run(await collection(), '--permissions', '--json');
    expect(code).toBe(0);
    const { permissions } = JSON.parse(stdout) as { permissions: { different: number }[] };
    expect(permissions.map(({ different }) => different)).toEqual([0, 0]);
  });

  it('explains itself', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--mode');
  });

  it.each([
    [2, []],
    [2, ['a', '--mode', 'magic']],
    [2, ['a', '--tier', 'magic']],
    [2, ['a', 'b']],
    [1, ['no-such-folder']],
  ])('ends with %i for %j', async (expected, args) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).not.toBe('');
  });
});
