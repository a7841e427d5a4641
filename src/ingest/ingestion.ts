// SPDX-License-Identifier: Apache-2.0
// One run of ingestion. Order of one write: sealed object, wrapped key, staged index rows, log batch, acknowledgement.
import PQueue from 'p-queue';
import { AccessResolver, type DocumentGrants, type ResolvedAccess } from '../access/index.ts';
import { type DocId, fail, type Hex } from '../core/index.ts';
import type { DocValue } from '../provenance/index.ts';
import { Backlog } from './backlog.ts';
import { Binder } from './binder.ts';
import { Census } from './census.ts';
import { ClassPublisher } from './class-publisher.ts';
import { Committer } from './committer.ts';
import { DocumentWriter } from './document-writer.ts';
import { findSources } from './finding.ts';
import { countGrants, decodeGrants, readGrants } from './grants.ts';
import { loadersWith } from './parse/index.ts';
import { asError, checkRange } from './limits.ts';
import { pipelineId, prepareDocument, type PreparedDocument, timed } from './prepare.ts';
import { prune } from './prune.ts';
import { isOwnFault } from './read-source.ts';
import type { DocumentSource, SourceContent, SourceFile } from './source.ts';
import { IngestTally } from './tally.ts';
import type { IngestDependencies, IngestOptions, IngestReport } from './types.ts';

const BATCH_ENTRIES = 63;
/** Every batch writes the log's last, partial tiles anew, so that a slow run must not make a batch of each document. */
const BATCH_WAIT_MS = 5000;
const DEFAULT_CONCURRENCY = 4;
const MAX_CONCURRENCY = 64;
const MAX_FILE_BYTES = 2 ** 30;
/** Default limit of a file's size. */
const USUAL_FILE_BYTES = 50 * 1024 * 1024;
/** Four full batches; and so much source text that a few huge files are read one after the other. */
const BACKLOG = { documents: 4 * BATCH_ENTRIES, bytes: 32 * 1024 * 1024 };

const NOTHING_PENDING = { acknowledged: Promise.resolve() };

/** Which document a file is, and by what it is recognised. */
interface Identity extends Pick<SourceContent, 'content'> {
  readonly source: SourceFile;
  readonly docId: DocId;
  readonly current: DocValue | null;
}

/** A file with what is known of it before it is parsed. */
interface Known extends Identity, SourceContent {}

/**
 * Ingests what a source holds.
 * @throws {SOURCE_MISSING} when there is no such source; {@link ABORTED}; errors of the stores end the run, with
 *   everything acknowledged so far kept. A file that cannot be ingested is reported and does not end the run.
 */
export function ingestSource(
  source: DocumentSource,
  deps: IngestDependencies,
  options: IngestOptions = {},
): Promise<IngestReport> {
  return new Ingestion(source, deps, options).run();
}

class Ingestion {
  readonly #from: DocumentSource;
  readonly #deps: IngestDependencies;
  readonly #options: IngestOptions;
  readonly #resolver: AccessResolver;
  readonly #committer: Committer;
  readonly #publisher: ClassPublisher;
  readonly #binder: Binder;
  readonly #writer: DocumentWriter;
  readonly #backlog: Backlog;
  readonly #loaderFor: ReturnType<typeof loadersWith>;
  readonly #tally = new IngestTally();
  readonly #census: Census;
  readonly #acknowledgements: Promise<void>[] = [];
  #failed: Error | null = null;

