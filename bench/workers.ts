// SPDX-License-Identifier: Apache-2.0
// Documents a second by number of workers, with an embedder that takes 50 ms for each call, as a remote model does. All
// workers run in one process over one vault in memory, each with a ledger and a sequencer of its own: what they share is the
// log, and with it the turns. The queue holds a job for each document; every worker keeps one document at a time at work.
//
//   npm run -s bench:workers -- [--documents 240] [--json] [--write]
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseAccessFile } from '../src/access/index.ts';
import { concat, lp, sha256, systemClock, systemRandom, utf8 } from '../src/core/index.ts';
import type { Queue, QueueMessage, WatchedSource } from '../src/ingest/index.ts';
import { LocalKeyRing } from '../src/keys/index.ts';
import { runWorker, Session } from '../src/vault/index.ts';
import { FIRST_ROLES, foundLog, trustFile } from '../src/vault/inside.ts';
import { MemoryDisk } from '../test/support/memory-disk.ts';
import { tinyEmbedder } from '../test/support/tiny-embedder.ts';
import { publish } from './report.ts';

const LATENCY = 50;
const WORKERS = [1, 2, 4, 8];
const at = process.argv.indexOf('--documents');
const DOCUMENTS = at < 0 ? 240 : Number(process.argv[at + 1]);
const ACCESS = parseAccessFile(
  JSON.stringify({
    ...{ v: 1, default: 'refuse', owner: 'ada', people: { ada: { actions: 'all' } } },
    rules: [{ path: '**', allow: ['everyone'] }],
  }),
);

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const slow = {
  ...tinyEmbedder(),
  embedDocuments: async (texts: readonly string[]) => {
    await pause(LATENCY);
    return tinyEmbedder().embedDocuments(texts);
  },
};

/** Documents that are their own names. */
const source: WatchedSource = {
  kind: 'bench',
  namespace: 'bench',
  isCountedFirst: true,
  changesIn: (body) => [{ uri: body, kind: 'look', seq: null, revision: null }],
  look: (uri) => Promise.resolve({ revision: '1', bytes: uri.length }),
  read: ({ uri }) => {
    const bytes = utf8(`# ${uri}\n\nThe text of ${uri}.\n`);
    const none = new Uint8Array(0);
    return Promise.resolve({ bytes, sidecar: none, content: sha256(concat(lp(bytes), lp(none))) });
  },
};

/** A queue in memory that nobody fails on; `stop` fires when all is done. */
function queueOf(bodies: readonly string[], stop: AbortController): Queue {
  const waiting = bodies.map((body): QueueMessage => ({ handle: body, body, receives: 1 }));
  let open = bodies.length;
  return {
    receive: async (most) => {
      if (waiting.length === 0) await pause(5);
      return waiting.splice(0, most);
    },
    hide: (messages, seconds) => {
      if (seconds < 60) waiting.push(...messages);
      return Promise.resolve();
    },
    remove: (messages) => {
      open -= messages.length;
      if (open === 0) stop.abort();
      return Promise.resolve();
    },
  };
}

async function measure(workers: number): Promise<number> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'strongroom-workers-'));
  try {
    const ids = { vaultId: 'ab'.repeat(16), tenantId: 'bench' };
    const ring = await LocalKeyRing.create({
      home,
      ...ids,
      passphrase: null,
      random: systemRandom,
    });
    for (const role of FIRST_ROLES) await ring.addSigner(role);
    const disk = new MemoryDisk(systemClock, trustFile(ring));
    const parts = { ring, random: systemRandom };
    await foundLog(disk.context(parts), { access: ACCESS, embedder: slow });
    const sessions = await Promise.all(
      Array.from({ length: workers }, () =>
        Session.over(disk.machine().context({ ...parts, turns: {} }), slow),
      ),
    );
    const stop = new AbortController();
    const bodies = Array.from({ length: DOCUMENTS }, (_, i) => `document-${i}.md`);
    const queue = queueOf(bodies, stop);
    const begin = performance.now();
    const ingest = { concurrency: 1 };
    await Promise.all(
      sessions.map((session) =>
        runWorker(
          { session, queue, source, access: ACCESS, ingest, batch: 10, batches: 1 },
          stop.signal,
        ),
      ),
    );
    const seconds = (performance.now() - begin) / 1000;
    const { ledger } = await Session.over(disk.machine().context(parts), slow);
    const live = [...ledger.documents()].filter(({ version }) => version === 1).length;
    if (live !== DOCUMENTS) throw new Error(`${live} of ${DOCUMENTS} documents have one version`);
    return DOCUMENTS / seconds;
  } finally {
    rmSync(home, { recursive: true });
  }
}

await measure(1);
const rates: { workers: number; perSecond: number }[] = [];
for (const workers of WORKERS) rates.push({ workers, perSecond: await measure(workers) });
const one = rates[0]?.perSecond ?? 1;
const rows = rates.map(({ workers, perSecond }) => {
  const times = perSecond / one;
  const share = Math.round((times / workers) * 100);
  return `| ${workers} | ${times.toFixed(1)} | ${share} % |`;
});
const table = ['| workers | times one worker | of linear |', '| ---: | ---: | ---: |', ...rows];
publish('workers', { documents: DOCUMENTS, latency: LATENCY, rates }, table.join('\n'));
