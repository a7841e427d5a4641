// SPDX-License-Identifier: Apache-2.0
// What the SDK leaves to its user: bodies that end in the middle, conflicts of writers, listings that do not advance.
import { setTimeout as pause } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { concat, fail, isStrongroomError } from '../core/index.ts';
import { awsCall, awsError } from './aws-error.ts';

/** Attempts beyond the SDK's own: answers that ended in the middle, and conflicts of concurrent writers. */
export const ATTEMPTS = 8;

/** Reads once more when an answer ended in the middle. Throws the typed errors of {@link awsError}. */
export async function again<T>(
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await awsCall('s3', read);
    } catch (error) {
      const isCut = isStrongroomError(error, 'SERVICE_UNREACHABLE') && error.details['cut'];
      if (isCut !== true || attempt === ATTEMPTS) throw error;
      await waitAfter(attempt, signal);
    }
  }
}

/** Waits between 0 and 50 ms, doubled by each attempt, at most 1.6 s. @throws {ABORTED} */
export async function waitAfter(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const longest = 50 * 2 ** Math.min(attempt, 5);
  const options = signal === undefined ? {} : { signal };
  await awsCall('s3', () => pause(Math.random() * longest, undefined, options));
}

/** The body of an answer, of which no more than `limit` bytes are kept. */
export async function bodyOf({ Body }: GetObjectCommandOutput, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of (Body ?? []) as AsyncIterable<Uint8Array>) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= limit) break;
    }
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Checksum mismatch'))
      throw fail('INTEGRITY', 'an object was altered on its way from the bucket');
    const known = awsError('s3', error);
    if (known.code === 'ABORTED') throw known;
    throw fail('SERVICE_UNREACHABLE', 'an answer ended before its end', { cut: true });
  }
  return concat(...parts);
}

/** The token of the next page. @throws {SERVICE_FAILED} for a server that gives the same page for ever */
export function nextPage(before: string | undefined, next: string | undefined): string | undefined {
  if (next !== undefined && next === before)
    throw fail('SERVICE_FAILED', 'a listing of the bucket does not advance');
  return next;
}