  constructor(from: DocumentSource, deps: IngestDependencies, options: IngestOptions) {
    const { ledger, stores, clock } = deps;
    this.#from = from;
    this.#deps = deps;
    this.#options = options;
    this.#loaderFor = loadersWith(options.loaders ?? []);
    this.#resolver = new AccessResolver(deps.access);
    this.#census = new Census(stores.ring.lookupKey('id'), options.namespace ?? from.namespace);
    const committer = new Committer({
      commit: deps.commit,
      putKeys: (rows) => stores.keys.putAll(rows),
      batchSize: BATCH_ENTRIES,
      maxWait: BATCH_WAIT_MS,
    });
    this.#committer = committer;
    // Whoever waits for the log to make room waits for no other entries.
    this.#backlog = new Backlog(BACKLOG, () => void committer.flush());
    const publisher = { ledger, stores, committer, clock, signer: () => deps.signer('ingest') };
    this.#publisher = new ClassPublisher(publisher);
    const binder = { ledger, stores, committer, clock, publisher: this.#publisher };
    this.#binder = new Binder({ ...binder, signer: () => deps.signer('acl') });
    this.#writer = new DocumentWriter({
      ...{ deps, committer, publisher: this.#publisher },
      ...{ namespace: this.#census.namespace, kind: from.kind, stages: this.#tally.stages },
    });
  }

  async run(): Promise<IngestReport> {
    const { concurrency = DEFAULT_CONCURRENCY, maxFileBytes } = this.#options;
    checkRange('concurrency', concurrency, MAX_CONCURRENCY);
    if (maxFileBytes !== undefined) checkRange('maxFileBytes', maxFileBytes, MAX_FILE_BYTES);
    const queue = new PQueue({ concurrency });
    const [tally, census] = [this.#tally, this.#census];
    const notes = { tally, census, check: () => this.#checkSignal() };
    for await (const source of findSources(this.#from, this.#options, notes)) {
      if (this.#failed !== null) break;
      // Bounded: a file waits in the folder until there is room, not in memory.
      await queue.onSizeLessThan(queue.concurrency * 2);
      void queue.add(() => this.#guarded(source));
    }
    await queue.onIdle();
    await this.#committer.drain();
    await Promise.all(this.#acknowledgements);
    if (this.#failed !== null) throw this.#failed;
    await this.#binder.finish();
    if (this.#options.prune === true) {
      const dryRun = this.#options.dryRun === true;
      this.#tally.deleted = await prune(this.#deps, this.#committer, this.#census, dryRun);
    }
    return this.#tally.report(this.#committer.accepted);
  }

  /** Errors of one file are its own; anything else ends the run. */
  async #guarded(source: SourceFile): Promise<void> {
    const leave = await this.#backlog.enter(source.bytes);
    let acknowledged = Promise.resolve();
    try {
      if (this.#failed !== null) return;
      this.#checkSignal();
      ({ acknowledged } = await this.#ingest(source));
    } catch (error) {
      if (isOwnFault(error)) this.#tally.fail(source.uri, error);
      else this.#failed ??= asError(error);
    } finally {
      // Waiting for the log keeps no place in the queue, but it does in the backlog.
      this.#acknowledgements.push(acknowledged.then(leave));
    }
    if (this.#failed === null) this.#report();
  }

  #report(): void {
    this.#tally.done += 1;
    const { done, chunks, files: total } = this.#tally;
    try {
      this.#options.onProgress?.({ done, total, chunks });
    } catch (error) {
      this.#failed ??= asError(error);
    }
  }

  #checkSignal(): void {
    if (this.#options.signal?.aborted === true) throw fail('ABORTED', 'ingestion was cancelled');
  }

  async #ingest(source: SourceFile): Promise<{ readonly acknowledged: Promise<void> }> {
    const known = await this.#read(source);
    const loader = this.#loaderFor({ uri: source.uri, bytes: known.bytes });
    const parser = loader?.id ?? '';
    if (this.#isUnchanged(known, parser)) {
      await this.#keep(known, parser);
      return NOTHING_PENDING;
    }
    const run = { options: this.#options, stages: this.#tally.stages, loader };
    const prepared = await prepareDocument(source, known.bytes, this.#deps, run);
    const own = readGrants(known.sidecar, prepared.parsed, this.#deps.access);
    const { restrictions } = known;
    const grants = restrictions === undefined ? own : { ...own, catalogue: restrictions };
    const access = this.#resolve(source, grants);
    if (access === null) return NOTHING_PENDING;
    this.#tally.screened(prepared.screening);
    this.#tally.chunks += prepared.chunks.length;
    this.#tally.sourceBytes += known.bytes.length;
    if (this.#options.dryRun !== true) return this.#publish(known, prepared, { grants, access });
    await this.#rehearse(known, access);
    return NOTHING_PENDING;
  }

  async #read(source: SourceFile): Promise<Known> {
    const { ledger, access } = this.#deps;
    const docId = this.#census.take(source.uri);
    const { stages } = this.#tally;
    // Before it is read: what is published on the current version must be at least as new as that.
    const current = ledger.lookup('doc', docId);
    const { maxFileBytes = USUAL_FILE_BYTES } = this.#options;
    const content = await timed(stages, 'read', () =>
      this.#from.read(source, access, maxFileBytes),
    );
    return { source, docId, current, ...content };
  }

  #isUnchanged({ docId, current, content }: Known, parser: string): boolean {
    if (current?.status !== 'live') return false;
    const { journal } = this.#deps;
    const facts = { docId, leafHash: current.entryLeafHash, content };
    return this.#models().some((model) =>
      journal.isUnchanged({ ...facts, pipeline: this.#pipeline(parser, model) }),
    );
  }

  /** The run's own model and the others of the vault: what an upgrade has embedded again is not to be ingested again. */
  #models(): readonly string[] {
    const { ledger, embedder } = this.#deps;
    const others = ledger.view.state.vault?.embedder.models ?? [];
    return [...new Set([embedder.identity.model.id, ...others.map(({ id }) => id)])];
  }

  /** An unchanged file may have got another class, by a changed rule, or stand in another folder. */
  async #keep(known: Known, parser: string): Promise<void> {
    this.#tally.unchanged += 1;
    const { current } = known;
    if (current === null) return;
    this.#note(known, current.entryLeafHash, parser);
    const { access, open } = this.#deps;
    const bringsOwn = countGrants(access) || known.restrictions !== undefined;
    const grants = decodeGrants(bringsOwn ? (await open(known.docId)).meta.access : null);
    const resolved = this.#resolve(known.source, grants);
    if (resolved !== null) await this.#bind(current, resolved);
  }

  async #bind(doc: DocValue, access: ResolvedAccess): Promise<void> {
    const isChanged =
      this.#options.dryRun === true
        ? this.#binder.changes(doc, access)
        : await this.#binder.bind(doc, access);
    if (isChanged) this.#tally.rebound += 1;
  }

  #note({ docId, content, source }: Identity, leafHash: Hex, parser: string): void {
    const { journal } = this.#deps;
    if (this.#options.dryRun === true || journal.isFrom(source.root, { docId, leafHash })) return;
    journal.note({ docId, leafHash, content, pipeline: this.#pipeline(parser) }, source.root);
  }

  #pipeline(parser: string, model = this.#deps.embedder.identity.model.id): string {
    return pipelineId(parser, model, this.#deps.access.frontMatter);
  }

  #resolve(source: SourceFile, grants: DocumentGrants): ResolvedAccess | null {
    const refuses = this.#deps.policy.default === 'refuse';
    const access = this.#resolver.resolve(source.uri, grants);
    // The signed policy may be stricter than the access file.
    if (access !== null && !(refuses && access.source === 'owner')) return access;
    this.#tally.undecided.push(source.uri);
    return null;
  }

  async #rehearse(known: Known, access: ResolvedAccess): Promise<void> {
    this.#count(known);
    if (known.current !== null) await this.#bind(known.current, access);
  }

  #count({ current }: Identity): void {
    if (current === null) this.#tally.added += 1;
    else this.#tally.updated += 1;
  }

  async #publish(
    { docId, current, source, content }: Known,
    prepared: PreparedDocument,
    { grants, access }: { grants: DocumentGrants; access: ResolvedAccess },
  ): Promise<{ readonly acknowledged: Promise<void> }> {
    const at = { docId, sourceUri: source.uri, seq: source.seq ?? null };
    const target = { ...at, current, grants, access };
    const { sealedBytes, acknowledged } = await this.#writer.write(prepared, target);
    this.#tally.sealedBytes += sealedBytes;
    // Neither the file's bytes nor its text: what waits for the log must be small.
    const identity = { docId, current, source, content, parser: prepared.parsed.parser };
    return { acknowledged: this.#acknowledge(acknowledged, identity, access) };
  }

  async #acknowledge(
    acknowledged: Promise<Hex>,
    identity: Identity & { readonly parser: string },
    access: ResolvedAccess,
  ): Promise<void> {
    try {
      const leafHash = await acknowledged;
      this.#count(identity);
      this.#note(identity, leafHash, identity.parser);
      const doc = this.#deps.ledger.lookup('doc', identity.docId);
      if (identity.current !== null && doc !== null) await this.#bind(doc, access);
    } catch (error) {
      if (isOwnFault(error)) this.#tally.fail(identity.source.uri, error);
      else this.#failed ??= asError(error);
    }
  }
}
