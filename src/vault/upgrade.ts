// SPDX-License-Identifier: Apache-2.0
// The tiers of the built-in space: which one a vault is on, and the way to a better one.
import { type Embedder, minilmEmbedder, type Tier } from '../embed/index.ts';
import { fail, isStrongroomError } from '../core/index.ts';
import { type ReembedOptions, type ReembedReport, reembedDocuments } from '../ingest/index.ts';
import { type DocValue, type Role, signStatement } from '../provenance/index.ts';
import { isNamed } from './embedder-of.ts';
import { findDocument } from './names.ts';
import { every } from './permissions.ts';
import type { Session } from './session.ts';
import { signerFor } from './writer.ts';

/** Where a vault stands. */
export interface TierReport {
  /** Null when the vault was not made for the built-in space. */
  readonly tier: Tier | null;
  /** Readable documents, and those of them with vectors of the transformer. */
  readonly documents: number;
  readonly upgraded: number;
  /** Passages of the documents that have no such vectors. */
  readonly chunksToUpgrade: number;
}

/** How to upgrade. */
export interface UpgradeOptions extends ReembedOptions {
  /** Only let questions go through the transformer; documents keep their vectors. Default false. */
  readonly questionsOnly?: boolean;
  /** Default: the built-in transformer. */
  readonly model?: Embedder;
}

/** What an upgrade did. */
export interface UpgradeReport extends ReembedReport {
  /** Whether this run made the log name the model. */
  readonly named: boolean;
}

/** Reads the statement of every document: some seconds for a hundred thousand. */
export async function tierReport(session: Session): Promise<TierReport> {
  const model = minilmEmbedder();
  const live = liveDocuments(session);
  const old = await withOtherModels(session, model, live);
  const chunksToUpgrade = old.reduce((sum, { chunks }) => sum + chunks, 0);
  const upgraded = live.length - old.length;
  return { tier: tierOf(session, old.length), documents: live.length, upgraded, chunksToUpgrade };
}

function tierOf({ ledger }: Session, old: number): Tier | null {
  const model = minilmEmbedder();
  if (ledger.view.state.vault?.embedder.space !== model.identity.space) return null;
  if (!isNamed(ledger, model)) return 'static';
  return old === 0 ? 'minilm' : 'mixed';
}

/**
 * Brings a vault to the transformer: the root key signs that the vault's vectors may come from it, from when on questions go
 * through it, and every document gets its vectors as a new version of the same text. Searches and ingestions go on
 * meanwhile. Stopped or crashed, the next run goes on where this one ended; with nothing left to do it does nothing.
 * @throws {EMBEDDER_MISMATCH} when the vault was not made for the model's space
 * @throws {RUNTIME_MISSING} {@link MODEL_MISSING} {@link MODEL_INVALID} before anything is signed
 * @throws {KEY_UNAVAILABLE} without the root key, if the log does not name the model yet; {@link VAULT_LOCKED}
 */
export async function upgradeVault(
  session: Session,
  options: UpgradeOptions = {},
): Promise<UpgradeReport> {
  const model = options.model ?? minilmEmbedder();
  await session.follow();
  const { space } = model.identity;
  if (session.ledger.view.state.vault?.embedder.space !== space) {
    throw fail(
      'EMBEDDER_MISMATCH',
      'the vault was made for another space than the transformer has',
    );
  }
  // What is missing or altered shows now, and not after the log has named it.
  await model.embedQuery('ready');
  await session.writer();
  const named = await session.exclusively(() => nameModel(session, model));
  const old = await withOtherModels(session, model, liveDocuments(session));
  if (options.questionsOnly === true) {
    return { named, documents: 0, chunks: 0, remaining: old.length, failures: [] };
  }
  const index = await session.index();
  const journal = session.context.openJournal();
  const deps = {
    ...{ ledger: session.ledger, stores: session.context.stores, clock: session.context.clock },
    ...{ embedder: model, journal },
    signer: (role: Role) => signerFor(session.context, session.ledger, role),
    open: (docId: string) => session.documents.open(findDocument(session, docId)),
    commit: (entries: readonly Uint8Array[]) => session.commit(entries),
    stage: index.stage.bind(index),
    unstage: index.unstage.bind(index),
  };
  try {
    const work = session.ingestions.run(() => reembedDocuments(old, deps, options));
    return { named, ...(await work) };
  } finally {
    journal.close();
    // Without a new snapshot the next start reads more documents, and that is all.
    await session.seal().catch((error: unknown) => {
      if (!isStrongroomError(error)) throw error;
    });
  }
}

/** Has the root key sign that the vault's vectors may come from a model, unless the log says so. */
async function nameModel(session: Session, model: Embedder): Promise<boolean> {
  if (isNamed(session.ledger, model)) return false;
  const signer = (await session.writer()).signer('root');
  const predicate = { ...every(session), models: [{ ...model.identity.model }] };
  await session.commitAll([await signStatement('embedder', predicate, signer)]);
  return true;
}

function liveDocuments({ ledger }: Session): DocValue[] {
  return [...ledger.documents()].filter(({ status }) => status === 'live');
}

/** The documents whose statements name another model, in the order of the log. */
async function withOtherModels(
  { documents }: Session,
  { identity }: Embedder,
  live: readonly DocValue[],
): Promise<DocValue[]> {
  const others: DocValue[] = [];
  for (const doc of live.toSorted((a, b) => a.entry - b.entry)) {
    const { embedder } = (await documents.statement(doc)).predicate;
    if (embedder.model !== identity.model.id) others.push(doc);
  }
  return others;
}
