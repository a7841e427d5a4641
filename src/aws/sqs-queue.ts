// SPDX-License-Identifier: Apache-2.0
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetters, Queue, QueueMessage } from '../ingest/index.ts';
import { awsCall } from './aws-error.ts';
import { type AwsConnection, awsClient } from './connection.ts';

/** Most messages of one request. */
const BATCH = 10;
/** Seconds that a request waits for messages: a worker that is told to stop waits for its last request. */
const LONG_POLL = 5;
/** Room for an answer that waits for messages. */
const WAIT_LIMIT = (LONG_POLL + 20) * 1000;

/** How to use a queue. */
export interface SqsOptions extends AwsConnection {
  /** Its URL. */
  readonly queue: string;
  /** Seconds for which a received message is hidden from others; default 60. */
  readonly visibility?: number;
  /** Seconds that a request waits for messages, 0..20; default 5. */
  readonly wait?: number;
}

/** A queue of SQS, standard or FIFO. */
export class SqsQueue implements Queue, DeadLetters {
  readonly #client: SQSClient;
  readonly #options: SqsOptions;
  readonly #url: { readonly QueueUrl: string };

  constructor(options: SqsOptions) {
    const { requestTimeout = WAIT_LIMIT, endpoint } = options;
    this.#options = options;
    this.#url = { QueueUrl: options.queue };
    // The SDK would take the host of the queue's URL, past the endpoint that the network allows.
    const extra = endpoint === undefined ? {} : { useQueueUrlAsEndpoint: false };
    this.#client = awsClient(SQSClient, { ...options, requestTimeout }, extra);
  }

  async receive(most: number): Promise<readonly QueueMessage[]> {
    const { visibility = 60, wait = LONG_POLL } = this.#options;
    const receive = new ReceiveMessageCommand({
      ...this.#url,
      MaxNumberOfMessages: Math.min(most, BATCH),
      WaitTimeSeconds: wait,
      VisibilityTimeout: visibility,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    const { Messages = [] } = await awsCall('sqs', () => this.#client.send(receive));
    return Messages.map(({ ReceiptHandle = '', Body = '', Attributes }) => ({
      handle: ReceiptHandle,
      body: Body,
      receives: Number(Attributes?.ApproximateReceiveCount ?? 1),
    }));
  }

  async hide(messages: readonly QueueMessage[], seconds: number): Promise<void> {
    await this.#inBatches(messages, (entries) => {
      const timed = entries.map((entry) => ({ ...entry, VisibilityTimeout: seconds }));
      return this.#client.send(
        new ChangeMessageVisibilityBatchCommand({ ...this.#url, Entries: timed }),
      );
    });
  }

  async remove(messages: readonly QueueMessage[]): Promise<void> {
    await this.#inBatches(messages, (entries) =>
      this.#client.send(new DeleteMessageBatchCommand({ ...this.#url, Entries: entries })),
    );
  }

  async put(message: QueueMessage, reason: string): Promise<void> {
    const attributes = { reason: { DataType: 'String', StringValue: reason } };
    const send = new SendMessageCommand({
      ...this.#url,
      MessageBody: message.body,
      MessageAttributes: attributes,
    });
    await awsCall('sqs', () => this.#client.send(send));
  }

  /** Sends messages. */
  async send(bodies: readonly string[]): Promise<void> {
    for (let at = 0; at < bodies.length; at += BATCH) {
      const Entries = bodies
        .slice(at, at + BATCH)
        .map((MessageBody, i) => ({ Id: String(i), MessageBody }));
      await awsCall('sqs', () =>
        this.#client.send(new SendMessageBatchCommand({ ...this.#url, Entries })),
      );
    }
  }

  /** Messages that wait and messages that are hidden, as the service estimates them. */
  async backlog(): Promise<{ readonly waiting: number; readonly hidden: number }> {
    const waiting = 'ApproximateNumberOfMessages';
    const hidden = 'ApproximateNumberOfMessagesNotVisible';
    const get = new GetQueueAttributesCommand({ ...this.#url, AttributeNames: [waiting, hidden] });
    const { Attributes } = await awsCall('sqs', () => this.#client.send(get));
    return {
      waiting: Number(Attributes?.[waiting] ?? 0),
      hidden: Number(Attributes?.[hidden] ?? 0),
    };
  }

  /** Ends the connections. */
  close(): void {
    this.#client.destroy();
  }

  /** Entries that fail one by one are those of handles that have run out: their messages show up again by themselves. */
  async #inBatches(
    messages: readonly QueueMessage[],
    send: (entries: { Id: string; ReceiptHandle: string }[]) => Promise<unknown>,
  ): Promise<void> {
    for (let at = 0; at < messages.length; at += BATCH) {
      const entries = messages
        .slice(at, at + BATCH)
        .map(({ handle }, i) => ({ Id: String(i), ReceiptHandle: handle }));
      await awsCall('sqs', () => send(entries));
    }
  }
}
