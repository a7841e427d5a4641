// SPDX-License-Identifier: Apache-2.0
// Folders of wrong things, one named fault each, frozen as files: what they hold, and who must refuse them for which reason.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { isRegenerating } from '../support/golden.ts';

/** One thing that must be refused: its files by name, and the code that ours must give. */
export interface FaultyFolder {
  readonly name: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly code: string;
}

/** Who judges: answers `OK ...` or a line that gives the reason; null when it is not on this machine. */
export type Judge = ((folder: string) => string | Promise<string>) | null;

/** What the manifest says of a folder. */
interface Expected {
  readonly code: string;
  readonly answers: Readonly<Record<string, string>>;
}

/** A folder of folders with their manifest. */
export class NegativeSuite {
  readonly #root: string;
  readonly #cases: readonly FaultyFolder[];
  readonly #judges: Readonly<Record<string, Judge>>;

  /** @param judges by name; `ours` answers with an error code */
  constructor(
    root: string,
    cases: readonly FaultyFolder[],
    judges: Readonly<Record<string, Judge>>,
  ) {
    this.#root = root;
    this.#cases = cases;
    this.#judges = judges;
  }

  /** Path of a case's folder. */
  at(name: string): string {
    return path.join(this.#root, name);
  }

  /** Names of the faulty folders. */
  get names(): string[] {
    return this.#cases.map(({ name }) => `${name}_fail`);
  }

  /** Writes every folder and the answers anew, when asked to by STRONGROOM_REGENERATE_GOLDEN. */
  async regenerate(golden: Readonly<Record<string, Uint8Array>>): Promise<void> {
    if (!isRegenerating) return;
    rmSync(this.#root, { recursive: true, force: true });
    this.#write('golden', golden);
    const manifest: Record<string, Expected> = {};
    for (const { name, files, code } of this.#cases) {
      this.#write(`${name}_fail`, files);
      const answers: Record<string, string> = {};
      for (const [who, judge] of Object.entries(this.#judges)) {
        if (judge !== null) answers[who] = await judge(this.at(`${name}_fail`));
      }
      manifest[`${name}_fail`] = { code, answers };
    }
    writeFileSync(this.at('manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  }

  /** Expects the files to be the ones that are made from the valid one, and no two folders alike. */
  expectFrozen(golden: Readonly<Record<string, Uint8Array>>): void {
    const present = readdirSync(this.#root).filter((name) => name.endsWith('_fail'));
    expect(present.sort()).toEqual(this.names.toSorted());
    const contents = new Set<string>();
    const all = [
      { name: 'golden', files: golden },
      ...this.#cases.map((c) => ({ ...c, name: `${c.name}_fail` })),
    ];
    for (const { name, files } of all) {
      const stored = Object.fromEntries(filesOf(this.at(name)));
      const made = Object.fromEntries(
        Object.entries(files).map(([file, bytes]) => [file, Buffer.from(bytes).toString('base64')]),
      );
      expect([name, stored]).toEqual([name, made]);
      contents.add(JSON.stringify(stored));
    }
    expect(contents.size).toBe(all.length);
  }

  /** Expects everybody who is here to refuse a folder for the reason in the manifest. */
  async expectRefused(name: string): Promise<void> {
    const manifest = JSON.parse(readFileSync(this.at('manifest.json'), 'utf8')) as Record<
      string,
      Expected
    >;
    const expected = manifest[name];
    expect(expected?.answers['ours']).toBe(expected?.code);
    for (const [who, judge] of Object.entries(this.#judges)) {
      if (judge === null) continue;
      const answer = await judge(this.at(name));
      expect([who, answer]).toEqual([who, expected?.answers[who]]);
      expect([who, / OK |^OK/.test(answer)]).toEqual([who, false]);
    }
  }

  #write(name: string, files: Readonly<Record<string, Uint8Array>>): void {
    for (const [file, bytes] of Object.entries(files)) {
      const full = path.join(this.at(name), file);
      mkdirSync(path.dirname(full), { recursive: true });
      writeFileSync(full, bytes);
    }
  }
}

function* filesOf(folder: string, inside = ''): Generator<[string, string]> {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(path.join(folder, inside), { withFileTypes: true })) {
    const name = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) yield* filesOf(folder, name);
    else yield [name, readFileSync(path.join(folder, name)).toString('base64')];
  }
}
