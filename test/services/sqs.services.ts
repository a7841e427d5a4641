// SPDX-License-Identifier: Apache-2.0
// The queue adapter against a service that Strongroom has not written.
import { randomBytes } from 'node:crypto';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { SqsQueue } from '../../src/aws/index.ts';

const endpoint = process.env['STRONGROOM_TEST_MINISTACK'];
const connection = {
  region: 'us-east-1',
  endpoint: endpoint ?? '',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

async function newQueue(): Promise<SqsQueue> {
  const client = new SQSClient(connection);
  const name = `strongroom-${randomBytes(6).toString('hex')}`;
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name }));
  client.destroy();
  return new SqsQueue({ ...connection, queue: QueueUrl, wait: 1, visibility: 30 });
}

describe.skipIf(endpoint === undefined)('a queue of SQS (STRONGROOM_TEST_MINISTACK)', () => {
  it('hands a message to one worker, counts receipts, and loses what is removed', async () => {
    const queue = await newQueue();
    await queue.send(Array.from({ length: 12 }, (_, i) => `message ${i}`));
    expect(await queue.backlog()).toMatchObject({ waiting: 12, hidden: 0 });
    const first = [...(await queue.receive(10)), ...(await queue.receive(10))];
    expect(new Set(first.map(({ body }) => body)).size).toBe(12);
    expect(await queue.receive(10)).toEqual([]);
    await queue.remove(first.slice(1));
    await queue.hide(first.slice(0, 1), 0);
    const [again] = await queue.receive(10);
    expect(again).toMatchObject({ body: first[0]?.body, receives: 2 });
    await queue.put({ handle: '', body: 'dead', receives: 1 }, 'MESSAGE_INVALID');
    expect((await queue.receive(10)).map(({ body }) => body)).toEqual(['dead']);
    queue.close();
  });
});
