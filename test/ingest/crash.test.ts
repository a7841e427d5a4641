// SPDX-License-Identifier: Apache-2.0
// A real process that ingests is killed without warning; what it had acknowledged must be there, the rest must follow.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { VaultWorld } from '../support/vault-world.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

const WORKER = path.join(import.meta.dirname, 'crash-worker.ts');
const ACCESS = { v: 1, default: 'owner', owner: 'ada', people: { ada: { actions: 'all' } } };
const DOCUMENTS = 200;

async function manyDocuments(): Promise<VaultWorld> {
  const world = await VaultWorld.founded({ access: ACCESS });
  for (let n = 0; n < DOCUMENTS; n++) {
    await world.write(
      `notes/${n}.md`,
      `# Note ${n}\n\nThe note with the number ${n} of the crash test.\n`,
    );
  }
  return world;
}

/** Starts an ingestion and kills it when `isTime` says so of a line that it reports; returns the last line. */
async function ingestAndKill(
  world: VaultWorld,
  isTime: (done: number, live: number) => boolean,
): Promise<{ readonly live: number; readonly size: number; readonly killed: boolean }> {
  const { vault, home, documents } = world;
  const arguments_ = [WORKER, vault, home, documents, JSON.stringify(ACCESS)];
  const worker = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    worker.on('exit', (_, signal) => {
      resolve(signal);
    });
  });
  let last = { live: 0, size: 0 };
  let hasStruck = false;
  for await (const line of createInterface({ input: worker.stdout })) {
    const [done = 0, live = 0, size = 0] = line.split(' ').map(Number);
    if (Number.isNaN(done)) continue;
    if (!hasStruck) last = { live, size };
    if (!hasStruck && isTime(done, live)) {
      hasStruck = true;
      worker.kill('SIGKILL');
    }
  }
  return { ...last, killed: (await ended) === 'SIGKILL' };
}

describe('an ingestion that is killed', () => {
  it.each([
    ['before the first batch', (done: number) => done >= 5],
    ['between two batches', (_: number, live: number) => live > 0],
    ['near its end', (done: number) => done >= DOCUMENTS - 5],
  ])('%s keeps what was acknowledged, and the next run does the rest', async (_, isTime) => {
    const world = await manyDocuments();
    const { live, size, killed } = await ingestAndKill(world, isTime);
    expect(killed).toBe(true);
    const kept = await world.use(async (vault) => {
      const { documents, failures } = await vault.verifyAll();
      expect(failures).toEqual([]);
      expect(documents).toBeGreaterThanOrEqual(live);
      expect(vault.session.ledger.head.size).toBeGreaterThanOrEqual(size);
      expect(world.codes).not.toContain('ROLLBACK');
      return documents;
    });
    const report = await world.ingest();
    // The batch that was under way may be finished first; what is not in the journal then becomes version 2.
    expect(report.failures).toEqual([]);
    expect(report.added).toBeLessThanOrEqual(DOCUMENTS - kept);
    expect(report.added + report.updated + report.unchanged).toBe(DOCUMENTS);
    await world.use(async (vault) => {
      const { ledger } = vault.session;
      expect([...ledger.documents()].map(({ status }) => status)).toEqual(
        Array.from({ length: DOCUMENTS }, () => 'live'),
      );
      expect(await vault.verifyAll()).toMatchObject({ documents: DOCUMENTS, failures: [] });
      expect((await vault.fsck()).problems).toEqual([]);
      const { index } = await memoryStateOf(vault.session);
      expect(index.counts()).toMatchObject({ documents: DOCUMENTS, rows: DOCUMENTS });
    });
    expect(await world.ingest()).toMatchObject({ unchanged: DOCUMENTS, added: 0, updated: 0 });
  });
});
