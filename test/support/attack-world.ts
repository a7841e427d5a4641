// SPDX-License-Identifier: Apache-2.0
// Vaults to attack: one of the tests' own and one of real documents, each made once a file and copied for every attempt.
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import type { ErrorCode } from '../../src/core/index.ts';
import type { Passage } from '../../src/retrieve/index.ts';
import { type AuditRecord, auditPath, SqliteAuditTrail } from '../../src/store/index.ts';
import type { SessionOptions } from '../../src/vault/index.ts';
import { IN_BUCKETS } from './aws/file-s3.ts';
import { refused } from './move.ts';
import { hasShared, sharedPath } from './shared-vectors.ts';
import { codeRejectedBy } from './tampering.ts';
import { sharedTemporaryFolder } from './temporary-folder.ts';
import { OFFICE, search, VaultWorld } from './vault-world.ts';

/** People of {@link VaultWorld}, from the one who may read everything to the one who may read least. */
export const PEOPLE = ['ada', 'chloe', 'ben', 'dan'] as const;

/** More passages than any of these vaults has: a search for so many gives everything that the caller may read. */
const ALL = 1000;
const QUESTION = 'What does the office say about leave, travel and overtime?';

/** A vault as it stood before any attack, and what each person could read of it then. */
export interface Target {
  readonly title: string;
  /** A fresh copy to be damaged. */
  readonly copy: () => Promise<VaultWorld>;
  /** What a person can read of the undamaged vault. */
  readonly readable: (person: string) => readonly Passage[];
  /** Paths of its documents. */
  readonly documents: readonly string[];
}

/** Runs a suite against each vault: the tests' own and, where the shared folder is present, a real handbook. */
export function onEachVault(suite: (target: Target) => void): void {
  describe('on a small vault', () => suite(target('a small vault', OFFICE)));
  // In buckets it is the place that is tested, once more.
  if (IN_BUCKETS) return;
  const handbook = handbookFiles();
  describe.skipIf(handbook === null)(
    `on a real handbook${handbook === null ? ' (skipped: the shared corpus is absent)' : ''}`,
    () => suite(target('a real handbook', handbook ?? {})),
  );
}

/** The small vault alone, for moves that real documents add nothing to. */
export function onSmallVault(files: Readonly<Record<string, string>> = OFFICE): Target {
  return target('a small vault', files);
}

function target(title: string, files: Readonly<Record<string, string>>): Target {
  const folder = sharedTemporaryFolder();
  const readable = new Map<string, readonly Passage[]>();
  let template: VaultWorld | null = null;
  beforeAll(async () => {
    template = await VaultWorld.ingested({ files }, folder);
    await template.use(async (vault) => {
      for (const person of PEOPLE) {
        readable.set(person, (await search(vault, person, QUESTION, ALL)).passages);
      }
    });
  });
  return {
    title,
    documents: Object.keys(files),
    readable: (person) => readable.get(person) ?? [],
    copy: () => {
      if (template === null) throw new Error('the vault is made before the first test');
      return template.copy();
    },
  };
}

/** Twelve pages of the handbook, spread over the folders that decide who may read them; null when it is absent. */
function handbookFiles(): Record<string, string> | null {
  const folder = 'data/corpus-18f-handbook/pages/travel-and-leave';
  if (!hasShared(folder)) return null;
  const places = ['news', 'staff', 'people', 'board'];
  const pages = readdirSync(sharedPath(folder), { encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .slice(0, 12);
  return Object.fromEntries(
    pages.map((name, i) => [
      `${places[i % places.length] ?? ''}/${name}`,
      readFileSync(sharedPath(path.join(folder, name)), 'utf8'),
    ]),
  );
}

/** What came of an attack, as the asking person and the operator see it. */
export interface Observation {
  /** Codes of everything that was alarmed or thrown, each once, in order of the alphabet. */
  readonly codes: readonly ErrorCode[];
  /** Code of the error that the caller got, or null. */
  readonly thrown: ErrorCode | null;
  readonly passages: readonly Passage[];
  /** What the audit trail holds since the attack. */
  readonly events: readonly AuditRecord[];
}

/** What may differ from an undamaged vault. */
export interface Expected {
  /** Exactly the codes that are alarmed or thrown. */
  readonly codes: readonly ErrorCode[];
  /** Who asks; default ada, who may read everything. */
  readonly person?: string;
  /** `all`: nobody misses a passage. `fewer`: the attack cost some. `none`: the vault does not answer. Default `fewer`. */
  readonly passages?: 'all' | 'fewer' | 'none';
  readonly options?: Partial<SessionOptions>;
}

/**
 * Opens the damaged vault, asks for everything the person may read and demands what holds after every attack: no passage
 * that the person could not read before, none altered, and every refusal in the audit trail.
 */
export async function expectStopped(
  target: Target,
  damaged: VaultWorld,
  expected: Expected,
): Promise<Observation> {
  const { person = 'ada', passages: wanted = 'fewer', options = {} } = expected;
  const before = (await eventsOf(damaged)).length;
  damaged.alarms.length = 0;
  let passages: readonly Passage[] = [];
  const thrown = await codeRejectedBy(
    damaged.use(async (vault) => {
      ({ passages } = await search(vault, person, QUESTION, ALL));
    }, options),
  );
  const events = (await eventsOf(damaged)).slice(before);
  const codes = [...new Set([...damaged.codes, ...(thrown === null ? [] : [thrown])])].sort();
  const known = new Set(target.readable(person).map((passage) => JSON.stringify(passage)));
  for (const passage of passages) expect(known).toContain(JSON.stringify(passage));
  if (wanted === 'all') expect(passages).toHaveLength(known.size);
  if (wanted === 'none') expect(thrown).not.toBeNull();
  expect(codes).toEqual([...expected.codes].sort());
  expectAudited(events, codes);
  refused(...codes);
  return { codes, thrown, passages, events };
}

/** Demands an audit event for each code. */
export function expectAudited(events: readonly AuditRecord[], codes: readonly ErrorCode[]): void {
  const recorded = events
    .filter(({ event, outcome }) => event === 'alarm' && outcome === 'refused')
    .map(({ details }) => details['code']);
  for (const code of codes) expect(recorded).toContain(code);
}

/** The audit trail of a vault that nobody has open. */
export async function eventsOf(world: VaultWorld): Promise<AuditRecord[]> {
  const config = await readFile(path.join(world.vault, 'strongroom.json'), 'utf8');
  const { vaultId } = JSON.parse(config) as { vaultId: string };
  const trail = new SqliteAuditTrail(auditPath(world.home, vaultId), world.clock);
  try {
    return trail.events();
  } finally {
    trail.close();
  }
}
