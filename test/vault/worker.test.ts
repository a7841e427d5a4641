// Workers on a real queue protocol and real S3 requests, over a vault in memory that several machines share.
import { beforeEach, describe, expect, it } from 'vitest';
import { jobFor, SqsQueue, uriOfS3 } from '../../src/aws/index.ts';
import { runWorker } from '../../src/vault/index.ts';
import { testConnection } from '../support/aws/answering-server.ts';
import type { FakeS3 } from '../support/aws/fake-s3.ts';
import { enqueue, type FakeSqs } from '../support/aws/fake-sqs.ts';
import { expectRejection } from '../support/tampering.ts';
import { tinyEmbedder } from '../support/tiny-embedder.ts';
import { BUCKET, type WorkerWorld, workerWorlds } from '../support/worker-world.ts';

const NOTHING = new AbortController();
const current = workerWorlds();
let world: WorkerWorld;
let s3: FakeS3;
let sqs: FakeSqs;

beforeEach(() => {
  world = current();
  ({ s3, sqs } = world.services);
});

describe.each([
  ['without versions', null],
  ['with versions', 'Enabled' as const],
])('a worker on a bucket %s', (_how, versioning) => {
  beforeEach(() => {
    world.bucket.versioning = versioning;
  });

  it('ingests what is announced, and removes the messages', async () => {
    enqueue(
      sqs,
      'work',
      world.put('open/a b+c.md', 'text one'),
      world.put('open/b#1.md', 'text two'),
    );
    expect(await world.work()).toMatchObject({ messages: 2, done: 2, returned: 0, dead: 0 });
    expect(sqs.queues.get('work')).toEqual([]);
    expect(await world.texts()).toEqual({
      'open/a b+c.md': 'text one',
      'open/b%231.md': 'text two',
    });
  });

  it('makes one version of a change, however often it is told', async () => {
    const event = world.put('open/a.md', 'text one');
    enqueue(sqs, 'work', event, event);
    await world.work();
    enqueue(sqs, 'work', event);
    await world.work();
    expect(Object.values(await world.versions())).toEqual([1]);
  });

  it('never lets an older change win over a newer one, in any order', async () => {
    const events = [
      world.put('open/a.md', 'text one'),
      world.put('open/a.md', 'text two'),
      world.put('open/a.md', 'text three'),
    ];
    for (const at of [2, 0, 1]) {
      enqueue(sqs, 'work', events[at]!);
      await world.work();
      expect(await world.texts()).toEqual({ 'open/a.md': 'text three' });
    }
    expect(Object.values(await world.versions())).toEqual([1]);
  });

  it('deletes what was removed, also when that is told first', async () => {
    const created = world.put('open/a.md', 'text one');
    enqueue(sqs, 'work', created);
    await world.work();
    const removed = world.remove('open/a.md');
    enqueue(sqs, 'work', removed);
    await world.work();
    expect(await world.texts()).toEqual({});
    enqueue(sqs, 'work', created, removed);
    expect(await world.work()).toMatchObject({ done: 2 });
    expect(await world.texts()).toEqual({});
  });

  it('deletes what was removed while it was ingested, though the removal was told before', async () => {
    const created = world.put('open/a.md', 'text one');
    const reads = new Set<string>();
    s3.fault = ({ method, key }) => {
      // The object goes right after it was read; whoever works off the removal finds no document yet.
      if (method === 'GET' && key === 'open/a.md') reads.add(key);
      else if (reads.size > 0 && method === 'HEAD') world.bucket.objects.delete('open/a.md');
      return undefined;
    };
    enqueue(sqs, 'work', created);
    expect(await world.work()).toMatchObject({ done: 1 });
    expect(await world.texts()).toEqual({});
  });
});

