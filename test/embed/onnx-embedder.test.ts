// SPDX-License-Identifier: Apache-2.0
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { minilmEmbedder, onnxEmbedder, staticEmbedder } from '../../src/embed/index.ts';
import { hasOnnxRuntime } from '../../src/embed/onnx-runtime.ts';
import { quantise, similarity } from '../../src/provenance/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeEmbedder } from './conformance.ts';

const TINY = path.resolve('test/embed/fixtures/tiny-model');
const runtime = await hasOnnxRuntime();

/** A copy of the small model with some files as given; null removes one. */
async function changed(files: Readonly<Record<string, string | null>>): Promise<string> {
  const folder = temporaryFolder();
  await cp(TINY, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (text === null) await rm(file);
    else await writeFile(file, text);
  }
  return folder;
}

const similar = async (folder: string, a: string, b: string): Promise<number> => {
  const [x, y] = await (await onnxEmbedder({ folder })).embedDocuments([a, b]);
  return similarity(quantise(x as Float32Array), quantise(y as Float32Array));
};

describe.skipIf(!runtime)('a sentence model in a folder', async () => {
  const embedder = runtime ? await onnxEmbedder({ folder: TINY }) : staticEmbedder();
  describeEmbedder('a local model', embedder, null);

  it('has the dimensions that its output has', () => {
    expect(embedder.identity.dims).toBe(8);
    expect(embedder.identity.space).toMatch(/^sr\/onnx\/[0-9a-f]{16}$/);
  });

  it('is pooled by the mean or by its first token, as its configuration says', async () => {
    // A table without layers: the mean does not see the order of letters, the first token sees nothing but itself.
    expect(await similar(TINY, 'a b c', 'c b a')).toBeGreaterThan(0.999);
    expect(await similar(TINY, 'a b c', 'x y z')).toBeLessThan(0.9);
    const first = await changed({
      '1_Pooling/config.json': '{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}',
    });
    expect(await similar(first, 'a b c', 'x y z')).toBeGreaterThan(0.999);
  });

  it('is cut at its length', async () => {
    const letters = Array.from({ length: 30 }, () => 'a').join(' ');
    expect(await embedder.embedQuery(`${letters} z z z`)).toEqual(
      await embedder.embedQuery(letters),
    );
    const shorter = await onnxEmbedder({ folder: TINY, maxTokens: 4 });
    expect(await shorter.embedQuery('a b z')).toEqual(await shorter.embedQuery('a b'));
  });

  it('puts its prefixes before passages and questions', async () => {
    const prefixes = { document: 'p ', query: 'q ' };
    const prefixed = await onnxEmbedder({ folder: TINY, prefixes });
    expect(await prefixed.embedQuery('a')).toEqual(await embedder.embedQuery('q a'));
    expect(await prefixed.embedDocuments(['a'])).toEqual(await embedder.embedDocuments(['p a']));
  });

  it('is another model when anything is another that decides a vector', async () => {
    const tokenizer = await readFile(path.join(TINY, 'tokenizer.json'), 'utf8');
    const others = [
      await onnxEmbedder({ folder: TINY, maxTokens: 5 }),
      await onnxEmbedder({ folder: TINY, pooling: 'cls' }),
      await onnxEmbedder({ folder: TINY, prefixes: { document: 'p', query: '' } }),
      await onnxEmbedder({
        folder: await changed({ 'tokenizer.json': tokenizer.replace('true', 'false') }),
      }),
    ];
    const digests = [embedder, ...others].map(({ identity }) => identity.model.sha256);
    expect(new Set(digests).size).toBe(5);
  });

  it('keeps capital letters for a model that tells them apart', async () => {
    const tokenizer = await readFile(path.join(TINY, 'tokenizer.json'), 'utf8');
    const cased = await changed({ 'tokenizer.json': tokenizer.replace('true', 'false') });
    expect(await similar(TINY, 'A', 'a')).toBeGreaterThan(0.999);
    expect(await similar(cased, 'A', 'a')).toBeLessThan(0.999);
  });

  it('may bring its vocabulary as a list, and its model in a folder of its own', async () => {
    const { model } = JSON.parse(await readFile(path.join(TINY, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number> };
    };
    const folder = await changed({
      'tokenizer.json': null,
      'vocab.txt': `${Object.keys(model.vocab).join('\n')}\n`,
    });
    await cp(path.join(folder, 'model.onnx'), path.join(folder, 'onnx/model.onnx'));
    await rm(path.join(folder, 'model.onnx'));
    const listed = await onnxEmbedder({ folder });
    expect(listed.identity).toEqual(embedder.identity);
    expect(await listed.embedQuery('some text')).toEqual(await embedder.embedQuery('some text'));
  });

  it.each([
    ['a tokeniser of another kind', { 'tokenizer.json': '{"model":{"type":"BPE","vocab":{}}}' }],
    ['a tokeniser that is no JSON', { 'tokenizer.json': '{' }],
    [
      'a pooling that nobody knows',
      { '1_Pooling/config.json': '{"pooling_mode_mean_tokens":false}' },
    ],
    ['a model that is none', { 'model.onnx': 'no model' }],
    [
      'a vocabulary without control tokens',
      { 'tokenizer.json': '{"model":{"type":"WordPiece","vocab":{"a":0}}}' },
    ],
  ])('is refused with %s', async (_, files) => {
    const folder = await changed(files);
    await expectRejection(onnxEmbedder({ folder }), 'MODEL_INVALID');
  });

  it('is asked for when it is not there', async () => {
    const folder = temporaryFolder();
    await expectRejection(onnxEmbedder({ folder }), 'MODEL_MISSING');
    await expectRejection(onnxEmbedder({ folder: TINY, file: 'other.onnx' }), 'MODEL_MISSING');
    await expectRejection(onnxEmbedder({ folder: TINY, maxTokens: 2 }), 'USAGE');
  });

  it('reads the built-in transformer like any other', async () => {
    const whole = await onnxEmbedder({
      folder: path.resolve('models/minilm'),
      file: 'minilm-nb8.onnx',
      maxTokens: 256,
    });
    expect(whole.identity.dims).toBe(384);
    const texts = ['how do I take time off work', 'vacation leave', 'unused variables'];
    const near = async (embed: typeof whole): Promise<boolean> => {
      const [q, a, b] = (await embed.embedDocuments(texts)).map(quantise);
      if (q === undefined || a === undefined || b === undefined) return false;
      return similarity(q, a) > similarity(q, b);
    };
    expect(await near(whole)).toBe(true);
    expect(await near(minilmEmbedder())).toBe(true);
  });
});
