// SPDX-License-Identifier: Apache-2.0
// One ingestion into an opened vault, or the rehearsal of one.
import type { AccessFile } from '../access/index.ts';
import {
  type DocumentSource,
  type IngestDependencies,
  type IngestOptions,
  type IngestReport,
  ingestSource,
} from '../ingest/index.ts';
import type { IndexState } from './index-state.ts';
import { findDocument } from './names.ts';
import { publishDirectory } from './permissions.ts';
import type { Session } from './session.ts';
import { signerFor } from './writer.ts';

/** What an ingestion did, and the log size at which it is acknowledged. */
export interface VaultIngestReport extends IngestReport {
  /** Give it to `search({ atLeast })` to read one's own writes. */
  readonly logSize: number;
}

/** How to ingest into a vault. */
export interface VaultIngestOptions extends IngestOptions {
  /** Who may read what. */
  readonly access: AccessFile;
}

/** Ingests what a source holds and seals the index. */
export async function ingestInto(
  session: Session,
  source: DocumentSource,
  options: VaultIngestOptions,
): Promise<VaultIngestReport> {
  const index = await session.index();
  // Begun in the same turn, so that whoever comes next and waits for ingestions finds this one.
  const { report } = await session.exclusively(async () => {
    await publishDirectory(session, options.access);
    return {
      report: session.ingestions.run(() => ingestPrepared(session, index, source, options)),
    };
  });
  return report;
}

async function ingestPrepared(
  session: Session,
  index: IndexState,
  source: DocumentSource,
  options: VaultIngestOptions,
): Promise<VaultIngestReport> {
  const journal = session.context.openJournal();
  try {
    const report = await ingestSource(
      source,
      {
        ...common(session, options.access),
        journal,
        commit: (entries) => session.commit(entries),
        stage: (document) => index.stage(document),
        unstage: (leafHash) => index.unstage(leafHash),
      },
      tuned(session, options),
    );
    const logSize = session.ledger.head.size;
    await session.seal();
    return { ...report, logSize };
  } catch (error) {
    // What ended the run is what people must hear of; without a new snapshot the next start reads more documents.
    await session.seal().catch(() => undefined);
    throw error;
  } finally {
    journal.close();
  }
}

/**
 * Ingests without an index of this process and without changing people: as one of many workers, whose rows the readers
 * take from the documents as they follow the log.
 */
export async function ingestUnindexed(
  session: Session,
  source: DocumentSource,
  options: VaultIngestOptions,
): Promise<IngestReport> {
  // An engine's index follows the log in every process that has it open; one in memory is of no use here.
  if (session.context.engine != null) await session.index();
  const journal = session.context.openJournal();
  const dependencies = {
    ...common(session, options.access),
    journal,
    commit: (entries: readonly Uint8Array[]) => session.commit(entries),
    stage: () => undefined,
    unstage: () => undefined,
  };
  try {
    return await session.ingestions.run(() =>
      ingestSource(source, dependencies, tuned(session, options)),
    );
  } finally {
    journal.close();
  }
}

/** Finds out what an ingestion would do. Takes no lock and writes nothing. */
export async function rehearseIngestion(
  session: Session,
  source: DocumentSource,
  options: VaultIngestOptions,
): Promise<VaultIngestReport> {
  await session.follow();
  const journal = session.context.openJournal({ create: false });
  const nothing = {
    commit: () => Promise.resolve([]),
    stage: () => undefined,
    unstage: () => undefined,
  };
  try {
    const dependencies = { ...common(session, options.access), ...nothing, journal };
    const rehearsed = { ...tuned(session, options), dryRun: true };
    const report = await ingestSource(source, dependencies, rehearsed);
    return { ...report, logSize: session.ledger.head.size };
  } finally {
    journal.close();
  }
}

function common(
  session: Session,
  access: AccessFile,
): Omit<IngestDependencies, 'journal' | 'commit' | 'stage' | 'unstage'> {
  const { context, ledger, embedder } = session;
  return {
    ledger,
    stores: context.stores,
    embedder,
    access,
    policy: session.access.policy,
    clock: context.clock,
    signer: (role) => signerFor(context, ledger, role),
    open: (docId) => session.documents.open(findDocument(session, docId)),
  };
}

/** The configuration file's tuning, overruled by the options of the call. */
function tuned({ context }: Session, options: VaultIngestOptions): IngestOptions {
  return { ...defined(context.config.ingest ?? {}), ...defined(options) };
}

/** A copy without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
