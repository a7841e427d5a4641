// SPDX-License-Identifier: Apache-2.0
// Non-interference of a whole vault: what a caller is given, and the work that is counted, are byte for byte the same in a
// vault from whose store every document, key, class record and index segment of other classes has been taken away.
import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { SearchMode } from '../../src/index/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { fc } from '../support/property.ts';
import { hasShared, reasonIfAbsent, sharedPath } from '../support/shared-vectors.ts';
import { told } from '../support/told.ts';
import {
  caller,
  contextWithReceipt,
  OFFICE,
  search,
  VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];

/** Everything that a caller can observe of a vault, as bytes. */
async function observed(vault: Vault, who: string, queries: readonly string[]): Promise<string> {
  const retriever = await vault.session.retriever();
  const seen: unknown[] = [];
  for (const query of queries) {
    for (const mode of MODES) {
      // What was proven or read before counts as work that is not done again: both sides begin without it.
      retriever.forget();
      for (const k of [5, 1000]) {
        const request = { caller: caller(who), query, mode, k };
        seen.push(await told((onStats) => vault.search(request, onStats)));
      }
      seen.push(await vault.context({ caller: caller(who), query, mode, budget: 300 }));
    }
  }
  return JSON.stringify(seen);
}

/**
 * A copy of a vault without anything of the classes that a caller may not read. The log is the same, so classes have the
 * same numbers and entries the same hashes.
 */
async function withheld(
  world: VaultWorld,
  who: string,
): Promise<{ readonly copy: VaultWorld; readonly removed: number }> {
  const copy = await world.copy();
  const { own, foreign, digests } = await world.use(async (vault) => {
    const { ledger } = vault.session;
    const { classes } = (await vault.session.retriever()).authoriser.authorise(caller(who), 'read');
    const mine = new Set(classes);
    const isMine = (digest: string): boolean =>
      mine.has(ledger.lookup('acl', digest)?.classNo ?? -1);
    const documents = [...ledger.documents()];
    return {
      own: documents.filter(({ aclDigest }) => isMine(aclDigest)).length,
      foreign: documents.filter(({ aclDigest }) => !isMine(aclDigest)).map(({ docId }) => docId),
      digests: [...ledger.classes()].map(({ aclDigest }) => aclDigest).filter((d) => !isMine(d)),
    };
  });
  const objects = path.join(copy.vault, 'store', 'obj');
  const keys = new DatabaseSync(path.join(copy.vault, 'keys.sqlite'));
  for (const docId of foreign) {
    await rm(path.join(objects, 'doc', docId), { recursive: true });
    keys.prepare("DELETE FROM dek WHERE kind = 'doc' AND id = ?").run(docId);
  }
  for (const name of await readdir(path.join(objects, 'acl'))) {
    if (digests.some((digest) => name.startsWith(digest)))
      await rm(path.join(objects, 'acl', name));
  }
  // Packs hold small segments of several classes: the copy builds its index from the caller's documents alone.
  for (const kind of ['segment', 'pack']) {
    await rm(path.join(objects, kind), { recursive: true, force: true });
  }
  keys.exec("DELETE FROM dek WHERE kind = 'segment'");
  keys.close();
  const { documents } = await copy.use(async (vault) => {
    const { index } = await vault.session.index();
    return index.counts();
  });
  expect(documents).toBe(own);
  return { copy, removed: foreign.length };
}

function firstDifference(a: string, b: string): readonly [string, string] | null {
  if (a === b) return null;
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return [a.slice(Math.max(0, at - 60), at + 60), b.slice(Math.max(0, at - 60), at + 60)];
}

/** Compares what a caller sees of both. @returns how many documents were withheld, and how many bytes he saw */
async function compare(
  world: VaultWorld,
  who: string,
  queries: readonly string[],
): Promise<{ readonly removed: number; readonly seen: number }> {
  const { copy, removed } = await withheld(world, who);
  const [all, alone] = [
    await world.use((vault) => observed(vault, who, queries)),
    await copy.use((vault) => observed(vault, who, queries)),
  ];
  expect(firstDifference(all, alone)).toBeNull();
  return { removed, seen: all.split('"docId"').length - 1 };
}