describe('a worker', () => {
  it('takes jobs of our own, and changes of sidecars as changes of their documents', async () => {
    world.put('open/a.md', 'text one');
    enqueue(sqs, 'work', jobFor(uriOfS3(BUCKET, 'open/a.md')));
    await world.work();
    expect(await world.texts()).toEqual({ 'open/a.md': 'text one' });
    world.bucket.put('open/a.md', Buffer.from('text two'), {});
    enqueue(sqs, 'work', world.put('open/a.md.access.yaml', '{}'));
    await world.work();
    expect(await world.texts()).toEqual({ 'open/a.md': 'text two' });
  });

  it('puts messages that cannot be understood aside after some tries, with the reason alone', async () => {
    const junk = ['{', '{"Records":[]}', '{"v":"sr/job/v1","uri":"file:///etc/passwd"}'];
    enqueue(sqs, 'work', ...junk, JSON.stringify({ Event: 's3:TestEvent' }));
    let late = 0;
    sqs.now = () => Date.now() + late;
    for (let turn = 0; turn < 3; turn++, late += 60_000) await world.work({ tries: 3 });
    sqs.now = () => Date.now();
    expect(sqs.queues.get('work')).toEqual([]);
    const dead = sqs.queues.get('dead') ?? [];
    expect(dead.map(({ body }) => body).sort()).toEqual([...junk].sort());
    const reasons = dead.map(({ attributes }) => attributes['reason']?.StringValue);
    expect(reasons.sort()).toEqual(['MESSAGE_INVALID', 'MESSAGE_INVALID', 'USAGE']);
    expect(dead.map(({ attributes }) => Object.keys(attributes))).toEqual([
      ['reason'],
      ['reason'],
      ['reason'],
    ]);
  });

  it('gives documents that nobody may read, and broken ones, back and then aside', async () => {
    enqueue(sqs, 'work', world.put('secret/a.md', 'text'), world.put('open/a.json', '{"a":'));
    const report = await world.work({ tries: 1 });
    expect(report).toMatchObject({ done: 0, dead: 2 });
    expect(report.reasons).toEqual({ ACCESS_UNDECIDED: 1, SOURCE_MALFORMED: 1 });
    expect(await world.texts()).toEqual({});
  });

  it('gives everything back when a service fails, and puts nothing aside for that', async () => {
    enqueue(sqs, 'work', world.put('open/a.md', 'text one'));
    s3.fault = () => ({ refuse: 503, code: 'SlowDown' });
    const report = await world.work({ tries: 1 });
    expect(report).toMatchObject({ done: 0, dead: 0, returned: 1, reasons: { SERVICE_BUSY: 1 } });
    expect(sqs.queues.get('work')).toHaveLength(1);
  });

  it('finishes what is under way when it is told to stop, and gives back what takes too long', async () => {
    enqueue(sqs, 'work', world.put('open/a.md', 'text one'), world.put('open/b.md', 'text two'));
    const stop = new AbortController();
    s3.fault = ({ method }) => {
      if (method === 'GET') stop.abort();
      return undefined;
    };
    const session = await world.session();
    const done = await runWorker({ session, ...world.parts() }, stop.signal);
    expect(done).toMatchObject({ messages: 2, done: 2 });

    enqueue(sqs, 'work', world.put('open/c.md', 'text three'));
    const again = new AbortController();
    const slow = {
      ...tinyEmbedder(),
      embedDocuments: (_texts: readonly string[], { signal }: { signal?: AbortSignal } = {}) =>
        forever(again, signal),
    };
    const stuck = await world.session(slow);
    const returned = await runWorker(
      { session: stuck, ...world.parts(), grace: 0.05 },
      again.signal,
    );
    expect(returned).toMatchObject({ done: 0, returned: 1 });
    expect(Object.keys(returned.reasons)).toHaveLength(1);
    expect(sqs.queues.get('work')?.[0]?.visibleAt).toBeLessThanOrEqual(sqs.now());
  });

  it('hides its messages again while it works, so that nobody else gets them', async () => {
    enqueue(sqs, 'work', world.put('open/a.md', 'text one'));
    const slow = {
      ...tinyEmbedder(),
      embedDocuments: async (texts: readonly string[]) => {
        await until(() => sqs.calls.includes('ChangeMessageVisibilityBatch'));
        return tinyEmbedder().embedDocuments(texts);
      },
    };
    const session = await world.session(slow);
    sqs.calls.length = 0;
    expect(await world.work({ session, visibility: 0.3 })).toMatchObject({ done: 1 });
  });

  it('refuses a queue that is not there', async () => {
    const queue = new SqsQueue({ ...testConnection(sqs.url), queue: `${sqs.url}/0/none` });
    const session = await world.session();
    const running = runWorker({ session, ...world.parts(), queue }, NOTHING.signal);
    await expectRejection(running, 'SERVICE_MISSING');
  });
});

describe('many workers', () => {
  it('share the work: every document once, none twice', async () => {
    const keys = Array.from({ length: 24 }, (_, i) => `open/${i}.md`);
    enqueue(sqs, 'work', ...keys.map((key) => world.put(key, `text ${key}`)));
    const reports = await Promise.all([1, 2, 3, 4].map(() => world.work({ batch: 3 })));
    const done = reports.reduce((sum, report) => sum + report.done, 0);
    expect(done).toBe(24);
    expect(Object.keys(await world.texts()).sort()).toEqual([...keys].sort());
    expect(new Set(Object.values(await world.versions()))).toEqual(new Set([1]));
  });

  it('get the same message twice and make one version of it', async () => {
    const event = world.put('open/a.md', 'text one');
    enqueue(sqs, 'work', event, event, event, event);
    await Promise.all([1, 2, 3].map(() => world.work({ batch: 1 })));
    expect(Object.values(await world.versions())).toEqual([1]);
    expect(sqs.queues.get('work')).toEqual([]);
  });
});

/** Vectors that never come, after the worker was told to stop. */
function forever(stop: AbortController, signal: AbortSignal | undefined): Promise<never> {
  stop.abort();
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(new Error('the embedder was cancelled'));
    });
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
