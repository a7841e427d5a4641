// SPDX-License-Identifier: Apache-2.0
// A queue service for tests: the awsJson 1.0 protocol for the real SDK client, standard queues alone. Time is the test's.
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf, type RunningServer, serve } from './answering-server.ts';

/** A message as the service keeps it. */
export interface FakeMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, { readonly StringValue?: string }>>;
  receives: number;
  /** The only handle that counts; another receipt makes another one. */
  handle: string | null;
  visibleAt: number;
}

/** A running queue service of tests. */
export interface FakeSqs extends RunningServer {
  readonly queues: Map<string, FakeMessage[]>;
  /** Operations that were asked for, in order. */
  readonly calls: string[];
  /** Milliseconds. */
  now: () => number;
  /** Operations that are refused for now, and the error's name. */
  readonly refuse: Map<string, string>;
  /** URL of a queue, which is made when it is not there. */
  queue(name: string): string;
}

/** Seconds that a request waits for messages at most: no test waits longer. */
const LONGEST_POLL = 0.2;

type Input = Readonly<Record<string, unknown>>;
interface Entry {
  readonly Id: string;
  readonly ReceiptHandle?: string;
  readonly VisibilityTimeout?: number;
  readonly MessageBody?: string;
}

/** Starts a service without queues on a free port. */
export async function startFakeSqs(): Promise<FakeSqs> {
  const server = await serve((request, response) => void answer(fake, request, response));
  const fake: FakeSqs = {
    ...server,
    queues: new Map(),
    calls: [],
    now: () => Date.now(),
    refuse: new Map(),
    queue: (name) => {
      if (!fake.queues.has(name)) fake.queues.set(name, []);
      return `${server.url}/000000000000/${name}`;
    },
  };
  return fake;
}

/** Puts messages into a queue, as a sender does. */
export function enqueue(fake: FakeSqs, name: string, ...bodies: readonly string[]): void {
  fake.queue(name);
  for (const body of bodies) add(fake.queues.get(name) ?? [], body, {}, fake.now());
}

async function answer(
  fake: FakeSqs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request).catch(() => Buffer.alloc(0));
  const [, operation = ''] = String(request.headers['x-amz-target']).split('.');
  fake.calls.push(operation);
  const reply = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(value));
  };
  const refused = fake.refuse.get(operation);
  if (refused !== undefined) {
    reply(refused === 'ServiceUnavailable' ? 503 : 400, { __type: `com.amazonaws.sqs#${refused}` });
    return;
  }
  const input = JSON.parse(body.toString()) as Input;
  const messages = fake.queues.get(String(input['QueueUrl']).split('/').at(-1) ?? '');
  if (messages === undefined) {
    reply(400, { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'm' });
    return;
  }
  reply(200, await dispatch(fake, messages, operation, input));
}

async function dispatch(
  fake: FakeSqs,
  messages: FakeMessage[],
  operation: string,
  input: Input,
): Promise<object> {
  const entries = (input['Entries'] ?? []) as Entry[];
  switch (operation) {
    case 'ReceiveMessage':
      return receive(fake, messages, input);
    case 'DeleteMessageBatch':
      return each(entries, ({ ReceiptHandle }) => {
        const at = held(messages, ReceiptHandle);
        if (at !== null) messages.splice(messages.indexOf(at), 1);
        return at !== null;
      });
    case 'ChangeMessageVisibilityBatch':
      return each(entries, ({ ReceiptHandle, VisibilityTimeout = 0 }) => {
        const at = held(messages, ReceiptHandle);
        if (at !== null) at.visibleAt = fake.now() + VisibilityTimeout * 1000;
        return at !== null;
      });
    case 'SendMessage': {
      const text = String(input['MessageBody']);
      add(
        messages,
        text,
        (input['MessageAttributes'] ?? {}) as FakeMessage['attributes'],
        fake.now(),
      );
      return { MessageId: randomUUID(), MD5OfMessageBody: md5(text) };
    }
    case 'SendMessageBatch':
      for (const { MessageBody = '' } of entries) add(messages, MessageBody, {}, fake.now());
      return {
        Successful: entries.map(({ Id, MessageBody = '' }) => ({
          Id,
          MessageId: randomUUID(),
          MD5OfMessageBody: md5(MessageBody),
        })),
      };
    case 'GetQueueAttributes': {
      const hidden = messages.filter(({ visibleAt }) => visibleAt > fake.now()).length;
      return {
        Attributes: {
          ApproximateNumberOfMessages: String(messages.length - hidden),
          ApproximateNumberOfMessagesNotVisible: String(hidden),
        },
      };
    }
    default:
      throw new Error(`the queue service of tests does not know ${operation}`);
  }
}

async function receive(fake: FakeSqs, messages: FakeMessage[], input: Input): Promise<object> {
  const polled = Math.min(Number(input['WaitTimeSeconds'] ?? 0), LONGEST_POLL);
  const visible = (): FakeMessage[] => messages.filter(({ visibleAt }) => visibleAt <= fake.now());
  for (let waited = 0; visible().length === 0 && waited < polled; waited += 0.01) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const taken = visible().slice(0, Number(input['MaxNumberOfMessages'] ?? 1));
  for (const message of taken) {
    message.receives += 1;
    message.handle = randomUUID();
    message.visibleAt = fake.now() + Number(input['VisibilityTimeout'] ?? 30) * 1000;
  }
  return {
    Messages: taken.map(({ body, handle, receives }) => ({
      MessageId: randomUUID(),
      Body: body,
      MD5OfBody: md5(body),
      ReceiptHandle: handle,
      Attributes: { ApproximateReceiveCount: String(receives) },
    })),
  };
}

/** A message whose handle still counts. */
function held(messages: readonly FakeMessage[], handle: string | undefined): FakeMessage | null {
  return messages.find((message) => message.handle === handle) ?? null;
}

function each(entries: readonly Entry[], work: (entry: Entry) => boolean): object {
  const done = entries.map((entry) => ({ Id: entry.Id, isDone: work(entry) }));
  return {
    Successful: done.filter(({ isDone }) => isDone).map(({ Id }) => ({ Id })),
    Failed: done
      .filter(({ isDone }) => !isDone)
      .map(({ Id }) => ({ Id, SenderFault: true, Code: 'ReceiptHandleIsInvalid' })),
  };
}

function add(
  messages: FakeMessage[],
  body: string,
  attributes: FakeMessage['attributes'],
  visibleAt: number,
): void {
  messages.push({ body, attributes, receives: 0, handle: null, visibleAt });
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
