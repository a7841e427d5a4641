// SPDX-License-Identifier: Apache-2.0
// Brings documents of the vault in line with their source, whatever order changes are told in and however often.
import { type AccessFile } from '../access/index.ts';
import { docIdOf, type ErrorCode } from '../core/index.ts';
import {
  type Change,
  type DocumentSource,
  type IngestOptions,
  type IngestReport,
  type SourceFile,
  signTombstone,
  type WatchedSource,
} from '../ingest/index.ts';
import type { DocValue } from '../provenance/index.ts';
import { ingestUnindexed } from './ingest.ts';
import type { Session } from './session.ts';
import { signerFor } from './writer.ts';

/** What became of a change: null when the vault is in line with it, else why not. */
export type Settled = ErrorCode | null;

/** Rounds in which documents that others changed meanwhile are looked at again. */
const ROUNDS = 8;

/** What reconciling needs. */
export interface ReconcileOptions {
  readonly session: Session;
  readonly source: WatchedSource;
  readonly access: AccessFile;
  readonly ingest: IngestOptions;
}

/** What is to be done for one document. */
type Step =
  | { readonly do: 'nothing' }
  | { readonly do: 'ingest'; readonly file: SourceFile }
  | { readonly do: 'delete'; readonly doc: DocValue };

/**
 * Works off changes. What a change says is a hint: the document is looked at in its source, after its version in the vault,
 * and is ingested or deleted on that very version, so that neither an older state nor a second worker can win over a
 * newer one; the log refuses what was overtaken. After an ingestion the source is asked once more whether the document
 * is still there: a removal may have been worked off while the vault did not know the document yet.
 * @returns outcomes by URI
 * @throws the errors of stores and services, which concern all changes
 */
export async function reconcile(
  changes: readonly Change[],
  options: ReconcileOptions,
): Promise<ReadonlyMap<string, Settled>> {
  const settled = new Map<string, Settled>();
  let open = [...newest(changes).values()];
  for (let round = 0; open.length > 0 && round < ROUNDS; round++) {
    await options.session.follow();
    const steps = await Promise.all(
      open.map(async (change) => [change, await stepFor(change, options)] as const),
    );
    const again: Change[] = [];
    await deleteAll(steps, options, again);
    await ingestAll(steps, options, { settled, again });
    for (const [{ uri }, step] of steps) if (step.do === 'nothing') settled.set(uri, null);
    open = again;
  }
  for (const { uri } of open) settled.set(uri, 'INGEST_CONFLICT');
  return settled;
}

/** One change for each document: of several that are told at once the last counts. */
function newest(changes: readonly Change[]): Map<string, Change> {
  const found = new Map<string, Change>();
  for (const change of changes) {
    const other = found.get(change.uri);
    if (other === undefined || BigInt(change.seq ?? 0) >= BigInt(other.seq ?? 0)) {
      found.set(change.uri, change);
    }
  }
  return found;
}

function known({ session, source, ingest }: ReconcileOptions, uri: string): DocValue | null {
  const idKey = session.context.ring.lookupKey('id');
  const docId = docIdOf(idKey, ingest.namespace ?? source.namespace, uri);
  return session.ledger.lookup('doc', docId);
}

/** The vault's version first, then the source: what is found there is no older. */
async function stepFor(change: Change, options: ReconcileOptions): Promise<Step> {
  const { uri, seq, revision, kind } = change;
  const doc = known(options, uri);
  const present = await options.source.look(uri);
  if (present === null) return doc?.status === 'live' ? { do: 'delete', doc } : { do: 'nothing' };
  // Made anew since it was removed: the message of that is on its way.
  if (kind === 'removed') return { do: 'nothing' };
  const isOld = seq !== null && doc?.seq != null && BigInt(seq) <= BigInt(doc.seq);
  const isReplaced = revision !== null && revision !== present.revision;
  if (isOld || isReplaced) return { do: 'nothing' };
  const file = { uri, file: uri, bytes: present.bytes, root: '', seq, revision: present.revision };
  return { do: 'ingest', file };
}

async function deleteAll(
  steps: readonly (readonly [Change, Step])[],
  { session }: ReconcileOptions,
  again: Change[],
): Promise<void> {
  const { context, ledger } = session;
  const signed: { change: Change; entry: Uint8Array }[] = [];
  for (const [change, step] of steps) {
    if (step.do !== 'delete') continue;
    const every = { log: ledger.trust.log, time: Math.floor(context.clock.now() / 1000) };
    const signer = signerFor(context, ledger, 'ingest');
    const entry = await signTombstone(every, context.ring.lookupKey('id'), step.doc, signer);
    signed.push({ change, entry });
  }
  if (signed.length === 0) return;
  await session.commit(signed.map(({ entry }) => entry));
  // Looked at again, whether it was accepted or somebody else was faster.
  again.push(...signed.map(({ change }) => change));
}

async function ingestAll(
  steps: readonly (readonly [Change, Step])[],
  options: ReconcileOptions,
  { settled, again }: { settled: Map<string, Settled>; again: Change[] },
): Promise<void> {
  const files = steps.flatMap(([, step]) => (step.do === 'ingest' ? [step.file] : []));
  if (files.length === 0) return;
  const report = await ingestUnindexed(options.session, sourceOf(files, options.source), {
    ...options.ingest,
    access: options.access,
  });
  const failures = failuresOf(report);
  for (const [change, step] of steps) {
    if (step.do !== 'ingest') continue;
    const failure = failures.get(change.uri) ?? null;
    const isOvertaken = failure === 'INGEST_CONFLICT' || failure === 'SOURCE_CHANGED';
    const isGone = failure === null && (await options.source.look(change.uri)) === null;
    if (isOvertaken || isGone) again.push(change);
    else settled.set(change.uri, failure);
  }
}

function failuresOf(report: IngestReport): Map<string, ErrorCode> {
  const failures = new Map(report.failures.map(({ uri, code }) => [uri, code]));
  for (const uri of report.undecided) failures.set(uri, 'ACCESS_UNDECIDED');
  return failures;
}

/** These documents and no others. */
function sourceOf(files: readonly SourceFile[], source: WatchedSource): DocumentSource {
  return {
    kind: source.kind,
    namespace: source.namespace,
    isCountedFirst: true,
    // eslint-disable-next-line @typescript-eslint/require-await
    discover: async function* () {
      for (const file of files) yield { kind: 'file', source: file };
    },
    read: (file, access, maxBytes) => source.read(file, access, maxBytes),
  };
}
