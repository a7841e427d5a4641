// SPDX-License-Identifier: Apache-2.0
// A vault that several machines share, a bucket that tells of its changes, and a queue: real protocols, stores in memory.
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type AccessFile, parseAccessFile } from '../../src/access/index.ts';
import { S3Documents, SqsQueue } from '../../src/aws/index.ts';
import { systemRandom } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';
import { LocalKeyRing } from '../../src/keys/index.ts';
import {
  runWorker,
  Session,
  Vault,
  type WorkerOptions,
  type WorkerReport,
} from '../../src/vault/index.ts';
import { FIRST_ROLES, foundLog, trustFile } from '../../src/vault/inside.ts';
import { testConnection } from './aws/answering-server.ts';
import { FakeBucket } from './aws/fake-s3-buckets.ts';
import { type FakeS3, startFakeS3 } from './aws/fake-s3.ts';
import { type FakeSqs, startFakeSqs } from './aws/fake-sqs.ts';
import { FixedClock } from './fixed-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { sharedTemporaryFolder } from './temporary-folder.ts';
import { tinyEmbedder } from './tiny-embedder.ts';

/** The bucket of the documents. */
export const BUCKET = 'acme-handbook';
const ACCESS: AccessFile = parseAccessFile(
  JSON.stringify({
    v: 1,
    default: 'refuse',
    owner: 'ada',
    people: { ada: { actions: 'all' } },
    rules: [{ path: `s3://${BUCKET}/open/**`, allow: ['everyone'] }],
  }),
);

/** The services that a test file's workers use, and a vault that is founded anew for each test. */
export interface WorkerServices {
  readonly s3: FakeS3;
  readonly sqs: FakeSqs;
  readonly ring: LocalKeyRing;
}

/** Starts services for a test file. @returns the world of the running test */
export function workerWorlds(): () => WorkerWorld {
  const folder = sharedTemporaryFolder();
  let services: WorkerServices;
  let template: MemoryDisk;
  let world: WorkerWorld;
  beforeAll(async () => {
    const ring = await LocalKeyRing.create({
      ...{ home: folder, vaultId: 'ab'.repeat(16), tenantId: 'acme' },
      ...{ passphrase: null, random: systemRandom },
    });
    for (const role of FIRST_ROLES) await ring.addSigner(role);
    services = { s3: await startFakeS3(), sqs: await startFakeSqs(), ring };
    template = new MemoryDisk(new FixedClock(), trustFile(ring));
    const context = template.context({ ring, random: systemRandom });
    await foundLog(context, { access: ACCESS, embedder: tinyEmbedder() });
  });
  afterAll(async () => {
    await services.s3.close();
    await services.sqs.close();
  });
  beforeEach(async () => {
    services.s3.fault = null;
    services.sqs.refuse.clear();
    world = new WorkerWorld(services, await template.copy());
  });
  return () => world;
}

/** One vault with its queue and bucket, and the sequence of changes that the bucket tells. */
export class WorkerWorld {
  readonly services: WorkerServices;
  readonly bucket = new FakeBucket(false);
  readonly disk: MemoryDisk;
  #changes = 0x0055aed6dcd90281e5n;

  constructor(services: WorkerServices, disk: MemoryDisk) {
    const { s3, sqs } = services;
    this.services = services;
    this.disk = disk;
    s3.buckets.set(BUCKET, this.bucket);
    sqs.queues.clear();
    sqs.queue('work');
    sqs.queue('dead');
  }

  /** Writes an object. @returns the message that tells of it */
  put(key: string, text: string): string {
    const { etag, versionId } = this.bucket.put(key, Buffer.from(text), {});
    const version = this.bucket.versioning === null ? {} : { versionId };
    return this.#event('ObjectCreated:Put', key, { eTag: etag.replaceAll('"', ''), ...version });
  }

  /** Removes an object. @returns the message that tells of it */
  remove(key: string): string {
    this.bucket.delete(key, null);
    return this.#event('ObjectRemoved:Delete', key, {});
  }

  /** A process on a machine of its own. */
  async session(embedder: Embedder = tinyEmbedder()): Promise<Session> {
    const [turns, { ring }] = [{ patience: 200 }, this.services];
    const context = this.disk.machine().context({ ring, random: systemRandom, turns });
    return Session.over(context, embedder);
  }

  /** Runs a worker until the queue shows no message any more. */
  async work(more: Partial<WorkerOptions> = {}): Promise<WorkerReport> {
    const session = more.session ?? (await this.session());
    const total = { messages: 0, done: 0, returned: 0, dead: 0, reasons: {} };
    while (this.#isWaiting()) {
      const stop = new AbortController();
      let quiet = 0;
      const timer = setInterval(() => {
        quiet = this.#isWaiting() ? 0 : quiet + 1;
        // Whoever has just received messages has begun by then.
        if (quiet === 10) stop.abort();
      }, 20);
      const report = await runWorker({ session, ...this.parts(), ...more }, stop.signal);
      clearInterval(timer);
      for (const count of ['messages', 'done', 'returned', 'dead'] as const) {
        total[count] += report[count];
      }
      total.reasons = { ...total.reasons, ...report.reasons };
    }
    return total;
  }

  #isWaiting(): boolean {
    const { sqs } = this.services;
    return sqs.queues.get('work')?.some(({ visibleAt }) => visibleAt <= sqs.now()) ?? false;
  }

  /** What a worker works with, but for the session. */
  parts(): Omit<WorkerOptions, 'session'> {
    const { sqs, s3 } = this.services;
    const queue = new SqsQueue({ ...testConnection(sqs.url), queue: sqs.queue('work') });
    const deadLetters = new SqsQueue({ ...testConnection(sqs.url), queue: sqs.queue('dead') });
    const source = new S3Documents(testConnection(s3.url));
    return { queue, deadLetters, source, access: ACCESS };
  }

  /** What a reader finds: text by key. */
  async texts(): Promise<Record<string, string>> {
    const vault = Vault.over(await this.session());
    const caller = { id: 'ada', identity: 'impersonated' } as const;
    const { passages } = await vault.search({ caller, query: 'text', k: 50 });
    return Object.fromEntries(
      passages.map(({ source, text }) => [source.uri.slice(`s3://${BUCKET}/`.length), text.trim()]),
    );
  }

  /** Versions of all documents by id. */
  async versions(): Promise<Record<string, number>> {
    const { ledger } = await this.session();
    return Object.fromEntries([...ledger.documents()].map((doc) => [doc.docId, doc.version]));
  }

  #event(eventName: string, key: string, facts: object): string {
    this.#changes += 1n;
    const object = { key: encodeURIComponent(key).replaceAll('%20', '+'), size: 1, ...facts };
    const sequencer = this.#changes.toString(16).toUpperCase().padStart(18, '0');
    const s3Facts = { bucket: { name: BUCKET }, object: { ...object, sequencer } };
    return JSON.stringify({ Records: [{ eventSource: 'aws:s3', eventName, s3: s3Facts }] });
  }
}
