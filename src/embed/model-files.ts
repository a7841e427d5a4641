// SPDX-License-Identifier: Apache-2.0
// Files of models, checked before anything of them is used.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fail, type Hex, hex, need, sha256 } from '../core/index.ts';

/** The files of a model with their digests. */
export type ModelFiles = Readonly<Record<string, Hex>>;

/**
 * Reads a file of a built-in model.
 * @throws {MODEL_MISSING} when it cannot be read, {MODEL_INVALID} when it is not the one with the known digest
 */
export async function readChecked(
  folder: string,
  files: ModelFiles,
  file: string,
): Promise<Uint8Array> {
  const bytes = await readModelFile(folder, file);
  const isKnown = hex(sha256(bytes)) === files[file];
  need('INV-MODEL-DIGEST', isKnown, 'MODEL_INVALID', `${file} is not the file that this model has`);
  return bytes;
}

/** Reads a file of any model. @throws {MODEL_MISSING} when it cannot be read */
export async function readModelFile(folder: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(path.join(folder, file));
  } catch (error) {
    throw fail('MODEL_MISSING', `the file ${file} of an embedding model cannot be read`, {}, error);
  }
}

/** Little-endian float32 numbers of a file, whatever the machine's order. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >> 2;
  return Float32Array.from({ length: count }, (_, at) => view.getFloat32(at * 4, true));
}
