// SPDX-License-Identifier: Apache-2.0
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtInEmbedder, hashEmbedder, staticEmbedder } from '../../src/embed/index.ts';
import { STATIC_FILES } from '../../src/embed/static-model.ts';
import { expectRejection, flipBit } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeEmbedder, likeness } from './conformance.ts';

const MODEL = path.resolve('models/static-256');
const embedder = staticEmbedder();

/** A copy of the model in a folder of its own. */
async function copied(): Promise<string> {
  const folder = temporaryFolder();
  for (const file of Object.keys(STATIC_FILES)) {
    await copyFile(path.join(MODEL, file), path.join(folder, file));
  }
  return folder;
}

describeEmbedder('the static embedder', embedder, [
  '6d5a130e7e28df1b',
  '95ad82beb23bf449',
  'a32bbd16616beda2',
  'cc56c77a0a1dd55f',
  'c9d9bad2095bfe60',
]);

describe('the static embedder', () => {
  it('says what it is', () => {
    expect(embedder.identity).toEqual({
      space: 'sr/minilm-256/v1',
      model: {
        id: 'strongroom-static-256-v1',
        // A vault names this digest for ever: another one is another model and needs another id.
        sha256: 'b409b0218bab87466a5241193fe2b7a875acc71161c716d5a8fcf38c54c49040',
      },
      dims: 256,
      dtype: 'i8',
    });
  });

  it('sums the rows of the tokens', async () => {
    const table = new Int8Array((await readFile(path.join(MODEL, 'static-256.i8'))).buffer);
    const scales = new DataView((await readFile(path.join(MODEL, 'static-256.scale.f32'))).buffer);
    // "key" and "policy" by their numbers in the vocabulary.
    const rows = [3145, 3343];
    const vector = await embedder.embedQuery('Key policy');
    for (const at of [0, 1, 100, 255]) {
      const sum = rows.reduce(
        (s, row) => s + scales.getFloat32(row * 4, true) * (table[row * 256 + at] as number),
        0,
      );
      expect(vector[at]).toBeCloseTo(sum, 5);
    }
  });

  it('finds what means the same in other words', async () => {
    const question = 'how do I take time off work';
    const about = await likeness(
      embedder,
      question,
      'Employees request vacation leave from their manager.',
    );
    const beside = await likeness(
      embedder,
      question,
      'The compiler emits a warning for unused variables.',
    );
    expect(about).toBeGreaterThan(beside + 0.2);
  });

  it('reads 1,024 tokens of a text', async () => {
    const text = Array.from({ length: 1024 }, (_, at) => (at % 2 === 0 ? 'key' : 'policy')).join(
      ' ',
    );
    const [all, more] = await embedder.embedDocuments([text, `${text} tide`]);
    expect(more).toEqual(all);
  });
});

describe('the files of the model', () => {
  it.each(Object.keys(STATIC_FILES))(
    'INV-MODEL-DIGEST: %s with one bit turned over is refused',
    async (file) => {
      const folder = await copied();
      const bytes = new Uint8Array(await readFile(path.join(folder, file)));
      await writeFile(path.join(folder, file), flipBit(bytes, 8 * (bytes.length >> 1)));
      await expectRejection(staticEmbedder({ folder }).embedQuery('a'), 'MODEL_INVALID');
    },
  );

  it('are asked for when they are missing, and used when they have come', async () => {
    const folder = await copied();
    await rm(path.join(folder, 'vocab.txt'));
    const late = staticEmbedder({ folder });
    await expectRejection(late.embedQuery('a'), 'MODEL_MISSING');
    await copyFile(path.join(MODEL, 'vocab.txt'), path.join(folder, 'vocab.txt'));
    expect(await late.embedQuery('key')).toEqual(await embedder.embedQuery('key'));
  });

  it('are part of the package', async () => {
    const { files } = JSON.parse(await readFile('package.json', 'utf8')) as { files: string[] };
    expect(files).toContain('models/static-256');
    const card = await readFile(path.join(MODEL, 'README.md'), 'utf8');
    for (const [file, digest] of Object.entries(STATIC_FILES)) {
      expect(card).toContain(`\`${file}\``);
      expect(card).toContain(digest);
    }
  });
});

describe('a vault made for a built-in model', () => {
  it('gets that model back', () => {
    const id = (model: string) => builtInEmbedder([{ id: model }])?.identity.model.id ?? null;
    const all = [embedder, hashEmbedder()].map(({ identity }) => identity.model.id);
    expect(all.map(id)).toEqual(all);
    expect(id('another-model')).toBeNull();
  });
});
