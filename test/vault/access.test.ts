// SPDX-License-Identifier: Apache-2.0
// Changing who may read what, without embedding or sealing anything again.
import { describe, expect, it } from 'vitest';
import {
  finds,
  OFFICE_ACCESS,
  search,
  type VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';

const QUERY = 'salary, leave, merger, canteen, bell, sickness';
const world = worldTemplate();
const { people, groups, rules } = OFFICE_ACCESS;

/** Changes permissions in one opened vault and tells who finds the documents of one folder then. */
async function readersAfter(at: VaultWorld, content: object, folder: string): Promise<string[]> {
  const vault = await at.open();
  const size = await objectCount(at);
  await vault.setAccess(at.setAccess({ ...OFFICE_ACCESS, ...content }));
  expect(at.embedder.passages).toBe(0);
  expect(await objectCount(at)).toBe(size);
  const readers = await readersIn(at, folder);
  vault.close();
  // The next process must come to the same answer.
  expect(await readersIn(at, folder)).toEqual(readers);
  return readers;
}

/** Sealed document objects: a change of permissions makes none. */
async function objectCount(at: VaultWorld): Promise<number> {
  return (await at.storedFiles()).filter((file) => file.includes('/obj/doc/')).length;
}

async function readersIn(at: VaultWorld, folder: string): Promise<string[]> {
  const readers: string[] = [];
  for (const person of Object.keys(people)) {
    const found = await at.finds(person, QUERY, 50);
    if (found.some((uri) => uri.startsWith(`${folder}/`))) readers.push(person);
  }
  return readers;
}

/** The rules with one of them changed. */
const withRule = (path: string, change: object): { rules: object[] } => ({
  rules: rules.map((rule) => (rule.path === path ? { ...rule, ...change } : rule)),
});

describe('changing permissions', () => {
  it('opens a folder to more people', async () => {
    const content = withRule('people/**', { allow: ['people-ops', 'dan'], classification: 0 });
    expect(await readersAfter(await world(), content, 'people')).toEqual(['ada', 'chloe', 'dan']);
  });

  it('takes a folder from a group', async () => {
    const content = withRule('staff/**', { allow: ['people-ops'] });
    expect(await readersAfter(await world(), content, 'staff')).toEqual(['ada', 'chloe']);
  });

  it('takes a person out of a group that is nested in another', async () => {
    const content = { groups: { ...groups, 'people-ops': ['board'] } };
    expect(await readersAfter(await world(), content, 'staff')).toEqual(['ada', 'ben']);
  });

  it('puts a person into a group that is nested in another', async () => {
    const content = {
      groups: { ...groups, board: ['ada', 'dan'] },
      ...withRule('staff/**', { deny: [] }),
    };
    expect(await readersAfter(await world(), content, 'staff')).toEqual([
      'ada',
      'ben',
      'chloe',
      'dan',
    ]);
  });

  it('denies a person what his group is allowed', async () => {
    const content = withRule('staff/**', { deny: ['ben'] });
    expect(await readersAfter(await world(), content, 'staff')).toEqual(['ada', 'chloe']);
  });

  it('denies a group, and with it every group in it', async () => {
    const content = withRule('news/**', { deny: ['people-ops'] });
    expect(await readersAfter(await world(), content, 'news')).toEqual(['ben', 'dan']);
  });

  it('demands more clearance', async () => {
    const content = withRule('staff/**', { classification: 2 });
    expect(await readersAfter(await world(), content, 'staff')).toEqual(['ada', 'chloe']);
  });

  it('gives a person more clearance, or less', async () => {
    const rule = withRule('staff/**', { classification: 2 });
    const more = { people: { ...people, ben: { clearance: 2 } }, ...rule };
    expect(await readersAfter(await world(), more, 'staff')).toEqual(['ada', 'ben', 'chloe']);
    const less = { people: { ...people, chloe: {} } };
    expect(await readersAfter(await world(), less, 'people')).toEqual(['ada']);
  });

  it('takes the right to read from a person', async () => {
    const content = { people: { ...people, ben: { actions: ['receipt'] } } };
    expect(await readersAfter(await world(), content, 'news')).toEqual(['ada', 'chloe', 'dan']);
  });

  it('of a glob alone leaves other documents as they are', async () => {
    const at = await world();
    const vault = await at.open();
    const access = at.setAccess({
      ...OFFICE_ACCESS,
      rules: rules.map((rule) => ({ ...rule, allow: ['chloe'], deny: [], classification: 0 })),
    });
    const report = await vault.setAccess(access, 'staff/*.md');
    expect(report).toMatchObject({ documents: 1, changed: 1, undecided: [] });
    expect(await readersIn(at, 'staff')).toEqual(['chloe']);
    expect(await readersIn(at, 'board')).toEqual(['ada']);
  });

  it('keeps the class of documents that no rule names any more, and tells their paths', async () => {
    const at = await world();
    const vault = await at.open();
    const access = at.setAccess({ ...OFFICE_ACCESS, rules: rules.slice(1) });
    const report = await vault.setAccess(access);
    expect(report.undecided).toEqual(['news/canteen.md', 'news/opening-hours.md']);
    expect(await readersIn(at, 'news')).toEqual(['ada', 'ben', 'chloe', 'dan']);
  });

  it('writes nothing when nothing changes', async () => {
    const at = await world();
    const vault = await at.open();
    await vault.setAccess(at.access);
    const { size } = vault.session.ledger.head;
    expect(await vault.setAccess(at.access)).toEqual({
      people: false,
      documents: 5,
      changed: 0,
      undecided: [],
      unproven: [],
    });
    expect(vault.session.ledger.head.size).toBe(size);
  });
});

describe('time', () => {
  const hours = (at: VaultWorld, from: number): string =>
    new Date((at.clock.seconds + from * 3600) * 1000).toISOString();

  it('opens and closes a class by the hour, without a write', async () => {
    const at = await world();
    const limits = { notBefore: hours(at, 2), notAfter: hours(at, 5) };
    const content = withRule('news/**', limits);
    expect(await readersAfter(at, content, 'news')).toEqual([]);
    const vault = await at.open();
    const open = async (): Promise<boolean> => (await finds(vault, 'dan', QUERY)).length > 0;
    at.clock.seconds += 2 * 3600;
    expect(await open()).toBe(true);
    at.clock.seconds += 3 * 3600 - 1;
    expect(await open()).toBe(true);
    at.clock.seconds += 1;
    expect(await open()).toBe(false);
  });

  it('ends a document to the second', async () => {
    const at = await world();
    const vault = await at.open();
    await vault.setAccess(
      at.setAccess({ ...OFFICE_ACCESS, ...withRule('news/**', { expires: hours(at, 1) }) }),
    );
    at.clock.seconds += 3599;
    expect(await finds(vault, 'dan', QUERY)).toHaveLength(2);
    at.clock.seconds += 1;
    expect(await finds(vault, 'dan', QUERY)).toHaveLength(0);
    expect(await vault.explain('news/canteen.md', 'dan')).toMatchObject({
      allowed: false,
      document: 'expired',
    });
  });
});

describe('explaining a decision', () => {
  it('says what speaks for and against a person', async () => {
    const at = await world();
    const vault = await at.open();
    expect(await vault.explain('staff/leave.md', 'ben')).toMatchObject({
      allowed: true,
      groups: ['everyone', 'staff'],
      clearance: 0,
    });
    const denied = await vault.explain('people/salaries.md', 'ben');
    expect(denied.allowed).toBe(false);
    expect(denied.reasons.length).toBeGreaterThan(0);
    expect(await vault.explain('news/canteen.md', 'nobody-we-know')).toMatchObject({
      allowed: false,
      groups: ['everyone'],
    });
  });
});

describe('a document that is withheld while permissions are tightened', () => {
  it('is told, since it keeps its class, and follows when permissions are set again', async () => {
    const at = await world();
    const object = await at.objectOf('staff/leave.md');
    let kept: Uint8Array = new Uint8Array(0);
    await at.alter(object, (bytes) => {
      kept = bytes;
      return bytes.subarray(1);
    });
    const { docId } = await at.use(async (vault) => {
      // Without its segments the index needs the object itself.
      await vault.session.index();
      const [doc] = [...vault.session.ledger.documents()].filter(({ docId: id }) =>
        object.includes(id),
      );
      return doc ?? { docId: '' };
    });
    const access = at.setAccess({
      ...OFFICE_ACCESS,
      ...withRule('staff/**', { allow: ['board'] }),
    });
    const report = await at.use((vault) => vault.setAccess(access));
    expect(report.unproven).toEqual([docId]);
    await at.alter(object, () => kept);
    expect(await readersIn(at, 'staff')).toContain('ben');
    expect((await at.use((vault) => vault.setAccess(access))).unproven).toEqual([]);
    expect(await readersIn(at, 'staff')).toEqual(['ada']);
    expect(
      await at.use((vault) => search(vault, 'ben', QUERY)).then((found) => found.passages.length),
    ).toBe(2);
  });
});
