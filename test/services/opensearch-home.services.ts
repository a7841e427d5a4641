// SPDX-License-Identifier: Apache-2.0
// A vault whose index lies in a real OpenSearch server: the main job, and somebody who writes to that server directly.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64 } from '../../src/core/index.ts';
import { SearchService } from '../../src/opensearch/index.ts';
import { encodeVector, quantise } from '../../src/provenance/index.ts';
import type { Passage } from '../../src/retrieve/index.ts';
import { type FakeS3, startFakeS3 } from '../support/aws/fake-s3.ts';
import { homeAt, newHomeBuckets, TEST_ACCESS } from '../support/aws/s3-home.ts';
import { PEOPLE } from '../support/attack-world.ts';
import { PLAIN, plainConnection } from '../support/opensearch-world.ts';
import { OFFICE, OFFICE_ACCESS, search, VaultWorld } from '../support/vault-world.ts';

const QUESTION = 'What does the office say about leave, travel and overtime?';

if (PLAIN === undefined) {
  describe('a vault with its index in OpenSearch', () => {
    it.skip('does not run: STRONGROOM_TEST_OPENSEARCH names no server', () => undefined);
  });
} else {
  suite(PLAIN);
}

function suite(endpoint: string): void {
  const prefix = `home-${randomBytes(5).toString('hex')}`;
  const engine = new SearchService(plainConnection());
  let s3: FakeS3;
  let made = 0;

  beforeAll(async () => {
    s3 = await startFakeS3();
  });
  afterAll(async () => {
    await engine.call({ method: 'DELETE', path: `/${prefix}-*`, expected: [404] });
    await engine.close();
    await s3.close();
  });

  async function world(): Promise<{ world: VaultWorld; name: string }> {
    made += 1;
    const name = `${prefix}-${made}`;
    const index = { opensearch: { endpoint, name, identity: 'none', replicas: 0 } } as const;
    const services = { ...homeAt(s3.url, newHomeBuckets(s3)), index };
    return { world: await VaultWorld.ingested({ services, aws: TEST_ACCESS }), name };
  }

  const everything = (of: VaultWorld, person: string, query = QUESTION): Promise<Passage[]> =>
    of.use(async (vault) => [...(await search(vault, person, query, 1000)).passages]);

  /** Passages with their scores; those of one score by name, since leaf hashes differ from vault to vault. */
  const ranked = (of: VaultWorld, person: string, query: string): Promise<string[]> =>
    of.use(async (vault) => {
      const { passages, explanation } = await search(vault, person, query, 1000);
      return passages
        .map(({ source, chunk }, at) => ({
          score: (explanation.scores[at] ?? 0).toFixed(5),
          name: `${source.uri} ${chunk}`,
        }))
        .sort((a, b) => Number(b.score) - Number(a.score) || (a.name < b.name ? -1 : 1))
        .map(({ score, name }) => `${score} ${name}`);
    });

  /** Changes rows behind the vault's back. */
  async function tamper(name: string, query: object, source: string, params = {}): Promise<void> {
    await engine.call({
      method: 'POST',
      path: `/${name}/_update_by_query`,
      query: { refresh: true, conflicts: 'proceed' },
      body: { query, script: { source, params } },
    });
  }

  const rowsOf = async (name: string, query: object = { exists: { field: 'cls' } }) => {
    await engine.call({ method: 'POST', path: `/${name}/_refresh` });
    const { body } = await engine.call({
      method: 'POST',
      path: `/${name}/_search`,
      body: { query, size: 1000 },
    });
    const { hits } = body as { hits: { hits: { _id: string; _source: object }[] } };
    return hits.hits;
  };

  describe('a vault with its index in OpenSearch', () => {
    it('gives each person the passages of an embedded home, the same one as the best', async () => {
      const { world: engineWorld } = await world();
      const embedded = await VaultWorld.ingested();
      for (const person of PEOPLE) {
        for (const query of [QUESTION, 'thirty days of leave', 'salaries', '"days of leave"']) {
          const here = await ranked(engineWorld, person, query);
          expect(here).toEqual(await ranked(embedded, person, query));
        }
      }
      expect(engineWorld.codes).toEqual([]);
    });

    it('follows changes of documents and permissions, deletions and restarts', async () => {
      const { world: office, name } = await world();
      const whole = await rowsOf(name);
      await office.write('staff/leave.md', '# Leave\n\nEverybody has forty-four days of leave.\n');
      await office.ingest();
      expect(await office.finds('ben', 'forty-four days of leave')).toContain('staff/leave.md');
      expect(await office.finds('dan', 'forty-four days of leave')).not.toContain('staff/leave.md');
      expect((await rowsOf(name)).length).toBeLessThanOrEqual(whole.length);
      const [, ...others] = OFFICE_ACCESS.rules;
      const closed = { path: 'news/**', allow: ['board'] };
      const access = office.setAccess({ ...OFFICE_ACCESS, rules: [closed, ...others] });
      expect(await office.finds('dan', 'soup and dumplings')).toContain('news/canteen.md');
      await office.use((vault) => vault.setAccess(access));
      expect(await office.finds('dan', 'soup and dumplings')).toEqual([]);
      expect(await office.finds('ada', 'soup and dumplings')).toContain('news/canteen.md');
      const reader = await office.open();
      expect((await search(reader, 'ada', QUESTION, 1000)).passages.length).toBeGreaterThan(0);
      await office.use((vault) => vault.delete(['news/canteen.md', 'news/opening-hours.md']));
      const { passages } = await search(reader, 'ada', QUESTION, 1000);
      expect(passages.filter(({ source }) => source.uri.startsWith('news/'))).toEqual([]);
      expect((await office.use((vault) => vault.fsck())).problems).toEqual([]);
      expect(office.codes).toEqual([]);
    });

    it('erases rows and says what the engine has still to do', async () => {
      const { world: office, name } = await world();
      const { docId } = await office.use((vault) => vault.describe('staff/leave.md'));
      expect(await rowsOf(name, { term: { doc: docId } })).not.toEqual([]);
      const report = await office.use((vault) => vault.erase('staff/leave.md', 'request'));
      expect(report.result.effectiveNow).toContain('index rows removed');
      expect(await rowsOf(name, { term: { doc: docId } })).toEqual([]);
      expect(Array.isArray(report.result.pending)).toBe(true);
    });

    it('holds no text, no name and no word of any document', async () => {
      const { name } = await world();
      const stored = JSON.stringify(await rowsOf(name)).toLowerCase();
      const words = Object.entries(OFFICE)
        .flatMap(([file, text]) => `${file} ${text}`.toLowerCase().match(/[a-z]{5,}/g) ?? [])
        .filter((word) => word.length > 5);
      expect(words.length).toBeGreaterThan(20);
      expect(words.filter((word) => stored.includes(word))).toEqual([]);
    });
  });

  describe('somebody who writes to the engine directly', () => {
    it('shows nobody more by changing class numbers', async () => {
      const { world: office, name } = await world();
      const may = new Map<string, string[]>();
      const key = ({ docId, chunk }: Passage): string => `${docId} ${chunk}`;
      for (const person of PEOPLE) {
        may.set(person, (await everything(office, person)).map(key));
      }
      const classes = new Set(
        (await rowsOf(name)).map(({ _source }) => (_source as { cls: number }).cls),
      );
      expect(classes.size).toBeGreaterThan(1);
      for (const cls of classes) {
        await tamper(name, { exists: { field: 'cls' } }, 'ctx._source.cls = params.cls', { cls });
        for (const person of PEOPLE) {
          const found = (await everything(office, person)).map(key);
          expect(found.filter((passage) => !may.get(person)?.includes(passage))).toEqual([]);
        }
      }
      expect(office.codes).toContain('INDEX_TAMPERED');
    });

    it('gets no altered, foreign or replayed row into an answer', async () => {
      const { world: office, name } = await world();
      const old = await rowsOf(name);
      await office.write('staff/leave.md', '# Leave\n\nEverybody has forty-four days of leave.\n');
      await office.ingest();
      const before = await everything(office, 'ada');
      const dims = office.embedder.identity.dims;
      const hub = quantise(new Float32Array(dims).fill(1));
      const forged = (await rowsOf(name)).map(({ _id, _source }) => ({
        id: `x${_id}`,
        source: { ..._source, leaf: 'f'.repeat(64), v: [...hub.q], s: hub.scale },
      }));
      const replayed = old.map(({ _id, _source }) => ({ id: `y${_id}`, source: _source }));
      const lines = [...forged, ...replayed].flatMap(({ id, source }) => [
        { index: { _id: id } },
        source,
      ]);
      const query = { refresh: true };
      await engine.call({ method: 'POST', path: `/${name}/_bulk`, query, lines });
      expect(await everything(office, 'ada')).toEqual(before);
      // Vectors that draw every query, under true names: what was signed is not that.
      const params = { sv: base64(encodeVector(hub)), v: [...hub.q], s: hub.scale };
      const source =
        'ctx._source.sv = params.sv; ctx._source.v = params.v; ctx._source.s = params.s';
      await tamper(name, { exists: { field: 'cls' } }, source, params);
      expect(await everything(office, 'ada')).toEqual([]);
      expect(office.codes).toContain('INTEGRITY');
    });

    it('is noticed when he removes rows: by the next start, or by fsck', async () => {
      const { world: office, name } = await world();
      const before = await everything(office, 'ada');
      const remove = (): Promise<unknown> =>
        engine.call({
          method: 'POST',
          path: `/${name}/_delete_by_query`,
          query: { refresh: true },
          body: { query: { exists: { field: 'cls' } } },
        });
      const vault = await office.open();
      await search(vault, 'ada', QUESTION);
      await remove();
      const { problems } = await vault.fsck();
      expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['INDEX_TAMPERED']));
      vault.close();
      expect(await everything(office, 'ada')).toEqual(before);
      expect(office.codes).toContain('INDEX_TAMPERED');
    });

    it('gains nothing by lying about how far the index was brought', async () => {
      const { world: office, name } = await world();
      const before = await everything(office, 'ada');
      await engine.call({
        method: 'POST',
        path: `/${name}/_bulk`,
        lines: [{ index: { _id: 'followed' } }, { at: 10 ** 9 }],
      });
      await office.write('news/later.md', '# Later\n\nA later notice about parking.\n');
      await office.ingest();
      expect(await office.finds('ada', 'notice about parking')).toContain('news/later.md');
      expect((await everything(office, 'ada')).length).toBeGreaterThan(before.length);
    });
  });
}
