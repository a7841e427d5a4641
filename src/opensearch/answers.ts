// SPDX-License-Identifier: Apache-2.0
// Answers of the engine, read without trust: what is not there, or not a number, counts as nothing or as a failure.
import { type Hex, isDocId } from '../core/index.ts';
import { serviceError } from './service-error.ts';
import type { Counted } from './statistics.ts';

/** What the engine claims to hold of a document version. */
export interface PresentDocument {
  readonly leafHash: Hex;
  readonly docId: string;
  readonly rows: number;
  /** -1 when its rows stand in several classes. */
  readonly classNo: number;
  /** Whether all rows are there that were added. */
  readonly isWhole: boolean;
}

interface Answer {
  readonly timed_out?: unknown;
  readonly status?: unknown;
  readonly error?: { readonly type?: unknown };
  readonly _shards?: { readonly failed?: unknown };
  readonly hits?: { readonly hits?: unknown; readonly total?: { readonly value?: unknown } };
  readonly aggregations?: Readonly<Record<string, Aggregation | undefined>>;
}

interface Aggregation {
  readonly value?: unknown;
  readonly doc_count?: unknown;
  readonly buckets?: unknown;
}

interface Bucket extends Readonly<Record<string, unknown>> {
  readonly key?: unknown;
  readonly doc_count?: unknown;
}

/**
 * The hits of each search of a request of several.
 * @throws {INDEX_UNAVAILABLE} {@link INDEX_REFUSED} when one of them failed, be it on one shard alone: there are no
 *   partial answers
 */
export function hitsOf(body: unknown, searches: number): readonly (readonly unknown[])[] {
  const { responses } = (body ?? {}) as { readonly responses?: unknown };
  if (!Array.isArray(responses) || responses.length !== searches) throw malformed();
  return (responses as readonly Answer[]).map((answer) => {
    checkWhole(answer);
    const hits = answer.hits?.hits;
    if (!Array.isArray(hits)) throw malformed();
    return hits as readonly unknown[];
  });
}

/** Counts, with one number for each term asked for. */
export function readCounts(body: unknown, terms: number): Counted {
  const answer = (body ?? {}) as Answer;
  checkWhole(answer);
  const { aggregations = {}, hits } = answer;
  const buckets = (aggregations['terms']?.buckets ?? {}) as Readonly<Record<string, Bucket>>;
  return {
    rows: countOf(hits?.total?.value),
    documents: countOf(aggregations['documents']?.doc_count),
    classes: countOf(aggregations['classes']?.value),
    length: countOf(aggregations['length']?.value),
    languages: bucketsOf(aggregations['languages']).map(({ key }) => String(key)),
    rowsWith: Array.from({ length: terms }, (_, at) => countOf(buckets[String(at)]?.doc_count)),
  };
}

/** Document versions by their leaf hashes. */
export function readPresent(body: unknown): readonly PresentDocument[] {
  const answer = (body ?? {}) as Answer;
  checkWhole(answer);
  return bucketsOf(answer.aggregations?.['leaf']).flatMap((bucket) => {
    const [doc, cls, n] = ['doc', 'cls', 'n'].map((field) =>
      bucketsOf(bucket[field] as Aggregation | undefined).map(({ key }) => key),
    );
    const docId = doc?.[0];
    if (typeof bucket.key !== 'string' || typeof docId !== 'string' || !isDocId(docId)) return [];
    const rows = countOf(bucket.doc_count);
    const isWhole = n?.length === 1 && n[0] === rows;
    const classNo = cls?.length === 1 ? countOf(cls[0]) : -1;
    return [{ leafHash: bucket.key, docId, rows, classNo, isWhole }];
  });
}

/** How many rows a change found, and how many of these somebody else changed at the same moment. */
export function changed(body: unknown): { readonly total: number; readonly conflicts: number } {
  const { total, version_conflicts, failures, timed_out } = (body ?? {}) as Readonly<
    Record<string, unknown>
  >;
  if (timed_out === true) throw serviceError(null, 'timeout_exception');
  const [failure] = (Array.isArray(failures) ? failures : []) as readonly {
    readonly status?: unknown;
    readonly cause?: { readonly type?: unknown };
  }[];
  if (failure !== undefined) {
    throw serviceError(Number(failure.status ?? 500), failure.cause?.type);
  }
  return { total: countOf(total), conflicts: countOf(version_conflicts) };
}

function checkWhole({ timed_out, status, error, _shards }: Answer): void {
  if (error !== undefined) throw serviceError(Number(status ?? 500), error.type);
  if (timed_out === true) throw serviceError(null, 'timeout_exception');
  if (_shards?.failed !== 0) throw serviceError(null, 'no_shard_available_action_exception');
}

function bucketsOf(aggregation: Aggregation | undefined): readonly Bucket[] {
  const buckets = aggregation?.buckets;
  return Array.isArray(buckets) ? (buckets as readonly Bucket[]) : [];
}

function countOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed();
  return value;
}

function malformed(): Error {
  return serviceError(null, 'answer_malformed');
}
