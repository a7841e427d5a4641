// What the code really calls, recorded from runs against the services of tests, is allowed for those who run it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AwsCall,
  type Duty,
  jobFor,
  S3Documents,
  SqsQueue,
  uriOfS3,
} from '../../../src/aws/index.ts';
import { parseAccessFile } from '../../../src/access/index.ts';
import { runWorker } from '../../../src/vault/index.ts';
import { permissionsOf } from '../../support/aws/aws-actions.ts';
import { testConnection } from '../../support/aws/answering-server.ts';
import { FakeBucket } from '../../support/aws/fake-s3-buckets.ts';
import { type FakeS3, startFakeS3 } from '../../support/aws/fake-s3.ts';
import { enqueue, type FakeSqs, startFakeSqs } from '../../support/aws/fake-sqs.ts';
import { homeAt, TEST_ACCESS } from '../../support/aws/s3-home.ts';
import { DEAD_LETTERS, decide, DEPLOYMENT_FILE, KEY, QUEUE } from '../../support/iam-world.ts';
import { sharedTemporaryFolder } from '../../support/temporary-folder.ts';
import { OFFICE_ACCESS, VaultWorld } from '../../support/vault-world.ts';

const { buckets, prefix } = DEPLOYMENT_FILE;
let s3: FakeS3;
let sqs: FakeSqs;
let world: VaultWorld;
let calls: AwsCall[] = [];
const onCall = (call: AwsCall): void => {
  calls.push(call);
};
const folder = sharedTemporaryFolder();

beforeAll(async () => {
  [s3, sqs] = [await startFakeS3(), await startFakeSqs()];
  for (const name of Object.values(buckets)) s3.buckets.set(name, new FakeBucket(false));
  s3.buckets.set(buckets.objects, new FakeBucket(true));
  s3.buckets.set('acme-handbook', new FakeBucket(false));
  const home = homeAt(s3.url, buckets, prefix);
  for (const part of [home.objects, home.keyTable, home.locks]) part.s3.kmsKeyId = KEY;
  const services = { ...home, objects: { s3: { ...home.objects.s3, objectLock: LOCKED } } };
  const aws = { ...TEST_ACCESS, onCall };
  world = await VaultWorld.founded({ tenantId: 'acme', services, aws }, folder);
});

const LOCKED = { mode: 'GOVERNANCE', days: 1 } as const;

afterAll(async () => {
  await s3.close();
  await sqs.close();
});

/** The calls of some work, once each, that no duty of the process allows. */
async function refused(duties: readonly Duty[], work: () => Promise<unknown>): Promise<string[]> {
  calls = [];
  await work();
  const arn = (url: string): string => (url.endsWith('/dead') ? DEAD_LETTERS : QUEUE);
  const wanted = new Map(
    calls
      .flatMap((call) => permissionsOf(call, arn))
      .map((request) => [JSON.stringify(request), request]),
  );
  expect(wanted.size).toBeGreaterThan(3);
  const left: string[] = [];
  for (const [text, request] of wanted) {
    const principals = duties.map((duty) => decide(duty, request));
    if (!(await Promise.all(principals)).includes('Allowed')) left.push(text);
  }
  return left;
}

/** Recorded calls of an operation on keys that begin so. */
function countOf(operation: string, start: string): number {
  return calls.filter((call) => {
    const { Key = '' } = call.input as { Key?: string };
    return call.operation === operation && Key.startsWith(start);
  }).length;
}

describe('calls that were recorded', () => {
  it('of founding a vault are those of an administrator who runs a sequencer', async () => {
    const recorded = [...calls];
    const replayed = (): Promise<unknown> => {
      calls = recorded;
      return Promise.resolve();
    };
    expect(await refused(['administrator', 'sequencer'], replayed)).toEqual([]);
  });

  it('of a worker are those of ingestion and sequencing, and of its queues', async () => {
    const access = parseAccessFile(
      JSON.stringify({
        ...OFFICE_ACCESS,
        rules: [{ path: 's3://acme-handbook/**', allow: ['staff'] }],
      }),
    );
    const bucket = s3.buckets.get('acme-handbook');
    for (let i = 0; i < 3; i++) bucket?.put(`public/${i}.md`, Buffer.from(`# News ${i}`), {});
    const connection = { ...testConnection(s3.url), onCall };
    const queue = new SqsQueue({ ...testConnection(sqs.url), onCall, queue: sqs.queue('work') });
    const deadLetters = new SqsQueue({
      ...testConnection(sqs.url),
      onCall,
      queue: sqs.queue('dead'),
    });
    const work = (): Promise<unknown> =>
      world.use(async ({ session }) => {
        enqueue(
          sqs,
          'work',
          ...[0, 1, 2].map((i) => jobFor(uriOfS3('acme-handbook', `public/${i}.md`))),
          '{',
        );
        const stop = new AbortController();
        const options = { session, queue, deadLetters, access, tries: 1 };
        const source = new S3Documents(connection);
        const onBatch = (): void => stop.abort();
        return runWorker({ ...options, source, onBatch }, stop.signal);
      });
    expect(await refused(['ingest', 'sequencer'], work)).toEqual([]);
    expect(sqs.queues.get('dead')).not.toEqual([]);
    // What docs/operations.md multiplies by prices.
    expect([countOf('HeadObject', 'public/'), countOf('GetObject', 'public/')]).toEqual([6, 3]);
    const written = ['rag/obj/doc/', 'rag/dek/acme/doc/'].map((place) =>
      countOf('PutObject', place),
    );
    expect(written).toEqual([3, 3]);
    const operations = new Set(calls.map(({ operation }) => operation));
    expect([...operations]).toEqual(
      expect.arrayContaining(['ReceiveMessage', 'SendMessage', 'HeadObject']),
    );
    // A worker without the duty of sequencing could not commit.
    s3.buckets.get('acme-handbook')?.put('public/0.md', Buffer.from('# News once more'), {});
    expect(await refused(['ingest'], work)).toContainEqual(expect.stringContaining('/lock/acme'));
  });

  it('of a reader are those of retrieval alone', async () => {
    const read = async (): Promise<void> => {
      expect(await world.finds('ben', 'news')).not.toEqual([]);
    };
    expect(await refused(['retriever'], read)).toEqual([]);
  });

  it('of erasing and of changes of people are those of an administrator who runs a sequencer', async () => {
    const work = (): Promise<unknown> =>
      world.use(async (vault) => {
        await vault.erase('s3://acme-handbook/public/0.md', 'asked for', 's3');
        await vault.setAccess(
          parseAccessFile(JSON.stringify({ ...OFFICE_ACCESS, groups: {}, rules: [] })),
        );
      });
    expect(await refused(['administrator', 'sequencer'], work)).toEqual([]);
    // Without the administrator's rights no key is destroyed.
    const erase = (): Promise<unknown> =>
      world.use((vault) => vault.erase('s3://acme-handbook/public/1.md', 'asked for', 's3'));
    expect(await refused(['ingest', 'sequencer', 'retriever'], erase)).toContainEqual(
      expect.stringContaining('/dek/acme/doc/'),
    );
  });
});
