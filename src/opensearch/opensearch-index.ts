// SPDX-License-Identifier: Apache-2.0
import type { Hex } from '../core/index.ts';
import {
  checkClassNo,
  checkedSearch,
  fusionWeights,
  type IndexCounts,
  type IndexedDocument,
  type PassageDocument,
  type PassageIndex,
  type Residue,
  type SearchRequest,
  TOKENISER,
} from '../index/index.ts';
import { openAlias } from './aliases.ts';
import { hitsOf, type PresentDocument, readCounts, readPresent } from './answers.ts';
import { BlindTokens } from './blind-tokens.ts';
import { type BulkLimits, BulkWriter } from './bulk-writer.ts';
import { type ChangeKind, changeRows } from './change.ts';
import { classFilter } from './class-filter.ts';
import type { SearchAnswer, SearchService } from './connection.ts';
import { EngineCursor, type PassAnswer, type PassRequest } from './cursor.ts';
import { residueOf } from './erasure.ts';
import { readFollowed, writeFollowed } from './followed.ts';
import { readHits } from './hits.ts';
import type { IndexShape } from './mapping.ts';
import { PointInTime } from './point-in-time.ts';
import { countsSearch, vectorSearch, wordSearch } from './queries.ts';
import { rowsOf } from './rows.ts';
import { type Counted, Statistics } from './statistics.ts';

/** What an index in OpenSearch is made of. */
export interface OpenSearchIndexOptions extends IndexShape {
  readonly service: SearchService;
  /** Name of the index: an alias, so that it can be built again without a pause. One for each tenant. */
  readonly alias: string;
  /** The embedder's space, which decides how much vectors count beside words. */
  readonly space: string;
  /** The tenant's lookup key `token`. */
  readonly tokenKey: Uint8Array;
  /** Size of the log that this process has followed: dates its writes, and the counts that it remembers. */
  readonly logSize: () => number;
  /** Default true: an index that is not there is made. */
  readonly create?: boolean;
  /** Up to so many rows of a caller every vector is compared; above, the engine's graph is followed. Default 10,000. */
  readonly exactRows?: number;
  /** Up to so many postings of a query all rows that hold a word are scored exactly. Default 4,000. */
  readonly exactPostings?: number;
  readonly bulk?: BulkLimits;
}

const EXACT_ROWS = 10_000;
const EXACT_POSTINGS = 4000;
/** Newer news about a row's class stay. */
const MOVE = `
if (ctx._source.at <= params.at) { ctx._source.cls = params.cls; ctx._source.at = params.at; }
else { ctx.op = 'noop'; }`;

/**
 * The index in an OpenSearch cluster. It gets vectors, class numbers, document ids and blind tokens, never text, names or
 * keys. What it answers is a claim: rows are read with suspicion here, and proven by whoever asked.
 */
export class OpenSearchIndex implements PassageIndex {
  readonly dims: number;
  readonly #options: OpenSearchIndexOptions;
  readonly #space: string;
  readonly #tokens: BlindTokens;
  readonly #statistics: Statistics;
  readonly #bulk: BulkWriter;
  /** Counts writes of this process. */
  #writes = 0;
  /** What searches see: the writes of this process, and of others up to a size of the log. */
  #refreshed = '0 0';

