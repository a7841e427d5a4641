// SPDX-License-Identifier: Apache-2.0
// What messages say: event notifications of S3 (event structure 2.x), and jobs of our own.
import { z } from 'zod';
import { fail } from '../core/index.ts';
import type { Change } from '../ingest/index.ts';
import { documentOf, s3Uri, uriOfS3 } from './s3-uri.ts';

/** Version label of our own jobs. */
const JOB = 'sr/job/v1';
/** A sequencer is hexadecimal, of no fixed length; shorter ones are compared as if zeros followed (S3 user guide). */
const SEQUENCER_DIGITS = 48;

const record = z.object({
  eventSource: z.literal('aws:s3'),
  eventName: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({
      key: z.string().min(1),
      eTag: z.string().optional(),
      versionId: z.string().optional(),
      sequencer: z.string().regex(/^[0-9A-Fa-f]{1,48}$/),
    }),
  }),
});
const notification = z.object({ Records: z.array(record).min(1).max(100) });
const greeting = z.object({ Event: z.literal('s3:TestEvent') });
const job = z.strictObject({ v: z.literal(JOB), uri: z.string().min(1).max(4096) });

/** The body of a message that asks for one document to be looked at. */
export function jobFor(uri: string): string {
  return JSON.stringify({ v: JOB, uri });
}

/**
 * What a message says of documents; nothing for the message that S3 sends when notifications are set up.
 * @throws {MESSAGE_INVALID}
 */
export function changesIn(body: string): readonly Change[] {
  const value = parsed(body);
  if (greeting.safeParse(value).success) return [];
  const asked = job.safeParse(value);
  if (asked.success) {
    const { bucket, key } = documentOf(s3Uri(asked.data.uri));
    return [{ uri: uriOfS3(bucket, key), kind: 'look', seq: null, revision: null }];
  }
  const events = notification.safeParse(value);
  if (!events.success) throw invalid(events.error);
  return events.data.Records.map(changeOf);
}

function changeOf({ eventName, s3 }: z.infer<typeof record>): Change {
  const { bucket, object } = s3;
  const key = decoded(object.key);
  const named = documentOf({ bucket: bucket.name, key });
  const uri = uriOfS3(named.bucket, named.key);
  // What stands beside a document has positions of its own.
  if (named.key !== key) return { uri, kind: 'look', seq: null, revision: null };
  const seq = BigInt(`0x${object.sequencer.padEnd(SEQUENCER_DIGITS, '0')}`).toString();
  if (/^ObjectRemoved:|^LifecycleExpiration:/.test(eventName)) {
    return { uri, kind: 'removed', seq, revision: null };
  }
  if (!/^Object(?:Created|Restore):/.test(eventName)) {
    return { uri, kind: 'look', seq: null, revision: null };
  }
  return { uri, kind: 'created', seq, revision: object.versionId ?? object.eTag ?? null };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw invalid();
  }
}

/** Keys in notifications are encoded as in forms. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    throw invalid();
  }
}

function invalid(cause?: unknown): Error {
  // The cause would quote the message.
  const field =
    cause instanceof z.ZodError ? (cause.issues[0]?.path.map(String).join('.') ?? '') : '';
  return fail('MESSAGE_INVALID', 'a message of the queue is no event of S3 and no job', { field });
}
