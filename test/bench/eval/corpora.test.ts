// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateQuestions } from '../../../bench/eval/questions.ts';
import { evaluateSpans, overlap } from '../../../bench/eval/spans.ts';
import { hashEmbedder, staticEmbedder } from '../../../src/embed/index.ts';
import { hasShared, reasonIfAbsent, sharedPath } from '../../support/shared-vectors.ts';
import { expectRejection } from '../../support/tampering.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const embedder = hashEmbedder();

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = temporaryFolder();
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
  return folder;
}

const QUESTIONS = `Question,Document_True
"How are keys, once wrapped, rotated?",guide/keys.md
Where is the tide table?,guide/tides.md
What is nowhere?,guide/missing.md
`;

const handbook = (questions = QUESTIONS): Promise<string> =>
  folderOf({
    'docs/guide/source/keys.md': '# Keys\n\nWrapped keys are rotated every year.',
    'docs/guide/source/tides.md': '# Tides\n\nThe table of tides hangs at the pier.',
    'docs/other/keys.md': '# Music\n\nThe keys of a piano are black and white.',
    'docs/picture.png': 'no document',
    'questions.csv': questions,
  });

function run(script: string, ...args: readonly string[]): Promise<{ code: number; out: string }> {
  const entry = path.resolve('bench/eval', script);
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), out: stdout + stderr });
    });
  });
}

describe('questions about a folder', () => {
  it('count when their document is there, by the names of file and folders', async () => {
    const folder = await handbook();
    const place = { folder: path.join(folder, 'docs'), file: path.join(folder, 'questions.csv') };
    const evaluation = await evaluateQuestions(place, embedder);
    expect(evaluation).toMatchObject({ documents: 3, questions: 2, unanswerable: 1 });
    expect(evaluation.modes.bm25).toMatchObject({ recall1: { mean: 1 }, missed: [] });
  });

  it.each([
    ['SOURCE_MALFORMED', 'Question,Answer\na,b\n'],
    ['SOURCE_MALFORMED', 'Question,Document_True\n"a,b\n'],
  ] as const)('are refused with %s', async (code, questions) => {
    const folder = await handbook(questions);
    const place = { folder: path.join(folder, 'docs'), file: path.join(folder, 'questions.csv') };
    await expectRejection(evaluateQuestions(place, embedder), code);
  });

  it('are asked on the command line', async () => {
    const folder = await handbook();
    const args = [path.join(folder, 'docs'), path.join(folder, 'questions.csv')];
    const table = await run('qa.ts', ...args);
    expect(table.code).toBe(0);
    expect(table.out).toContain('2 questions, 1 more without their document');
    const json = await run('qa.ts', ...args, '--json', '--mode', 'bm25', '--tier', 'hash');
    expect(Object.keys((JSON.parse(json.out) as { modes: object }).modes)).toEqual(['bm25']);
    expect(await run('qa.ts', path.join(folder, 'no'), args[1] as string)).toMatchObject({
      code: 1,
    });
    expect(await run('qa.ts')).toMatchObject({ code: 2 });
  });
});

describe('what is retrieved against what answers', () => {
  const range = (start: number, end: number) => ({ start, end });

  it('counts bytes once in the answer and as often as they are read', () => {
    const answer = { file: 'a', ranges: [range(10, 20), range(15, 30)] };
    const found = [
      { file: 'a', range: range(0, 20) },
      { file: 'a', range: range(10, 20) },
      { file: 'b', range: range(0, 10) },
    ];
    expect(overlap(found, answer)).toEqual({ recall: 0.5, precision: 10 / 40, iou: 10 / 40 });
    expect(overlap([], answer)).toEqual({ recall: 0, precision: 0, iou: 0 });
  });

  it('is measured in bytes of the file, for offsets in characters', async () => {
    const text = '# Küche\n\nDer Käse liegt dort.\n\n# Bad\n\nDie Seife liegt hier.';
    const at = text.indexOf('Die Seife');
    const references = JSON.stringify([{ start_index: at, end_index: text.length }]);
    const folder = await folderOf({
      'corpora/house.md': text,
      'questions_df.csv': `question,references,corpus_id\nSeife,"${references.replaceAll('"', '""')}",house\n`,
    });
    const { recall, precision } = await evaluateSpans(folder, embedder, { k: 1 });
    expect(recall.mean).toBe(1);
    expect(precision.mean).toBeGreaterThan(0.7);
    const table = await run('chunking.ts', folder, '--target', '20', '--overlap', '5', '-k', '2');
    expect(table).toMatchObject({ code: 0 });
    expect(table.out).toContain('1 questions, 2 passages');
  });

  it.each(['not json', '[{"start_index":0,"end_index":9999}]'])(
    'is refused with references %s',
    async (references) => {
      const folder = await folderOf({
        'corpora/house.md': 'Text.',
        'questions_df.csv': `question,references,corpus_id\na,"${references.replaceAll('"', '""')}",house\n`,
      });
      await expectRejection(evaluateSpans(folder, embedder), 'SOURCE_MALFORMED');
    },
  );
});

describe.skipIf(!hasShared('data/chunking-eval'))(
  `chunks of the default size${reasonIfAbsent('data/chunking-eval')}`,
  () => {
    it('hold most of what answers questions about long texts', async () => {
      const folder =
        'data/chunking-eval/chunking_evaluation/evaluation_framework/general_evaluation_data';
      const { questions, recall, precision } = await evaluateSpans(
        sharedPath(folder),
        staticEmbedder(),
      );
      expect(questions).toBe(472);
      expect(recall.mean).toBeGreaterThan(0.7);
      expect(precision.mean).toBeGreaterThan(0.05);
    });
  },
);