  private constructor(options: OpenSearchIndexOptions) {
    const { dims, space, tokenKey, service, alias, bulk } = options;
    this.dims = dims;
    this.#options = options;
    this.#space = space;
    this.#tokens = new BlindTokens(tokenKey, TOKENISER);
    this.#statistics = new Statistics(this.#tokens, (classes, terms) =>
      this.#count(classFilter(classes), terms),
    );
    this.#bulk = new BulkWriter(service, alias, bulk);
  }

  /**
   * Opens the index, and makes it if it is not there.
   * @throws {INDEX_REFUSED} when it was made otherwise, is not there and shall not be made, or the process may not use it;
   *   {INDEX_UNAVAILABLE} when the cluster does not answer
   */
  static async open(options: OpenSearchIndexOptions): Promise<OpenSearchIndex> {
    const { service, alias, create = true } = options;
    await openAlias(service, alias, { shape: options, create });
    return new OpenSearchIndex(options);
  }

  async add(document: PassageDocument): Promise<boolean> {
    const { portion } = this.#bulk;
    const rows = rowsOf(document, this.dims, { tokens: this.#tokens, at: this.#options.logSize() });
    let isNew = false;
    for (let from = 0; from < rows.length; from += portion) {
      const outcomes = await this.#bulk.create(
        rows.slice(from, from + portion).map((row) => row()),
      );
      this.#writes += 1;
      // Some, when an earlier attempt ended in the middle.
      isNew ||= outcomes.includes('created');
    }
    return isNew;
  }

  async remove(leafHash: Hex): Promise<boolean> {
    return (await this.#removeBy({ term: { leaf: leafHash } })) > 0;
  }

  /**
   * Removes every version of documents but one, as far as they are older than the log says.
   * @param documents the version to keep, null for none, and the log entry that decided so: rows that were staged after it
   *   belong to a version that the log may name next
   */
  async removeOthers(
    documents: readonly {
      readonly docId: string;
      readonly keep: Hex | null;
      readonly upTo: number;
    }[],
  ): Promise<number> {
    if (documents.length === 0) return 0;
    const should = documents.map(({ docId, keep, upTo }) => ({
      bool: {
        filter: [{ term: { doc: docId } }, { range: { at: { lte: upTo } } }],
        must_not: keep === null ? [] : [{ term: { leaf: keep } }],
      },
    }));
    return this.#removeBy({ bool: { should, minimum_should_match: 1 } });
  }

  async moveClass(leafHash: Hex, classNo: number): Promise<boolean> {
    checkClassNo(classNo);
    classFilter([classNo]);
    await this.refresh();
    const moved = await this.#byQuery('_update_by_query', {
      query: { term: { leaf: leafHash } },
      script: { source: MOVE, params: { cls: classNo, at: this.#options.logSize() } },
    });
    return moved > 0;
  }

  async vacuum(): Promise<Residue> {
    await this.refresh();
    const { service, alias } = this.#options;
    return { pending: await residueOf(service, alias) };
  }

  async has(leafHash: Hex): Promise<boolean> {
    const [found] = await this.present([leafHash]);
    return found?.isWhole === true;
  }

  async get(leafHash: Hex): Promise<IndexedDocument | null> {
    const [found] = await this.present([leafHash]);
    if (found === undefined) return null;
    const { docId, classNo, rows } = found;
    return { docId, leafHash, classNo, rows };
  }

  /** What the engine claims to hold of document versions, at most 1,000 at a time. */
  async present(leafHashes: readonly Hex[]): Promise<readonly PresentDocument[]> {
    if (leafHashes.length === 0) return [];
    await this.refresh();
    const search = {
      size: 0,
      query: { bool: { filter: [{ terms: { leaf: [...leafHashes] } }] } },
      aggs: {
        leaf: {
          terms: { field: 'leaf', size: leafHashes.length },
          aggs: Object.fromEntries(
            ['doc', 'cls', 'n'].map((field) => [field, { terms: { field, size: 2 } }]),
          ),
        },
      },
    };
    return this.#search(search, ({ body }) => readPresent(body));
  }

  async counts(classes?: readonly number[]): Promise<IndexCounts> {
    await this.refresh();
    const filter = classes === undefined ? { exists: { field: 'cls' } } : classFilter(classes);
    const { classes: held, documents, rows } = await this.#count(filter, []);
    return { classes: held, documents, rows };
  }

  /** The engine knows no names. */
  nameOf(): null {
    return null;
  }

  search(request: SearchRequest): EngineCursor {
    const { text, mode = 'hybrid', exact = false } = request;
    const { classes, vector } = checkedSearch(request, this.dims);
    const filter = classFilter(classes);
    const rules = { dims: this.dims, classes: new Set(classes) };
    const { service, alias, exactRows = EXACT_ROWS } = this.#options;
    const { exactPostings = EXACT_POSTINGS } = this.#options;
    const moment = new PointInTime(service, alias);
    return new EngineCursor({
      mode,
      vector,
      weights: fusionWeights(this.#space, request.questions),
      exactRows: exact ? Infinity : exactRows,
      exactPostings: exact ? Infinity : exactPostings,
      weigh: async () => {
        await this.refresh();
        return this.#statistics.weigh(text, classes, this.#moment());
      },
      pass: (pass) => this.#pass(pass, { filter, moment, rules }),
      end: () => moment.end(),
    });
  }

  /** Lets searches that begin from now on see what this process has written, and what the log it follows acknowledges. */
  async refresh(): Promise<void> {
    const wanted = this.#moment();
    if (this.#refreshed === wanted) return;
    const { service, alias } = this.#options;
    await service.call({ method: 'POST', path: `/${alias}/_refresh` });
    this.#refreshed = wanted;
  }

  #moment(): string {
    return `${this.#options.logSize()} ${this.#writes}`;
  }

  async #pass(
    { depth, words, vectors, isFirst }: PassRequest,
    at: {
      readonly filter: object;
      readonly moment: PointInTime;
      readonly rules: { readonly dims: number; readonly classes: ReadonlySet<number> };
    },
  ): Promise<PassAnswer> {
    const searches = [
      ...(words === null ? [] : [wordSearch(at.filter, words)]),
      ...(vectors === null ? [] : [vectorSearch(at.filter, vectors)]),
    ];
    if (searches.length === 0) return { words: [], vectors: [] };
    // One answer is enough for nearly every search: only a second pass must agree with others on what there is.
    const moment = isFirst ? null : await at.moment.begin();
    const header = moment === null ? { index: this.#options.alias } : {};
    const lines = searches.flatMap((search) => [header, { ...search, ...moment }]);
    const found = await this.#options.service.read(
      { method: 'POST', path: '/_msearch', lines },
      ({ body }) =>
        hitsOf(body, searches.length).map((hits) => readHits(hits, { ...at.rules, depth })),
    );
    return {
      words: words === null ? [] : (found[0] ?? []),
      vectors: vectors === null ? [] : (found.at(-1) ?? []),
    };
  }

  async #count(filter: object, terms: readonly (readonly string[])[]): Promise<Counted> {
    const search = countsSearch(filter, terms);
    return this.#search(search, ({ body }) => readCounts(body, terms.length));
  }

  #search<T>(body: object, read: (answer: SearchAnswer) => T): Promise<T> {
    const { service, alias } = this.#options;
    const query = { allow_partial_search_results: false };
    return service.read({ method: 'POST', path: `/${alias}/_search`, query, body }, read);
  }

  async #removeBy(query: object): Promise<number> {
    await this.refresh();
    return this.#byQuery('_delete_by_query', { query });
  }

  async #byQuery(what: ChangeKind, body: object): Promise<number> {
    const { service, alias } = this.#options;
    try {
      return await changeRows(service, alias, { what, body });
    } finally {
      this.#writes += 1;
    }
  }

  /** Up to which size of the log somebody has brought the index, as the engine says: a hint where to go on, no more. */
  followed(): Promise<number> {
    return readFollowed(this.#options.service, this.#options.alias);
  }

  /** Notes up to which size of the log the index was brought. */
  async setFollowed(size: number): Promise<void> {
    await writeFollowed(this.#options.service, this.#options.alias, size);
  }
}
