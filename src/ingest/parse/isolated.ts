// SPDX-License-Identifier: Apache-2.0
// Formats whose readers are large foreign code run in a thread of their own, with limits on time and memory: a hostile
// file ends its thread and nothing else.
import { Worker } from 'node:worker_threads';
import { fail, type ErrorCode } from '../../core/index.ts';
import type { FindingKind } from '../../guard/index.ts';
import { type BlockKind, MAX_SOURCE_BYTES, type ParseOptions, type Source } from './document.ts';

/** What a reader in a thread is asked to read. */
export interface IsolatedTask {
  readonly format: 'docx' | 'epub' | 'mail' | 'odt' | 'pdf';
  readonly bytes: Uint8Array;
  /** Largest text, and largest sum of unpacked parts. */
  readonly maxBytes: number;
}

/** A block as a thread gives it. */
export interface IsolatedBlock {
  readonly kind: BlockKind;
  readonly text: string;
  readonly level?: number;
  /** Page number from 1. */
  readonly page?: number;
}

/** A file inside a file. */
export interface IsolatedPart {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** What a thread has read: blocks, or HTML that is still to be read, or parts of a message. */
export interface IsolatedReading {
  readonly title: string | null;
  readonly blocks?: readonly IsolatedBlock[];
  readonly html?: string;
  readonly parts?: readonly IsolatedPart[];
  /** Addresses of a message. */
  readonly correspondents?: readonly string[];
  readonly findings: readonly { readonly kind: FindingKind; readonly count: number }[];
}

/** A thread's answer: a reading, or the code of a typed refusal. */
export type IsolatedAnswer =
  | { readonly ok: true; readonly reading: IsolatedReading }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** How much a thread may use. */
export interface IsolatedLimits {
  /** Milliseconds from start to answer; default 60,000. */
  readonly milliseconds?: number;
  /** Bytes by which the process may grow meanwhile; default 1 GiB. */
  readonly bytes?: number;
  readonly signal?: AbortSignal;
}

const MILLISECONDS = 60_000;
const BYTES = 2 ** 30;
const HEAP_MB = 512;
/** Milliseconds between two looks at the memory: a thread allocates some hundred megabytes in that time at most. */
const WATCH = 50;

// Beside this file, under the ending that it has in sources or in the built package.
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? 'thread.ts' : 'thread.js', import.meta.url);

/**
 * Reads a file in a new thread.
 * @throws {SOURCE_TOO_LARGE} when it takes more time or memory than allowed, or its text is too long
 * @throws {SOURCE_MALFORMED} when the reader of the format gives up, {SOURCE_EMPTY}, {ABORTED}
 */
export async function readIsolated(
  task: IsolatedTask,
  { milliseconds = MILLISECONDS, bytes = BYTES, signal }: IsolatedLimits = {},
): Promise<IsolatedReading> {
  if (signal?.aborted === true) throw fail('ABORTED', 'the operation was cancelled');
  const worker = new Worker(ENTRY, {
    workerData: task,
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MB,
      maxYoungGenerationSizeMb: 64,
      stackSizeMb: 4,
    },
  });
  const limits = { milliseconds, bytes, ...(signal !== undefined && { signal }) };
  try {
    const answer = await answerOf(worker, limits);
    if (!answer.ok) throw fail(answer.code, answer.message);
    return answer.reading;
  } finally {
    await worker.terminate();
  }
}

/**
 * Reads a source file in a new thread, under the limits of parsing.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_EMPTY} and what {@link readIsolated} throws
 */
export function readForeign(
  format: IsolatedTask['format'],
  { bytes }: Source,
  { maxBytes = MAX_SOURCE_BYTES, signal }: ParseOptions,
): Promise<IsolatedReading> {
  if (bytes.length > maxBytes) {
    const details = { bytes: bytes.length, limit: maxBytes };
    throw fail('SOURCE_TOO_LARGE', 'a file is larger than the limit', details);
  }
  if (bytes.length === 0) throw fail('SOURCE_EMPTY', 'a file holds nothing');
  return readIsolated({ format, bytes, maxBytes }, signal === undefined ? {} : { signal });
}

function answerOf(
  worker: Worker,
  { milliseconds, bytes, signal }: IsolatedLimits & { milliseconds: number; bytes: number },
): Promise<IsolatedAnswer> {
  return new Promise((resolve, reject) => {
    const started = process.memoryUsage.rss();
    const end = (outcome: Error | IsolatedAnswer): void => {
      clearTimeout(deadline);
      clearInterval(watch);
      signal?.removeEventListener('abort', abort);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const abort = (): void => {
      end(fail('ABORTED', 'the operation was cancelled'));
    };
    const deadline = setTimeout(() => {
      end(fail('SOURCE_TOO_LARGE', 'reading a file takes more time than is allowed'));
    }, milliseconds);
    const watch = setInterval(() => {
      if (process.memoryUsage.rss() - started > bytes) end(tooMuchMemory());
    }, WATCH);
    signal?.addEventListener('abort', abort);
    worker.once('message', (answer: IsolatedAnswer) => {
      end(answer);
    });
    // Out of its heap, or an error that the reader did not expect: in both cases the file is to blame.
    worker.once('error', (error: Error & { code?: string }) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      end(isMemory ? tooMuchMemory() : malformed());
    });
    worker.once('exit', () => {
      end(malformed());
    });
  });
}

function tooMuchMemory(): Error {
  return fail('SOURCE_TOO_LARGE', 'reading a file takes more memory than is allowed');
}

function malformed(): Error {
  return fail('SOURCE_MALFORMED', 'the file cannot be read as what its name says');
}
