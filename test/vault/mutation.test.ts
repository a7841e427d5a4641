// SPDX-License-Identifier: Apache-2.0
// Whatever single byte of a vault is changed: the answer is the true one, a part of it, or a refusal that names itself.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isStrongroomError } from '../../src/core/index.ts';
import type { Passage } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { flipBit } from '../support/tampering.ts';
import { search, type VaultWorld, worldTemplate } from '../support/vault-world.ts';

const PEOPLE = ['ada', 'dan'];
const QUERY = 'salary, leave, merger, canteen, bell, sickness';
/** Mutations of each file; `SLOW=1` tries twenty times as many. */
const PER_FILE = process.env['SLOW'] === '1' ? 40 : 2;
const world = worldTemplate();

type Answer = readonly string[];

/** A passage as the asking person gets it; its rank may change when others are missing. */
const shown = ({ docId, version, chunk, text, source, range }: Passage): string =>
  JSON.stringify({ docId, version, chunk, text, source, range });

async function answers(vault: Vault): Promise<Map<string, Answer>> {
  const all = new Map<string, Answer>();
  for (const person of PEOPLE) {
    const { passages } = await search(vault, person, QUERY, 50);
    all.set(person, passages.map(shown));
  }
  return all;
}

/** What comes of a damaged vault: answers, or the code of the refusal. Anything untyped is a bug and passes through. */
async function outcome(at: VaultWorld): Promise<Map<string, Answer> | string> {
  try {
    return await at.use(answers);
  } catch (error) {
    if (isStrongroomError(error)) return error.code;
    throw error;
  }
}

/** Ways to change the bytes of a file once. */
const MUTATIONS: readonly [string, (bytes: Uint8Array, random: SeededRandom) => Uint8Array][] = [
  ['a bit turned over', (bytes, random) => flipBit(bytes, random.below(bytes.length * 8))],
  [
    'a byte replaced',
    (bytes, random) => {
      const out = Uint8Array.from(bytes);
      out[random.below(out.length)] = random.below(256);
      return out;
    },
  ],
  ['the end cut off', (bytes, random) => bytes.subarray(0, random.below(bytes.length))],
  ['bytes added', (bytes, random) => Buffer.concat([bytes, random.bytes(1 + random.below(40))])],
];

describe('any single change of a stored file of a vault', () => {
  it('is harmless to the output, or rejected', async () => {
    const at = await world();
    const truth = await at.use(answers);
    for (const person of PEOPLE) expect(truth.get(person)?.length).toBeGreaterThan(1);
    const random = new SeededRandom('mutations');
    const files = (await at.storedFiles()).filter((file) => file.startsWith('vault'));
    expect(files.length).toBeGreaterThan(15);
    const tally = { same: 0, fewer: 0, refused: 0 };
    for (const file of files) {
      for (let i = 0; i < PER_FILE; i++) {
        const [name, mutate] = random.pick(MUTATIONS);
        const damaged = await pristine(at);
        const bytes = await readFile(path.join(damaged.folder, file));
        if (bytes.length === 0) continue;
        await writeFile(path.join(damaged.folder, file), mutate(bytes, random));
        const seen = await outcome(damaged);
        const how = `${file.replaceAll(/[0-9a-f]{16,}/g, '#')}: ${name}`;
        tally[judge(how, seen, truth)] += 1;
        await rm(damaged.folder, { recursive: true });
      }
    }
    expect(tally.same + tally.fewer + tally.refused).toBeGreaterThan(files.length);
    expect(tally.refused).toBeGreaterThan(0);
    expect(tally.same).toBeGreaterThan(0);
  });
});

async function pristine(at: VaultWorld): Promise<VaultWorld> {
  const folder = path.join(path.dirname(at.folder), `${path.basename(at.folder)}-damaged`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  return at.copy(folder);
}

/** Nobody sees a passage that he did not see before; a missing one was withheld, not replaced. */
function judge(
  how: string,
  seen: Map<string, Answer> | string,
  truth: ReadonlyMap<string, Answer>,
): 'same' | 'fewer' | 'refused' {
  if (typeof seen === 'string') return 'refused';
  let isWhole = true;
  for (const person of PEOPLE) {
    const allowed = new Set(truth.get(person));
    const got = seen.get(person) ?? [];
    expect([how, person, got.filter((passage) => !allowed.has(passage))]).toEqual([
      how,
      person,
      [],
    ]);
    isWhole &&= got.length === allowed.size;
  }
  return isWhole ? 'same' : 'fewer';
}
