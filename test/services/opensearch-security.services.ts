// SPDX-License-Identifier: Apache-2.0
// The second line, on a server with the security plugin: what each role may do, and what people see who go around the library.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isStrongroomError } from '../../src/core/index.ts';
import { SearchService, writePeople, writeRoles } from '../../src/opensearch/index.ts';
import { DIMS, documentOf, rowOf, vectorOf } from '../index/corpus.ts';
import { IndexWorld, SECURED, securedConnection } from '../support/opensearch-world.ts';

if (SECURED === undefined) {
  describe('roles of OpenSearch', () => {
    it.skip('do not run: STRONGROOM_TEST_OPENSEARCH_SECURED names no server', () => undefined);
  });
} else {
  suite();
}

/** Status and type of a call that must fail, or what it gave. */
async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return [error.code, error.details['status']];
  }
}

function suite(): void {
  const admin = new IndexWorld(securedConnection());
  const tag = randomBytes(4).toString('hex');
  const alias = admin.alias();
  const other = admin.alias();
  const users = { writer: `w${tag}`, reader: `r${tag}`, alice: `a${tag}`, bob: `b${tag}` };
  const password = (user: string): string => `Tundra-${tag}-Lemon-${user.charCodeAt(0)}-Quartz`;
  const connected = (user: string): SearchService =>
    new SearchService(securedConnection({ username: user, password: password(user) }));
  const request = { classes: [1, 2, 3], text: 'grant', vector: vectorOf([1, 2]) };

  beforeAll(async () => {
    for (const user of Object.values(users)) {
      await admin.service.call({
        method: 'PUT',
        path: `/_plugins/_security/api/internalusers/${user}`,
        body: { password: password(user) },
      });
    }
    const people = [users.alice, users.bob];
    const roles = { writers: [users.writer], readers: [users.reader], people };
    await writeRoles(admin.service, { alias, users: roles });
    await admin.open({ alias: other });
  });
  afterAll(async () => {
    for (const user of Object.values(users)) {
      const path = `/_plugins/_security/api/internalusers/${user}`;
      await admin.service.call({ method: 'DELETE', path, expected: [404] });
    }
    await admin.close();
  });

  describe('roles of OpenSearch', () => {
    it('let a writer make and fill the index of its tenant, and no other', async () => {
      const service = connected(users.writer);
      const index = await admin.open({ alias, service });
      for (let at = 0; at < 30; at++) {
        const rows = [rowOf(0, 'grant', [1, at % 5, at % 3])];
        await index.add(documentOf(`document ${at}`, 1 + (at % 3), rows));
      }
      expect(await index.search(request).next(50)).toHaveLength(30);
      const moved = documentOf('document 0', 1, []).leafHash;
      expect(await index.moveClass(moved, 2)).toBe(true);
      expect(await index.moveClass(moved, 1)).toBe(true);
      expect(Array.isArray((await index.vacuum()).pending)).toBe(true);
      expect(await refusalOf(admin.open({ alias: other, service }))).toEqual([
        'INDEX_REFUSED',
        403,
      ]);
      await service.close();
    });

    it('let a reader search through several passes, and change nothing', async () => {
      const service = connected(users.reader);
      const index = await admin.open({ alias, service, create: false });
      const cursor = index.search({ ...request, mode: 'vector' });
      expect(await cursor.next(10)).toHaveLength(10);
      expect(await cursor.next(30)).toHaveLength(20);
      const added = index.add(documentOf('mine', 1, [rowOf(0, 'grant', [1])]));
      expect(await refusalOf(added)).toEqual(['INDEX_REFUSED', 403]);
      const removed = index.remove(documentOf('document 1', 1, []).leafHash);
      expect(await refusalOf(removed)).toEqual(['INDEX_REFUSED', 403]);
      expect(await refusalOf(admin.open({ alias: other, service }))).toEqual([
        'INDEX_REFUSED',
        403,
      ]);
      await service.close();
    });

    it('show people who ask the engine themselves the rows of their classes alone', async () => {
      const people = [{ user: users.alice, classes: [1, 3] }];
      await writePeople(admin.service, alias, { people, at: 5 });
      // Older news come late and count no more.
      await writePeople(admin.service, alias, {
        people: [{ user: users.alice, classes: [2] }],
        at: 4,
      });
      const seenBy = async (user: string, query: object): Promise<number[]> => {
        const service = connected(user);
        const body = { size: 100, query };
        const call = { method: 'POST', path: `/${alias}/_search`, body } as const;
        const { body: answer } = await service.call(call);
        await service.close();
        const { hits } = answer as { hits: { hits: { _source: Record<string, unknown> }[] } };
        for (const { _source } of hits.hits) {
          expect(Object.keys(_source)).not.toEqual(expect.arrayContaining(['w']));
          expect(_source).not.toHaveProperty('v');
          expect(_source).not.toHaveProperty('sv');
        }
        return [...new Set(hits.hits.map(({ _source }) => _source['cls'] as number))].sort();
      };
      expect(await seenBy(users.alice, { match_all: {} })).toEqual([1, 3]);
      expect(await seenBy(users.alice, { terms: { cls: [2] } })).toEqual([]);
      const near = { knn: { v: { vector: Array.from({ length: DIMS }, () => 1), k: 30 } } };
      expect((await seenBy(users.alice, near)).filter((cls) => cls === 2)).toEqual([]);
      // Without a document of his own.
      expect(await seenBy(users.bob, { match_all: {} })).toEqual([]);
    });

    it('refuse a wrong password and a server that nobody vouches for', async () => {
      const wrong = new SearchService(
        securedConnection({ username: users.reader, password: 'Wrong-password-1' }),
      );
      const opened = admin.open({ alias, service: wrong, create: false });
      expect(await refusalOf(opened)).toEqual(['INDEX_REFUSED', 401]);
      await wrong.close();
      const { node, identity } = securedConnection();
      const blind = new SearchService({ node, identity, attempts: 1 });
      const call = refusalOf(blind.call({ method: 'GET', path: '/' }));
      expect(await call).toEqual(['INDEX_UNAVAILABLE', null]);
      await blind.close();
    });
  });
}
