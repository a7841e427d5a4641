// SPDX-License-Identifier: Apache-2.0
// One query: authorise, search, resolve, verify. docs/architecture.md draws it.
import { type AuditEvent, fail, isPrincipal, need } from '../core/index.ts';
import type { SearchExplanation as IndexExplanation, SearchMode } from '../index/index.ts';
import { quantise, type QuantisedVector } from '../provenance/index.ts';
import { atHead } from './at-head.ts';
import { Authoriser, actorTag } from './authorise.ts';
import { ProvenDocuments } from './proven-documents.ts';
import { Resolver } from './resolve.ts';
import type {
  Passage,
  ResolvedPassage,
  RetrievalOptions,
  RetrievalStats,
  SearchRequest,
} from './types.ts';

const MAX_K = 1000;
const MAX_QUERY_LENGTH = 8192;
const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
/** Candidates that are proven at the same time: each may read an object of 256 KiB. */
const AT_ONCE = 64;

/** Passages in rank order, with what is known about how they were found. */
export interface SearchResult {
  readonly passages: readonly Passage[];
  readonly explanation: SearchExplanation;
}

/**
 * How a result came about: a function of the caller's own classes and rows, but for the levels of verification in
 * `stats`. These depend on what this process has read before, for whomever, and are for its operator alone.
 */
export interface SearchExplanation {
  readonly index: IndexExplanation;
  readonly stats: Readonly<RetrievalStats>;
  readonly scores: readonly number[];
}

/** A result with what receipts and assembly need besides. Internal to the process. */
export interface ResolvedResult {
  readonly passages: readonly ResolvedPassage[];
  readonly index: IndexExplanation;
  readonly stats: RetrievalStats;
}

/** Answers queries from verified passages only. */
export class Retriever {
  readonly #options: RetrievalOptions;
  readonly #authoriser: Authoriser;
  readonly #documents: ProvenDocuments;
  readonly #resolver: Resolver;

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
   * @throws {USAGE} for an empty or too long query, k outside 1..1000, or an unknown mode
   * @throws {ABORTED} when the signal fires
   */
  async search(request: SearchRequest): Promise<SearchResult> {
    const result = await this.resolved(request);
    this.audit('search', request, result.passages.length);
    return {
      passages: result.passages.map(({ passage }) => passage),
      explanation: {
        index: result.index,
        stats: result.stats,
        scores: result.passages.map(({ score }) => score),
      },
    };
  }

  /** {@link search} with the process's own knowledge of each passage. */
  async resolved(request: SearchRequest): Promise<ResolvedResult> {
    const k = request.k ?? 10;
    checkRequest(request, k);
    this.#checkCaller(request);
    await this.#follow(request.atLeast);
    const stats = emptyStats();
    const { classes } = this.#authoriser.authorise(request.caller, 'read');
    stats.classes = classes.length;
    const vector = await this.#embed(request);
    const { query, mode } = request;
    const cursor = this.#options.index.search({
      classes,
      text: query,
      vector,
      ...(mode && { mode }),
    });
    const allowed = new Set(classes);
    const found: ResolvedPassage[] = [];
    while (found.length < k) {
      const missing = Math.min(k - found.length, AT_ONCE);
      const resolving = await atHead(this.#options, () =>
        cursor.next(missing).map((c) => this.#resolver.resolve(c, allowed, stats)),
      );
      if (resolving.length === 0) break;
      for (const passage of await Promise.all(resolving)) if (passage !== null) found.push(passage);
      checkSignal(request);
    }
    const passages = await atHead(this.#options, () => this.stillAllowed(request, found));
    return { passages, index: cursor.explanation, stats };
  }

  /**
   * The passages that may be shown at this very moment, each with its class of this moment: decided anew at the ledger's present head, so that nothing
   * revoked, erased or superseded since the search began gets through.
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
    const auditKey = this.#options.stores.ring.lookupKey('audit');
    const actor = isName(id) ? actorTag(auditKey, id) : null;
    this.#options.audit.record({ ...event, actor, identity });
  }

  async #embed({ query, signal }: SearchRequest): Promise<QuantisedVector> {
    checkSignal({ signal });
    const options = signal === undefined ? {} : { signal };
    const vector = await this.#options.embedder.embedQuery(query, options);
    checkSignal({ signal });
    return quantise(vector);
  }

  async #follow(atLeast: number | undefined): Promise<void> {
    await this.#options.follow();
    const { size } = this.#options.ledger.head;
    need(
      'INV-SEARCH-ATLEAST',
      atLeast === undefined || size >= atLeast,
      'HEAD_STALE',
      'the log has not reached the wanted size yet',
    );
  }
}

/** Callers reach this from JSON too, where an id can be anything: a list of one name would pass for the name. */
function isName(id: unknown): boolean {
  return typeof id === 'string' && isPrincipal(id);
}

function checkRequest(request: SearchRequest, k: number): void {
  if (!Number.isInteger(k) || k < 1 || k > MAX_K) throw fail('USAGE', 'k must lie in 1..1000');
  const { query, mode } = request;
  if (mode !== undefined && !MODES.includes(mode)) throw fail('USAGE', 'there is no such mode');
  if (query.trim() === '') throw fail('USAGE', 'the query is empty');
  if (query.length > MAX_QUERY_LENGTH || !query.isWellFormed()) {
    throw fail('USAGE', 'the query is longer than 8,192 characters or not well-formed text');
  }
}

function checkSignal({ signal }: { readonly signal?: AbortSignal | undefined }): void {
  if (signal?.aborted === true) throw fail('ABORTED', 'the search was cancelled');
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
