// SPDX-License-Identifier: Apache-2.0
import type { AccessFile, Policy } from '../access/index.ts';
import type { Clock, Hex, Signer, StrongroomError } from '../core/index.ts';
import type { Embedder } from '../embed/index.ts';
import type { Awaitable, PassageDocument } from '../index/index.ts';
import type { CommitOutcome, Ledger, Role } from '../provenance/index.ts';
import type { OpenDocument, SealedStore } from '../store/index.ts';
import type { Journal } from './journal.ts';
import type { CustomLoader } from './parse/index.ts';
import type { DiscoverOptions } from './source.ts';

/** What ingestion works with. */
export interface IngestDependencies {
  readonly ledger: Ledger;
  readonly stores: SealedStore;
  readonly embedder: Embedder;
  readonly journal: Journal;
  readonly access: AccessFile;
  readonly policy: Policy;
  readonly clock: Clock;
  /** A live key of a role. */
  readonly signer: (role: Role) => Signer;
  /** Appends entries and takes their effects over. */
  readonly commit: (entries: readonly Uint8Array[]) => Promise<CommitOutcome[]>;
  /** Puts rows into the index before the log names them; `unstage` takes them back. */
  readonly stage: (document: PassageDocument) => Awaitable<void>;
  readonly unstage: (leafHash: Hex) => Awaitable<void>;
  /** Opens the current version of a document. */
  readonly open: (docId: string) => Promise<OpenDocument>;
}

/** What to ingest and how. */
export interface IngestOptions extends DiscoverOptions {
  /** Source namespace; default: that of the source, for files `files`. */
  readonly namespace?: string;
  /** Delete documents that came from the same folders and are no longer there. */
  readonly prune?: boolean;
  /** Find out what would happen and write nothing. */
  readonly dryRun?: boolean;
  /** Documents at work at the same time; default 4. */
  readonly concurrency?: number;
  /** Larger files are refused; default 50 MiB. */
  readonly maxFileBytes?: number;
  /** Loaders for formats of one's own; they are asked before the built-in ones. */
  readonly loaders?: readonly CustomLoader[];
  readonly onProgress?: (progress: IngestProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far an ingestion is. */
export interface IngestProgress {
  /** Files that are dealt with, of those found so far. */
  readonly done: number;
  readonly total: number;
  readonly chunks: number;
}

/** A file that was not ingested, and why. */
export interface FileFailure {
  readonly uri: string;
  readonly code: StrongroomError['code'];
  readonly message: string;
  readonly remedy: string;
}

/** Seconds of work by stage, summed over files. */
export interface StageTimes {
  read: number;
  parse: number;
  chunk: number;
  embed: number;
  seal: number;
  store: number;
  index: number;
  /** From submission to acknowledgement, waiting for the batch included; overlaps with the other stages. */
  log: number;
}

/** What an ingestion did. */
export interface IngestReport {
  readonly files: number;
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Documents whose class changed without a new version. */
  readonly rebound: number;
  readonly deleted: number;
  /** Files that were not taken: dot files, excluded ones, types without a loader, files without visible text. */
  readonly skipped: {
    readonly hidden: number;
    readonly excluded: number;
    readonly unsupported: number;
    readonly empty: number;
  };
  readonly failures: readonly FileFailure[];
  /** Files that no rule names a reader for, under the default `refuse`. */
  readonly undecided: readonly string[];
  /** Files with hidden text, by kind of finding. */
  readonly findings: Readonly<Record<string, number>>;
  readonly flagged: number;
  readonly chunks: number;
  readonly sourceBytes: number;
  readonly sealedBytes: number;
  /** Statements signed for documents and classes. */
  readonly signatures: number;
  readonly seconds: number;
  readonly stages: Readonly<StageTimes>;
}
