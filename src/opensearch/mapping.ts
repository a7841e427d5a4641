// SPDX-License-Identifier: Apache-2.0
// The index as the engine is told to make it, and whether one that is there was made so.
import { fail, need } from '../core/index.ts';
import { B, K1, TOKENISER } from '../index/index.ts';

/** Names everything besides rows and query that decides a ranking; an index with another one is made anew. */
export const INDEX_FORMAT = `sr/opensearch/v1 ${TOKENISER}`;
/** Rows that one ranking gives at most: the engine's own limit of a result. */
export const MAX_DEPTH = 10_000;

/** Terms of a row of average length, as the rough score supposes. */
const USUAL_LENGTH = 100;
/** BM25 without statistics, for finding the rows that are then scored exactly; the boost is the caller's own idf. */
const BLIND = `return query.boost * doc.freq * ${K1 + 1} / (doc.freq + ${K1} * (1 - ${B} + ${B} * doc.length / ${USUAL_LENGTH}.0));`;

/** What an index is made for. */
export interface IndexShape {
  /** Dimensions of every vector. */
  readonly dims: number;
  /** Default 1. */
  readonly shards?: number;
  /** Copies besides the first; default 1. */
  readonly replicas?: number;
}

/** A row as the engine holds it: no text, no name, no key. */
export interface StoredRow {
  /** Blind tokens, sorted, each as often as its term occurs. */
  readonly w: string;
  /** Components of the vector. */
  readonly v: readonly number[];
  /** Scale of the vector. */
  readonly s: number;
  /** The signed vector bytes, base64. */
  readonly sv: string;
  /** Class number. */
  readonly cls: number;
  /** Terms of the row, repeats included. */
  readonly len: number;
  /** Language by which the document is stemmed, `en` for English and where none shows. */
  readonly lang: string;
  readonly doc: string;
  /** Leaf hash of the document version. */
  readonly leaf: string;
  /** Number of the chunk in its document. */
  readonly i: number;
  /** Rows of the document version. */
  readonly n: number;
  /** Whether it is the first row of its document version. */
  readonly first: boolean;
  /** Size of the log when the row was put into its class: older news do not overrule newer ones. */
  readonly at: number;
}

/**
 * Settings and mapping. `engine: lucene` stands in every vector field: with the default of the k-NN plugin a node without
 * its native libraries dies at the first row. Words have no positions, and no statistics of the index take part in scores:
 * these are computed from the row and from parameters of the query alone.
 */
export function indexDefinition({ dims, shards = 1, replicas = 1 }: IndexShape): object {
  const stored = { type: 'keyword' };
  const number = { type: 'integer' };
  return {
    settings: {
      index: {
        knn: true,
        number_of_shards: shards,
        number_of_replicas: replicas,
        max_result_window: MAX_DEPTH,
        max_rescore_window: MAX_DEPTH,
        // Erasing rewrites every segment that holds a removed row, however few these are.
        merge: { policy: { expunge_deletes_allowed: 0 } },
        similarity: { blind: { type: 'scripted', script: { source: BLIND } } },
      },
    },
    mappings: {
      dynamic: 'strict',
      _meta: { strongroom: { format: INDEX_FORMAT, dims } },
      properties: {
        w: {
          type: 'text',
          analyzer: 'whitespace',
          index_options: 'freqs',
          similarity: 'blind',
        },
        v: {
          type: 'knn_vector',
          dimension: dims,
          data_type: 'byte',
          method: { name: 'hnsw', engine: 'lucene', space_type: 'cosinesimil' },
        },
        s: { type: 'float', index: false },
        sv: { type: 'binary', doc_values: true },
        cls: number,
        len: { ...number, index: false },
        lang: stored,
        doc: stored,
        leaf: stored,
        i: { ...number, index: false },
        n: { ...number, index: false },
        first: { type: 'boolean' },
        at: { type: 'long' },
      },
    },
  };
}

/** The part of a mapping that is looked at. */
interface SeenMapping {
  readonly dynamic?: unknown;
  readonly _meta?: { readonly strongroom?: { readonly format?: unknown; readonly dims?: unknown } };
  readonly properties?: Readonly<Record<string, { readonly method?: { engine?: unknown } }>>;
}

/**
 * Sees to it that an index was made by this version, for these vectors, and with the engine that this version asks for.
 * @throws {INDEX_REFUSED} when not: it must be built again
 */
export function checkMapping(mapping: unknown, { dims }: IndexShape): void {
  const { dynamic, _meta, properties } = (mapping ?? {}) as SeenMapping;
  const made = _meta?.strongroom;
  if (made?.format !== INDEX_FORMAT || made.dims !== dims || dynamic !== 'strict') {
    throw fail('INDEX_REFUSED', 'the index was made otherwise and must be built again', {
      service: 'opensearch',
      status: null,
      type: 'mapping',
    });
  }
  const fields = Object.values(properties ?? {});
  const engines = fields.flatMap(({ method }) => (method === undefined ? [] : [method.engine]));
  const isLucene = engines.length > 0 && engines.every((engine) => engine === 'lucene');
  const message = 'a vector field of the index uses another engine than lucene';
  need('INV-OPENSEARCH-ENGINE', isLucene, 'INDEX_REFUSED', message);
}
