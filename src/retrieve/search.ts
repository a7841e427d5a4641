// SPDX-License-Identifier: Apache-2.0
// One query: authorise, search, resolve, verify. docs/architecture.md draws it.
import { LRUCache } from 'lru-cache';
import { type AuditEvent, fail, need } from '../core/index.ts';
import type {
  Awaitable,
  Candidate,
  SearchExplanation as IndexExplanation,
  SearchCursor,
} from '../index/index.ts';
import { quantise, type QuantisedVector } from '../provenance/index.ts';
import { atHead } from './at-head.ts';
import { Authoriser, actorTag } from './authorise.ts';
import { ProvenDocuments } from './proven-documents.ts';
import { reorder } from './reorder.ts';
import { checkRequest, checkSignal, DEFAULT_K, isName, poolSize } from './request-checks.ts';
import { Resolver } from './resolve.ts';
import { type Selection, selectionOf } from './selection.ts';
import type {
  Passage,
  ResolvedPassage,
  RetrievalOptions,
  RetrievalStats,
  SearchRequest,
} from './types.ts';

const CACHED_TAGS = 4096;
/** Candidates that are proven at the same time: each may read an object of 256 KiB. */
const AT_ONCE = 64;
/** Candidates that are opened at most to find what a query's phrases and filter select. */
const MAX_OPENED = 4000;

/** Passages in rank order, with what is known about how they were found. */
export interface SearchResult {
  readonly passages: readonly Passage[];
  readonly explanation: SearchExplanation;
}

/** How a result came about: a function of the request and of the rows of the caller's own classes. */
export interface SearchExplanation {
  readonly index: IndexExplanation;
  /** One for each passage, in its order; comparable within this result only. */
  readonly scores: readonly number[];
}

/**
 * Told what became of the candidates of one search. For the operator, and never to be shown to the caller: the figures tell
 * whether somebody else has read the same documents, and count candidates that he may not know of.
 */
export type StatsSink = (stats: Readonly<RetrievalStats>) => void;

/** A result with what receipts and assembly need besides. Internal to the process. */
export interface ResolvedResult {
  readonly passages: readonly ResolvedPassage[];
  readonly index: IndexExplanation;
  readonly stats: RetrievalStats;
}

/** What a search goes by while it collects passages. */
interface Collecting {
  readonly request: SearchRequest;
  readonly selection: Selection;
  readonly allowed: ReadonlySet<number>;
  readonly stats: RetrievalStats;
}

/** A portion of candidates that are being proven. */
interface Portion {
  readonly taken: number;
  readonly resolving: readonly Awaitable<ResolvedPassage | null>[];
}

/** Answers queries from verified passages only. */
export class Retriever {
  readonly #options: RetrievalOptions;
  readonly #authoriser: Authoriser;
  readonly #documents: ProvenDocuments;
  readonly #resolver: Resolver;
  /** Opaque tags of recent callers, by their ids. */
  readonly #tags = new LRUCache<string, string>({ max: CACHED_TAGS });

  constructor(options: RetrievalOptions, documents?: ProvenDocuments) {
    this.#options = options;
    this.#authoriser = new Authoriser(options.access, options.clock);
    const { ledger, stores } = options;
    this.#documents = documents ?? new ProvenDocuments(ledger, stores, stores.ring.tenantId);
    this.#resolver = new Resolver(options, this.#documents);
  }

  /** Decides on callers, for everything that acts on their behalf. */
  get authoriser(): Authoriser {
    return this.#authoriser;
  }

  /** The proven document versions of this process. */
  get documents(): ProvenDocuments {
    return this.#documents;
  }

  /**
   * Finds the best passages that the caller may read. A caller without any readable document, an unknown one and one
   * whose documents do not match get the same empty list; the explanation counts the caller's own classes and rows.
   * @param onStats told once, before the result is given
   * @throws {USAGE} for an empty or too long query, k outside 1..1000, an unknown mode or a malformed filter
   * @throws {RERANKER_FAILED} when the reranker of the request fails
   * @throws {ABORTED} when the signal fires
   * @throws {ACCESS_DENIED} for a caller id that cannot be one
   * @throws {TOKEN_INVALID} when the caller's token has expired
   * @throws {HEAD_STALE} when the log has not reached `atLeast`, or the policy's maximum age is exceeded
   */
  async search(request: SearchRequest, onStats?: StatsSink): Promise<SearchResult> {
    const result = await this.resolved(request);
    this.audit('search', request, result.passages.length);
    onStats?.(result.stats);
    return {
      passages: result.passages.map(({ passage }) => passage),
      explanation: {
        index: result.index,
        scores: result.passages.map(({ score }) => score),
      },
    };
  }

