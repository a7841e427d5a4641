// SPDX-License-Identifier: Apache-2.0
import type { ClassTable, Directory, Environment, Policy } from '../access/index.ts';
import type { AlarmSink, AuditSink, Clock, DocId, Hex, Random } from '../core/index.ts';
import type { Embedder } from '../embed/index.ts';
import type { SearchIndex, SearchMode } from '../index/index.ts';
import type { Ledger } from '../provenance/index.ts';
import type { SealedStore } from '../store/index.ts';
import type { Reranker } from './reorder.ts';
import type { SearchFilter } from './selection.ts';

/** Who asks, and how that is known. */
export interface Caller {
  /** Principal id. */
  readonly id: string;
  /** `token`: proven by a verified token. `impersonated`: named by whoever holds the key ring, and recorded as such. */
  readonly identity: 'token' | 'impersonated';
  /** Groups that the verified token carries, besides those of the directory. */
  readonly groups?: readonly string[];
  /** Unix seconds from which the token counts no more. */
  readonly expiresAt?: number;
  /** Facts of the request that classes may demand. */
  readonly environment?: Environment;
}

/** People, classes and policy as the ledger names them at its head. */
export interface AccessView {
  readonly directory: Directory;
  readonly classes: ClassTable;
  readonly policy: Policy;
  readonly policyEpoch: number;
  /** Changes whenever a class record is added, replaced or refused. */
  readonly classVersion: number;
}

/** What retrieval works with. */
export interface RetrievalOptions {
  readonly ledger: Ledger;
  readonly stores: SealedStore;
  readonly index: SearchIndex;
  readonly embedder: Embedder;
  /** The access view at the ledger's head. */
  readonly access: () => AccessView;
  /** Follows the published head, to a size at least if that is published: ledger, access view and index. */
  readonly follow: (atLeast?: number) => Promise<void>;
  /** Whether access view and index are those of the ledger's head. */
  readonly isSettled: () => boolean;
  /** Brings access view and index to the ledger's head. */
  readonly settle: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: AuditSink;
  readonly onAlarm: AlarmSink;
}

/** What is asked for. */
export interface SearchRequest {
  readonly caller: Caller;
  /** In words; what stands in quotation marks is to be found word for word. */
  readonly query: string;
  /** Wanted passages; 1..1000, default 10. */
  readonly k?: number;
  readonly mode?: SearchMode;
  /** Facts that documents must have. It can only take away from what the caller may read. */
  readonly filter?: SearchFilter;
  /** Judges the best passages anew; what it does not rank high enough is not given. */
  readonly reranker?: Reranker;
  /** From 0, the default, to 1: how much a passage must differ from those before it. */
  readonly diversity?: number;
  /** Log size of an acknowledgement: the search sees at least that head. */
  readonly atLeast?: number;
  readonly signal?: AbortSignal;
}

/** One verified passage. */
export interface Passage {
  readonly docId: DocId;
  readonly version: number;
  /** Chunk number in the document version. */
  readonly chunk: number;
  readonly text: string;
  readonly source: {
    readonly uri: string;
    readonly title: string | null;
    readonly mediaType: string | null;
  };
  readonly headings: readonly string[];
  readonly page: number | null;
  /** Byte range in the document's normalised text. */
  readonly range: { readonly start: number; readonly end: number };
  /** Byte range in the source file, where the format allows one. */
  readonly sourceRange: { readonly start: number; readonly end: number } | null;
}

/** A passage with what the process knows of it and never shows in a result. */
export interface ResolvedPassage {
  readonly passage: Passage;
  readonly leafHash: Hex;
  readonly aclDigest: Hex;
  readonly classNo: number;
  readonly score: number;
}

/**
 * Why candidates did not become passages, and what was verified for those that did. For the operator: see
 * `StatsSink` before it is shown to anybody else.
 */
export interface RetrievalStats {
  /** Classes that the caller may read. */
  classes: number;
  candidates: number;
  /** Candidates of versions that are no longer current. */
  superseded: number;
  expired: number;
  /** Candidates whose class the caller may not read: the index was wrong. */
  foreign: number;
  /** Candidates that failed a proof. */
  failed: number;
  /** Documents proven from scratch (level L2). */
  documentsVerified: number;
  /** Chunks read from sealed bytes (level L1). */
  chunksOpened: number;
  /** Chunks served from verified plaintext in memory (level L0). */
  plaintextHits: number;
}
