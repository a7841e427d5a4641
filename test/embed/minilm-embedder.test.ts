// SPDX-License-Identifier: Apache-2.0
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Embedder,
  minilmEmbedder,
  missingForMinilm,
  mixedEmbedder,
  staticEmbedder,
  tierEmbedder,
} from '../../src/embed/index.ts';
import { MINILM_FILES } from '../../src/embed/minilm-embedder.ts';
import { hasOnnxRuntime } from '../../src/embed/onnx-runtime.ts';
import { quantise, similarity } from '../../src/provenance/index.ts';
import { expectRejection, expectRefusal, flipBit } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeEmbedder, likeness } from './conformance.ts';

const MODEL = path.resolve('models/minilm');
const embedder = minilmEmbedder();
const runtime = await hasOnnxRuntime();

/**
 * Made with the unquantised model (the graph of tools/models/graph.py on onnxruntime 1.32.0), the Rust `tokenizers` 0.23.3
 * and numpy; a text of null stands for {@link LONG}.
 */
const reference = JSON.parse(
  await readFile(path.resolve('test/embed/reference-vectors.json'), 'utf8'),
) as { readonly text: string | null; readonly vector: readonly number[] }[];
/** More than 256 tokens. */
const LONG = Array.from({ length: 300 }, () => 'key policy').join(' ');

async function copied(): Promise<string> {
  const folder = temporaryFolder();
  for (const file of Object.keys(MINILM_FILES)) {
    await copyFile(path.join(MODEL, file), path.join(folder, file));
  }
  return folder;
}

describe.skipIf(!runtime)('with onnxruntime-node', () => {
  // Vectors of a transformer differ in low bits from machine to machine, so no digest stands for them.
  describeEmbedder('the transformer', embedder, null);
  describeEmbedder('the mixed tier', tierEmbedder('mixed'), null, { isMixed: true });

  it.each(reference.map(({ text, vector }) => [(text ?? LONG).slice(0, 30), text ?? LONG, vector]))(
    'gives %s the vector of the unquantised model, nearly',
    async (_, text, vector) => {
      const found = quantise(await embedder.embedQuery(text));
      expect(similarity(found, quantise(Float32Array.from(vector)))).toBeGreaterThan(0.995);
    },
  );

  it('shares a space with the static table', async () => {
    const question = quantise(await embedder.embedQuery('how do I take time off work'));
    const texts = [
      'Employees request vacation leave from their manager.',
      'The compiler emits a warning for unused variables.',
    ];
    const [about, beside] = (await staticEmbedder().embedDocuments(texts)).map(quantise);
    if (about === undefined || beside === undefined) throw new Error('no vectors');
    expect(similarity(question, about)).toBeGreaterThan(similarity(question, beside) + 0.15);
  });

  it('reads the order of words', async () => {
    const [a, b] = ['the dog bit the man', 'the man bit the dog'];
    expect(await likeness(embedder, a, b)).toBeLessThan(0.999);
    expect(await likeness(staticEmbedder(), a, b)).toBeGreaterThan(0.999);
  });

  it('reads control tokens in a text as text', async () => {
    expect(await likeness(embedder, 'leave policy', 'leave [SEP] policy')).toBeLessThan(0.999);
  });

  it('asks for files that are missing, and uses them when they have come', async () => {
    const folder = await copied();
    await rm(path.join(folder, 'vocab.txt'));
    const late = minilmEmbedder({ folder });
    await expectRejection(late.embedQuery('a'), 'MODEL_MISSING');
    await copyFile(path.join(MODEL, 'vocab.txt'), path.join(folder, 'vocab.txt'));
    expect(await late.embedQuery('key')).toEqual(await embedder.embedQuery('key'));
  });

  it('is missing nothing here', async () => {
    expect(await missingForMinilm()).toEqual([]);
  });
});

describe('the transformer', () => {
  it('says what it is', () => {
    expect(embedder.identity).toEqual({
      space: 'sr/minilm-256/v1',
      model: {
        id: 'strongroom-minilm-256-v1',
        // A vault names this digest for ever: another one is another model and needs another id.
        sha256: '9c92e01c2dbc6948e1363f56b9b93cf569eb25c44bd82a91ecf68c7d651ed882',
      },
      dims: 256,
      dtype: 'i8',
    });
  });

  it.each(Object.keys(MINILM_FILES))(
    'INV-MODEL-DIGEST: is not run when %s has one bit turned over',
    async (file) => {
      const folder = await copied();
      const bytes = new Uint8Array(await readFile(path.join(folder, file)));
      await writeFile(path.join(folder, file), flipBit(bytes, 8 * (bytes.length >> 1)));
      await expectRejection(minilmEmbedder({ folder }).embedQuery('a'), 'MODEL_INVALID');
    },
  );

  it('is a package with a card and a licence', async () => {
    const manifest = JSON.parse(await readFile(path.join(MODEL, 'package.json'), 'utf8')) as {
      files: string[];
      private: boolean;
      license: string;
    };
    expect(manifest.private).toBe(true);
    expect(manifest.license).toBe('Apache-2.0');
    expect(manifest.files.toSorted()).toEqual(Object.keys(MINILM_FILES).toSorted());
    const card = await readFile(path.join(MODEL, 'README.md'), 'utf8');
    for (const [file, digest] of Object.entries(MINILM_FILES)) {
      expect(card).toContain(`\`${file}\``);
      expect(card).toContain(digest);
    }
  });
});

describe('two models in one', () => {
  it('must share a space', () => {
    const other: Embedder = {
      ...staticEmbedder(),
      identity: { ...staticEmbedder().identity, space: 'another' },
    };
    expectRefusal(() => mixedEmbedder(staticEmbedder(), other), 'USAGE');
  });
});