const WORDS = 'grant deny policy bucket key role audit log trail user lamp lens'.split(' ');
const PEOPLE = ['ada', 'ben', 'chloe', 'dan'] as const;

/** A random office: which classes there are, who may read them, and documents of few words in them. */
const offices = fc.record({
  rules: fc.array(
    fc.record({
      allow: fc.subarray([...PEOPLE, 'team', 'everyone'], { minLength: 1 }),
      deny: fc.option(fc.subarray([...PEOPLE, 'team'], { maxLength: 1 }), { nil: [] }),
      classification: fc.nat({ max: 2 }),
    }),
    { minLength: 2, maxLength: 4 },
  ),
  documents: fc.array(
    fc.record({
      rule: fc.nat({ max: 3 }),
      words: fc.array(fc.nat({ max: WORDS.length - 1 }), { minLength: 1, maxLength: 40 }),
    }),
    { minLength: 6, maxLength: 14 },
  ),
  query: fc.array(fc.nat({ max: WORDS.length - 1 }), { minLength: 1, maxLength: 4 }),
});

describe('what a caller sees of a vault', () => {
  it('is byte for byte the same when nothing else is there: random offices, all callers and modes', async () => {
    let removed = 0;
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(offices, async ({ rules, documents, query }) => {
        const access = {
          ...{ v: 1, default: 'owner', owner: 'ada', groups: { team: ['ben', 'chloe'] } },
          people: {
            ada: { clearance: 2 },
            ben: { clearance: 1 },
            chloe: {},
            dan: { clearance: 2 },
          },
          rules: rules.map((rule, n) => ({ path: `c${n}/**`, ...rule })),
        };
        const files = Object.fromEntries(
          documents.map(({ rule, words }, n) => [
            `c${rule % rules.length}/${n}.md`,
            `# ${WORDS[n % WORDS.length]}\n\n${words.map((word) => WORDS[word]).join(' ')}.\n`,
          ]),
        );
        const world = await VaultWorld.ingested({ access, files });
        const queries = [query.map((word) => WORDS[word]).join(' '), 'xylophone'];
        for (const who of [...PEOPLE, 'nobody']) {
          const found = await compare(world, who, queries);
          removed += found.removed;
          seen += found.seen;
        }
      }),
      { numRuns: process.env['SLOW'] === '1' ? 50 : 3 },
    );
    // There was something to withhold, and something to see.
    expect([removed > 30, seen > 100]).toEqual([true, true]);
  });

  it('would differ if one of his own documents were withheld', async () => {
    const world = await VaultWorld.ingested();
    const copy = await world.copy();
    await rm(path.join(copy.folder, await copy.objectOf('staff/leave.md')));
    for (const kind of ['segment', 'pack']) {
      await rm(path.join(copy.vault, 'store', 'obj', kind), { recursive: true, force: true });
    }
    const look = (place: VaultWorld): Promise<string> =>
      place.use((vault) => observed(vault, 'ben', ['leave']));
    expect((await look(copy)) === (await look(world))).toBe(false);
  });
});

// Columns: permission, user, 1. A permission stands for a document, whose readers are the users who have it.
const MATRIX = 'data/acl-rolemining/realWorld/hc.txt';

describe.skipIf(!hasShared(MATRIX))(`with a real access matrix${reasonIfAbsent(MATRIX)}`, () => {
  it('a caller sees the same bytes when nothing else is there', async () => {
    const readers = new Map<string, string[]>();
    for (const line of readFileSync(sharedPath(MATRIX), 'utf8').trim().split('\n')) {
      const [permission = '', user = ''] = line.trim().split(/\s+/);
      readers.set(permission, [...(readers.get(permission) ?? []), `u${user}`]);
    }
    const users = [...new Set([...readers.values()].flat())];
    const access = {
      ...{ v: 1, default: 'refuse', owner: users[0] },
      people: Object.fromEntries(users.map((user) => [user, {}])),
      rules: [...readers].map(([permission, allow]) => ({ path: `p${permission}.md`, allow })),
    };
    const files = Object.fromEntries(
      [...readers.keys()].map((permission, n) => [
        `p${permission}.md`,
        `# ${WORDS[n % 12]}\n\nPermission ${n} about ${WORDS[(n * 5) % 12]} and ${WORDS[(n * 7) % 12]}.\n`,
      ]),
    );
    const world = await VaultWorld.ingested({ access, files });
    expect([users.length, readers.size]).toEqual([46, 46]);
    let removed = 0;
    for (const who of [users[0], users[20], users[45]]) {
      removed += (await compare(world, who ?? '', ['permission about policy', 'lamp'])).removed;
    }
    expect(removed).toBeGreaterThan(0);
  });
});

