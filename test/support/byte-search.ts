// SPDX-License-Identifier: Apache-2.0
// Looks for secrets in every byte of every file, in whatever way they could have been written.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** A file and the form in which it shows a secret. */
export interface Sighting {
  readonly file: string;
  readonly secret: string;
  readonly form: string;
}

/** The ways in which bytes may have been written: as they are, in hex, in base64 wherever they begin. */
export function formsOf(bytes: Uint8Array): ReadonlyMap<string, Buffer> {
  const raw = Buffer.from(bytes);
  const forms = new Map<string, Buffer>([
    ['as it is', raw],
    ['hex', Buffer.from(raw.toString('hex'))],
    ['upper-case hex', Buffer.from(raw.toString('hex').toUpperCase())],
  ]);
  for (const [alphabet, name] of [
    ['base64', 'base64'],
    ['base64url', 'base64 for URLs'],
  ] as const) {
    for (let skip = 0; skip < 3; skip++) {
      // Whole groups of three bytes only: what stands at their borders depends on the neighbours.
      const whole = raw.subarray(skip, skip + Math.floor((raw.length - skip) / 3) * 3);
      forms.set(`${name} from byte ${skip}`, Buffer.from(whole.toString(alphabet)));
    }
  }
  return forms;
}

/** Every form of a text: UTF-8 and UTF-16, and these in hex and base64. */
export function formsOfText(text: string): ReadonlyMap<string, Buffer> {
  const forms = new Map<string, Buffer>();
  const little = Buffer.from(text, 'utf16le');
  const encodings = { 'UTF-8': Buffer.from(text), 'UTF-16LE': little, 'UTF-16BE': swapped(little) };
  for (const [encoding, bytes] of Object.entries(encodings)) {
    for (const [form, value] of formsOf(bytes)) forms.set(`${encoding} ${form}`, value);
  }
  return forms;
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes).swap16();
}

/** Secrets to look for, by what they are called in a report. */
export class Secrets {
  readonly #needles: { readonly secret: string; readonly form: string; readonly bytes: Buffer }[] =
    [];

  /** Adds a text of at least eight characters. */
  text(secret: string, text: string): this {
    return this.#add(secret, formsOfText(text));
  }

  /** Adds bytes. */
  bytes(secret: string, bytes: Uint8Array): this {
    return this.#add(secret, formsOf(bytes));
  }

  /** Where bytes show a secret. */
  in(file: string, bytes: Uint8Array): Sighting[] {
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#needles
      .filter((needle) => haystack.includes(needle.bytes))
      .map(({ secret, form }) => ({ file, secret, form }));
  }

  /** Where files under folders show a secret, in their content or their name. */
  under(...folders: readonly string[]): Sighting[] {
    return folders
      .flatMap((folder) => filesUnder(folder))
      .flatMap((file) => [...this.in(file, Buffer.from(file)), ...this.in(file, contentOf(file))]);
  }

  #add(secret: string, forms: ReadonlyMap<string, Buffer>): this {
    for (const [form, bytes] of forms) {
      // Shorter ones would be found by chance.
      if (bytes.length >= 8) this.#needles.push({ secret, form, bytes });
    }
    return this;
  }
}

/** Every regular file under a folder. */
export function filesUnder(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

/** Files under a folder that were written at or after a moment; those of others that cannot be read are passed over. */
export function filesSince(folder: string, since: number): string[] {
  return filesUnder(folder).filter((file) => {
    try {
      const { mtimeMs, size } = statSync(file);
      return mtimeMs >= since && size < 2 ** 26;
    } catch {
      return false;
    }
  });
}

function contentOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    return new Uint8Array(0);
  }
}