  /** {@link search} with the process's own knowledge of each passage. */
  async resolved(request: SearchRequest): Promise<ResolvedResult> {
    const k = request.k ?? DEFAULT_K;
    checkRequest(request, k);
    const selection = selectionOf(request.query, request.filter);
    this.#checkCaller(request);
    await this.#follow(request.atLeast);
    const stats = emptyStats();
    const { classes } = this.#authoriser.authorise(request.caller, 'read');
    stats.classes = classes.length;
    const vector = await this.#embed(request);
    const { query, mode } = request;
    const { identity, questionsBy } = this.#options.embedder;
    const cursor = this.#options.index.search({
      classes,
      text: query,
      vector,
      questions: questionsBy?.() ?? identity.model.id,
      ...(mode && { mode }),
    });
    const allowed = new Set(classes);
    const pool = await this.#collect(cursor, { request, selection, allowed, stats });
    const found = await reorder(query, pool, { ...request, k });
    checkSignal(request);
    const passages = await atHead(this.#options, () => this.stillAllowed(request, found));
    return { passages, index: cursor.explanation, stats };
  }

  /**
   * The passages that may be shown at this very moment, each with its class of this moment: decided anew at the ledger's
   * present head, so that nothing revoked, erased or superseded since the search began gets through.
   * @throws {HEAD_STALE} when people and policy are not those of that head: call it {@link atHead}
   */
  stillAllowed(
    request: SearchRequest,
    passages: readonly ResolvedPassage[],
  ): readonly ResolvedPassage[] {
    need(
      'INV-DECISION-SETTLED',
      this.#options.isSettled(),
      'HEAD_STALE',
      'people and policy are behind the log',
    );
    const { classes } = this.#authoriser.authorise(request.caller, 'read');
    const allowed = new Set(classes);
    return passages.flatMap((passage) => this.#resolver.current(passage, allowed) ?? []);
  }

  /** Records that a person was served. */
  audit(event: string, { caller }: Pick<SearchRequest, 'caller'>, passages: number): void {
    this.#record({ event, outcome: 'ok', details: { passages } }, caller);
  }

  /** Records that a person was turned away. */
  auditDenial(event: string, { caller }: Pick<SearchRequest, 'caller'>): void {
    this.#record({ event, outcome: 'denied', details: {} }, caller);
  }

  /** Drops what was cached of one document, or of all. */
  forget(docId?: string): void {
    this.#documents.forget(docId);
    this.#resolver.forget();
  }

  /** Drops verified text and keeps what was proven of documents. */
  forgetTexts(): void {
    this.#resolver.forget();
  }

  /** Candidates of a search, each proven, as many as are wanted or there are. */
  async #collect(cursor: SearchCursor, search: Collecting): Promise<ResolvedPassage[]> {
    const { request, selection } = search;
    const wanted = poolSize(request);
    const found: ResolvedPassage[] = [];
    for (let opened = 0; found.length < wanted && opened < MAX_OPENED;) {
      const missing = selection.isOpen ? Math.min(wanted - found.length, AT_ONCE) : AT_ONCE;
      const { taken, resolving } = await atHead(this.#options, () => {
        const offered = cursor.next(missing);
        if (!(offered instanceof Promise)) return this.#prove(offered, search);
        // Another batch may have landed while the index was asked.
        return offered.then((late) => atHead(this.#options, () => this.#prove(late, search)));
      });
      if (taken === 0) break;
      opened += resolving.length;
      for (const passage of await allOf(resolving)) {
        if (passage !== null && selection.matches(passage.passage)) found.push(passage);
      }
      checkSignal(request);
    }
    return found.slice(0, wanted);
  }

  #prove(candidates: readonly Candidate[], search: Collecting): Portion {
    const { selection, allowed, stats } = search;
    const some = candidates.filter(({ docId, leafHash }) => {
      const name = this.#options.index.nameOf(leafHash);
      return name === null || selection.mayMatch({ docId, sourceUri: name.sourceUri });
    });
    const resolving = some.map((candidate) => this.#resolver.resolve(candidate, allowed, stats));
    return { taken: candidates.length, resolving };
  }

  /** Before anything is done: a caller that cannot be one must not even make the vault read its log. */
  #checkCaller(request: SearchRequest): void {
    if (isName(request.caller.id)) return;
    this.auditDenial('search', request);
    throw fail('ACCESS_DENIED', 'the caller is not known');
  }

  #record(
    event: Pick<AuditEvent, 'event' | 'outcome' | 'details'>,
    { id, identity }: SearchRequest['caller'],
  ): void {
    const actor = isName(id) ? this.#tagOf(id) : null;
    this.#options.audit.record({ ...event, actor, identity });
  }

  #tagOf(id: string): string {
    let tag = this.#tags.get(id);
    if (tag === undefined) {
      tag = actorTag(this.#options.stores.ring.lookupKey('audit'), id);
      this.#tags.set(id, tag);
    }
    return tag;
  }

  async #embed({ query, signal }: SearchRequest): Promise<QuantisedVector> {
    checkSignal({ signal });
    const options = signal === undefined ? {} : { signal };
    const vector = await this.#options.embedder.embedQuery(query, options);
    checkSignal({ signal });
    return quantise(vector);
  }

  async #follow(atLeast: number | undefined): Promise<void> {
    await this.#options.follow(atLeast);
    const { size } = this.#options.ledger.head;
    need(
      'INV-SEARCH-ATLEAST',
      atLeast === undefined || size >= atLeast,
      'HEAD_STALE',
      'the log has not reached the wanted size yet',
    );
  }
}

/** All of them, at once where none must be waited for. */
function allOf<T>(given: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  const isReady = (value: Awaitable<T>): value is T => !(value instanceof Promise);
  return given.every(isReady) ? given : Promise.all(given);
}

function emptyStats(): RetrievalStats {
  return {
    classes: 0,
    candidates: 0,
    superseded: 0,
    expired: 0,
    foreign: 0,
    failed: 0,
    documentsVerified: 0,
    chunksOpened: 0,
    plaintextHits: 0,
  };
}
