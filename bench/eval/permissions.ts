// SPDX-License-Identifier: Apache-2.0
// Ranking quality for callers who may read a part of a collection. What they get must be what an index of that part
// alone gives: then permissions cost no quality, and nothing of the other documents shows in the ranking.
import type { Embedder } from '../../src/embed/index.ts';
import type { SearchMode } from '../../src/index/index.ts';
import { decodeVector, similarity } from '../../src/provenance/index.ts';
import { type Judged, MODES, type Prepared, type Scores, scoresOf } from './evaluate.ts';
import { uniform } from './statistics.ts';
import { type TrialDocument, type TrialHit, TrialIndex } from './trial-index.ts';

/** How documents are spread over classes. */
export const SPREADS = ['random', 'topic'] as const;
/** One of {@link SPREADS}. */
export type Spread = (typeof SPREADS)[number];

/** What callers under one spread got. */
export interface PermissionOutcome {
  readonly spread: Spread;
  readonly callers: number;
  /** Queries of a caller who may read at least one relevant document. */
  readonly queries: number;
  /** Rankings, of all callers, modes and queries, that an index of the caller's documents alone gives otherwise. */
  readonly different: number;
  readonly modes: Readonly<Partial<Record<SearchMode, Scores>>>;
}

const CLASSES = 12;
const CALLERS = 6;
/** Hits that are compared one by one, with their scores. */
const DEPTH = 200;

/** Measures all callers of a spread. */
export function underPermissions(
  { documents, queries }: Prepared,
  embedder: Embedder,
  { spread, modes = MODES }: { readonly spread: Spread; readonly modes?: readonly SearchMode[] },
): PermissionOutcome {
  const classOf = spread === 'random' ? randomClass() : topicClass(documents);
  const classes = new Map(documents.map((document) => [document.id, classOf(document)]));
  const whole = new TrialIndex(embedder);
  for (const document of documents) whole.add(document, classes.get(document.id));
  const rankings = new Map<SearchMode, Judged[]>(modes.map((mode) => [mode, []]));
  let different = 0;
  for (let caller = 0; caller < CALLERS; caller++) {
    const mine = classesOf(caller);
    const alone = new TrialIndex(embedder);
    const readable = (id: string): boolean => mine.includes(classes.get(id) ?? -1);
    for (const document of documents) if (readable(document.id)) alone.add(document);
    for (const query of queries) {
      const judged = new Map([...query.judged].filter(([id]) => readable(id)));
      if (![...judged.values()].some((grade) => grade > 0)) continue;
      for (const mode of modes) {
        const got = first(whole.hits(query, mode, mine));
        if (!isSame(got, first(alone.hits(query, mode)))) different += 1;
        rankings.get(mode)?.push({ ranked: documentsOf(got), judged });
      }
    }
  }
  const scored = [...rankings].map(([mode, all]) => [mode, scoresOf(all)] as const);
  const asked = [...rankings.values()][0]?.length ?? 0;
  return { spread, callers: CALLERS, queries: asked, different, modes: Object.fromEntries(scored) };
}

/** Every caller reads some of the classes: from one to most of them. */
function classesOf(caller: number): number[] {
  const random = uniform(`caller ${String(caller)}`);
  const share = (caller + 1) / (CALLERS + 1);
  const some = Array.from({ length: CLASSES }, (_, at) => at).filter(() => random() < share);
  return some.length > 0 ? some : [caller];
}

function randomClass(): () => number {
  const random = uniform('classes');
  return () => Math.floor(random() * CLASSES);
}

/** The class of the nearest of some documents that are far from each other: one topic, one class. */
function topicClass(documents: readonly TrialDocument[]): (document: TrialDocument) => number {
  const vectorOf = ({ vectors: [bytes] }: TrialDocument) =>
    decodeVector(bytes as Uint8Array, (bytes as Uint8Array).length - 4);
  const centres = documents.slice(0, 1).map(vectorOf);
  while (centres.length < Math.min(CLASSES, documents.length)) {
    const distances = documents.map((document) => {
      const vector = vectorOf(document);
      return Math.max(...centres.map((centre) => similarity(centre, vector)));
    });
    const farthest = distances.indexOf(Math.min(...distances));
    centres.push(vectorOf(documents[farthest] as TrialDocument));
  }
  return (document) => {
    const vector = vectorOf(document);
    const near = centres.map((centre) => similarity(centre, vector));
    return near.indexOf(Math.max(...near));
  };
}

function first(hits: Iterable<TrialHit>): TrialHit[] {
  const some: TrialHit[] = [];
  for (const hit of hits) if (some.push(hit) === DEPTH) break;
  return some;
}

function isSame(some: readonly TrialHit[], others: readonly TrialHit[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}

function documentsOf(hits: readonly TrialHit[]): string[] {
  return [...new Set(hits.map(({ id }) => id))].slice(0, 100);
}
