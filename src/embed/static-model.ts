// SPDX-License-Identifier: Apache-2.0
// The files of the static model, checked before anything of them is used.
import { fileURLToPath } from 'node:url';
import { fromUtf8, type Hex } from '../core/index.ts';
import { floatsOf, readChecked } from './model-files.ts';
import { WordPiece } from './word-piece.ts';

/** Components of a row of the table. */
export const STATIC_DIMS = 256;
/** The space that the table shares with the transformer it was made from. */
export const STATIC_SPACE = 'sr/minilm-256/v1';
/** Rows of the table and pieces of the vocabulary. */
const PIECES = 30_522;

/** The model's files with their digests. Another digest is another model: it needs another id. */
export const STATIC_FILES = {
  'static-256.i8': '82e5cf8c161a57666e4d5e4605db12d07db97a1f9c0ad6e6a0c42e7a0c228371',
  'static-256.scale.f32': 'fd88df959d2a2613a2c8ca06aeafae8dcaa7305b75e045b975378f276f562992',
  'vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
} as const satisfies Record<string, Hex>;

/** A vector for each piece of a vocabulary. */
export interface StaticModel {
  readonly tokens: WordPiece;
  /** Row of piece p at `p * STATIC_DIMS`. */
  readonly table: Int8Array;
  /** Factor of each row. */
  readonly scales: Float32Array;
}

/** From the sources and from the built package alike, the models lie two folders up. */
export const STATIC_FOLDER = fileURLToPath(new URL('../../models/static-256/', import.meta.url));

/** Read once for each folder; 8 MB stay in memory for the life of the process. */
const models = new Map<string, Promise<StaticModel>>();

/**
 * Reads the model from a folder, by default the one in this package. The files are read once and checked then.
 * @throws {MODEL_MISSING} when a file cannot be read, {MODEL_INVALID} when it is not the one with the known digest
 */
export function staticModel(folder = STATIC_FOLDER): Promise<StaticModel> {
  const known = models.get(folder);
  if (known !== undefined) return known;
  const model = read(folder);
  models.set(folder, model);
  // What was missing may be put there.
  model.catch(() => models.delete(folder));
  return model;
}

async function read(folder: string): Promise<StaticModel> {
  const [table, scales, vocabulary] = await Promise.all([
    readChecked(folder, STATIC_FILES, 'static-256.i8'),
    readChecked(folder, STATIC_FILES, 'static-256.scale.f32'),
    readChecked(folder, STATIC_FILES, 'vocab.txt'),
  ]);
  return {
    tokens: new WordPiece(fromUtf8(vocabulary).split('\n').slice(0, PIECES)),
    table: new Int8Array(table.buffer, table.byteOffset, table.byteLength),
    scales: floatsOf(scales),
  };
}