describe('searches and contexts', () => {
  const template = worldTemplate();

  it('carry exactly the documented fields', async () => {
    const vault = await (await template()).open();
    const request = { caller: caller('ada'), query: 'leave salary merger' };
    expect(fieldsOf(await vault.search(request))).toEqual(
      [
        ...['chunk', 'docId', 'headings[]', 'page', 'range.end', 'range.start'],
        ...['source.mediaType', 'source.title', 'source.uri', 'sourceRange.end'],
        ...['sourceRange.start', 'text', 'version'],
      ]
        .map((field) => `.passages[].${field}`)
        .concat(
          ['classes', 'depth', 'lists', 'plan', 'postingsRead', 'rowsScanned'].map(
            (f) => `.explanation.index.${f}`,
          ),
          ['.explanation.scores[]'],
        )
        .sort(),
    );
    expect(fieldsOf(await vault.context(request))).toEqual(
      [
        ...['docId', 'headings[]', 'n', 'page', 'range.end', 'range.start', 'source.mediaType'],
        ...[
          'source.title',
          'source.uri',
          'sourceRange.end',
          'sourceRange.start',
          'text',
          'version',
        ],
      ]
        .map((field) => `.citations[].${field}`)
        .concat(['.receipt', '.text', '.tokens'])
        .sort(),
    );
  });

  it('do not tell whether somebody else read the same documents, nor of empty classes', async () => {
    const world = await template();
    const request = { caller: caller('dan'), query: 'canteen' };
    const first = await world.use((vault) => vault.search(request));
    expect(first.passages).not.toEqual([]);
    const vault = await world.open();
    await search(vault, 'ada', request.query, 1000);
    expect(await vault.search(request)).toEqual(first);
    // Two classes name chloe besides those of the news; without documents they are as if they were not.
    const before = await vault.search({ ...request, caller: caller('chloe') });
    const gone = (await vault.documents()).filter(
      ({ sourceUri }) => !sourceUri.startsWith('news/'),
    );
    await vault.delete(gone.map(({ doc }) => doc.docId));
    const after = await vault.search({ ...request, caller: caller('chloe') });
    expect(before.explanation.index.classes).toBeGreaterThan(first.explanation.index.classes);
    expect(after.explanation).toEqual((await vault.search(request)).explanation);
  });

  it('carry no log index, log size, class id or entry hash', async () => {
    const vault = await (await template()).open();
    const { ledger } = vault.session;
    const request = { caller: caller('ada'), query: 'leave salary merger' };
    const { passages } = await vault.search(request);
    const { receipt, ...context } = await contextWithReceipt(vault, 'ada', request.query);
    expect(receipt).not.toBeNull();
    const shown = JSON.stringify([passages, context]);
    const secrets = [...ledger.documents()].flatMap(({ entryLeafHash, aclDigest, keyid }) => [
      entryLeafHash,
      aclDigest,
      keyid,
    ]);
    expect(secrets.length).toBeGreaterThanOrEqual(3 * Object.keys(OFFICE).length);
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    expect(shown).not.toMatch(/[0-9a-f]{32}/);
    expect(shown).not.toMatch(/classNo|leafHash|logSize|aclDigest/);
  });
});

function fieldsOf(result: object): string[] {
  const fields = (value: unknown, at: string): string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => fields(item, `${at}[]`));
    if (typeof value !== 'object' || value === null) return [at];
    return Object.entries(value).flatMap(([name, item]) => fields(item, `${at}.${name}`));
  };
  return [...new Set(fields(result, ''))].sort();
}
