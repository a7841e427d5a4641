// SPDX-License-Identifier: Apache-2.0
// What the index in OpenSearch promises, on a real server: no influence of rows that a caller may not read, the rankings of
// the embedded home, full answers, never a forbidden row.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hashEmbedder } from '../../src/embed/index.ts';
import {
  type Candidate,
  MemoryIndex,
  type PassageDocument,
  type PassageIndex,
  type SearchMode,
  type SearchRequest,
} from '../../src/index/index.ts';
import { encodeVector, quantise } from '../../src/provenance/index.ts';
import { DIMS, documentOf, longDocument, rowOf, textOf, vectorOf } from '../index/corpus.ts';
import { IndexWorld, PLAIN } from '../support/opensearch-world.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { hasShared, sharedPath } from '../support/shared-vectors.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
const PAIRS = 10_000;
const AT_ONCE = 24;

if (PLAIN === undefined) {
  describe('the promises of the index in OpenSearch', () => {
    it.skip('does not run: STRONGROOM_TEST_OPENSEARCH names no server', () => undefined);
  });
} else {
  suite();
}

function suite(): void {
  const world = new IndexWorld();
  afterAll(() => world.close());

  async function drain(index: PassageIndex, request: SearchRequest): Promise<Candidate[]> {
    const cursor = index.search(request);
    const all: Candidate[] = [];
    for (;;) {
      const found = await cursor.next(50);
      if (found.length === 0) return all;
      all.push(...found);
    }
  }

  const idOf = ({ leafHash, i }: Candidate): string => `${leafHash}/${i}`;

  describe('the index in OpenSearch', () => {
    it.each([
      ['scored exactly', {}],
      ['found by a rough score', { exactPostings: 0 }],
    ])('gives the same to the last bit with and without forbidden rows, %s', async (_, changes) => {
      const mine = [0, 1, 2].map((no) =>
        longDocument(new SeededRandom(`mine ${no}`), {
          name: `mine ${no}`,
          classNo: no * 2,
          rows: 90,
        }),
      );
      const foreign = [0, 1, 2, 3].map((no) =>
        longDocument(new SeededRandom(`foreign ${no}`), {
          name: `foreign ${no}`,
          classNo: no * 2 + 1,
          rows: 400,
        }),
      );
      const [alone, crowded] = [await world.open(changes), await world.open(changes)];
      for (const document of mine) await alone.add(document);
      // Among each other, so that segments and the order of rows differ too.
      for (const [at, document] of foreign.entries()) {
        await crowded.add(document);
        const own = mine[at];
        if (own !== undefined) await crowded.add(own);
        await crowded.refresh();
      }
      for (const text of [
        'grant term1 term2 s3:GetObject',
        'policy',
        'the key of the audit trail',
      ]) {
        for (const mode of MODES) {
          const vector = vectorOf([1, -2, 0, 1]);
          const request = { classes: [0, 2, 4], text, vector, mode };
          const [one, other] = [alone, crowded].map((index) => index.search(request));
          expect(await other!.next(60)).toEqual(await one!.next(60));
          expect(other!.explanation).toEqual(one!.explanation);
          expect(await drain(crowded, request)).toEqual(await drain(alone, request));
        }
      }
    });

    it.skipIf(!hasShared(HANDBOOK))(
      'ranks a handbook as the embedded home does (skipped without the shared corpus)',
      async () => {
        const embedder = hashEmbedder();
        const { dims, space } = embedder.identity;
        const engine = await world.open({ dims, space });
        const memory = new MemoryIndex({ dims, space });
        const all = await handbook(embedder);
        for (const document of all) memory.add(document);
        await Promise.all(all.map((document) => engine.add(document)));
        const random = new SeededRandom('handbook');
        let [overlap, asked] = [0, 0];
        for (const text of QUESTIONS) {
          const classes = [0, 1, 2, 3, 4, 5, 6].filter(() => random.below(3) > 0);
          const vector = quantise(await embedder.embedQuery(text));
          for (const mode of MODES) {
            const request = { classes, text, vector, mode };
            const [here, there] = [engine, memory].map((index) => index.search(request).next(100));
            const scores = new Map((await there!).map((hit) => [idOf(hit), hit.score]));
            for (const hit of await here!) {
              const score = scores.get(idOf(hit));
              if (score === undefined) continue;
              if (mode === 'bm25') expect(hit.score).toBe(Math.fround(score));
              else if (mode === 'vector') expect(hit.score).toBe(score);
              else expect(hit.score).toBeCloseTo(score, 6);
            }
            const first = new Set((await there!).slice(0, 10).map(idOf));
            const common = (await here!).slice(0, 10).filter((hit) => first.has(idOf(hit)));
            overlap += first.size === 0 ? 1 : common.length / first.size;
            asked += 1;
          }
        }
        expect(overlap / asked).toBeGreaterThanOrEqual(0.95);
      },
    );

    it(
      `gives ${PAIRS} callers full answers and not one forbidden row`,
      { timeout: 600_000 },
      async () => {
        const random = new SeededRandom('pairs');
        const index = await world.open();
        const classOf = new Map<string, number>();
        const rowsIn = new Map<number, number>();
        const all = Array.from({ length: 1500 }, (_, at) => {
          const classNo = Math.floor(random.below(40) * (random.below(10) / 9));
          const body = textOf(Array.from({ length: 4 }, () => random.below(15)));
          const vector = Array.from({ length: DIMS }, () => random.below(15) - 7);
          return documentOf(`pair ${at}`, classNo, [rowOf(0, body, vector)]);
        });
        for (const { leafHash, classNo } of all) {
          classOf.set(leafHash, classNo);
          rowsIn.set(classNo, (rowsIn.get(classNo) ?? 0) + 1);
        }
        await Promise.all(all.map((document) => index.add(document)));
        const callers = Array.from({ length: 250 }, () =>
          Array.from({ length: 40 }, (_, n) => n).filter(() => random.below(4) === 0),
        );
        let [forbidden, short, answered] = [0, 0, 0];
        const ask = async (): Promise<void> => {
          const classes = callers[random.below(callers.length)]!;
          const text = textOf([random.below(15), random.below(15)]);
          const vector = vectorOf([random.below(9) - 4, random.below(9) - 4, 1, random.below(5)]);
          const found = await index.search({ classes, text, vector }).next(10);
          const allowed = new Set(classes);
          forbidden += found.filter((hit) => !allowed.has(classOf.get(hit.leafHash) ?? -1)).length;
          const readable = classes.reduce((sum, classNo) => sum + (rowsIn.get(classNo) ?? 0), 0);
          if (found.length < Math.min(10, readable)) short += 1;
          answered += 1;
        };
        const worker = async (): Promise<void> => {
          while (answered + AT_ONCE <= PAIRS) await ask();
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
        while (answered < PAIRS) await ask();
        expect({ answered, forbidden, short }).toEqual({ answered: PAIRS, forbidden: 0, short: 0 });
      },
    );

    it('follows the graph above some rows, and still gives full answers of the right classes', async () => {
      const index = await world.open({ exactRows: 100 });
      const mine = longDocument(new SeededRandom('g1'), { name: 'g1', classNo: 1, rows: 300 });
      const other = longDocument(new SeededRandom('g2'), { name: 'g2', classNo: 2, rows: 900 });
      for (const document of [other, mine]) await index.add(document);
      for (const mode of MODES) {
        const request = { classes: [1], text: 'grant', vector: vectorOf([1, 0, 2, 1]), mode };
        const cursor = index.search(request);
        const found = await cursor.next(60);
        expect(found).toHaveLength(60);
        expect(new Set(found.map(({ leafHash }) => leafHash))).toEqual(new Set([mine.leafHash]));
        expect(cursor.explanation.plan).toBe(mode === 'bm25' ? 'none' : 'graph');
        if (mode !== 'bm25') expect(await drain(index, request)).toHaveLength(300);
      }
    });

    it('takes class lists of any length', async () => {
      const index = await world.open();
      const at = [3, 700, 65_536, 70_001, 2 ** 31 - 1];
      for (const classNo of at)
        await index.add(documentOf(`c ${classNo}`, classNo, [rowOf(0, 'grant', [1])]));
      for (const step of [1, 7]) {
        const many = Array.from({ length: 100_000 }, (_, n) => n * step);
        const classes = [...many, 2 ** 31 - 1];
        const found = await drain(index, { classes, text: 'grant', vector: vectorOf([1]) });
        const expected = at.filter((classNo) => classes.includes(classNo));
        expect(found.map(({ classNo }) => classNo).sort((a, b) => a - b)).toEqual(expected);
      }
    });
  });
}

const HANDBOOK = 'data/corpus-18f-handbook/pages';
const QUESTIONS = [
  'how do I book travel',
  'parental leave policy',
  'what is a performance plan',
  'who approves overtime',
  'slack channels for new employees',
  'security clearance and background checks',
  'expense reimbursement receipts',
  'working remotely from another state',
  'how are teams organised',
  'holiday schedule and sick leave',
  'accessibility of documents',
  'retirement and health insurance benefits',
];

/** Pages cut into rows of 120 words, one class for each seventh page. */
async function handbook(embedder: ReturnType<typeof hashEmbedder>): Promise<PassageDocument[]> {
  const folder = sharedPath(HANDBOOK);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort();
  return Promise.all(
    files.map(async (name, at) => {
      const words = readFileSync(path.join(folder, name), 'utf8').split(/\s+/);
      const bodies = Array.from({ length: Math.ceil(words.length / 120) }, (_, n) =>
        words.slice(n * 120, n * 120 + 120).join(' '),
      );
      const vectors = await embedder.embedDocuments(bodies.map((body) => body || 'empty'));
      const rows = bodies.map((body, i) => ({
        i,
        vector: encodeVector(quantise(vectors[i]!)),
        text: { title: name, headings: [], body },
      }));
      return { ...documentOf(name, at % 7, []), rows };
    }),
  );
}
