// SPDX-License-Identifier: Apache-2.0
// One run of ingestion. Order of one write: sealed object, wrapped key, staged index rows, log batch, acknowledgement.
import PQueue from 'p-queue';
import { AccessResolver, type DocumentGrants, type ResolvedAccess } from '../access/index.ts';
import { type DocId, fail, type Hex } from '../core/index.ts';
import type { CommitOutcome, DocValue } from '../provenance/index.ts';
import { Binder } from './binder.ts';
import { Census } from './census.ts';
import { ClassPublisher } from './class-publisher.ts';
import { Committer } from './committer.ts';
import { discover, type SourceFile } from './discover.ts';
import { decodeGrants, encodeGrants, readGrants } from './grants.ts';
import { loaderFor } from './parse/index.ts';
import { pipelineId, prepareDocument, type PreparedDocument, timed } from './prepare.ts';
import { prune } from './prune.ts';
import { indexRows, type Publication, publishDocument, withdrawDocument } from './publish.ts';
import { isOwnFault, readSource, type SourceContent } from './read-source.ts';
import { IngestTally } from './tally.ts';
import type { IngestDependencies, IngestOptions, IngestReport } from './types.ts';

const BATCH_ENTRIES = 63;
const BATCH_WAIT_MS = 200;
const DEFAULT_CONCURRENCY = 4;

/** A file with what is known of it before it is parsed. */
interface Known extends SourceContent {
  readonly source: SourceFile;
  readonly docId: DocId;
  readonly current: DocValue | null;
}

/**
 * Ingests files and folders.
 * @throws {SOURCE_MISSING} when a path does not exist; {@link ABORTED}; errors of the stores end the run, with everything
 *   acknowledged so far kept. A file that cannot be ingested is reported and does not end the run.
 */
export function ingestFiles(
  paths: readonly string[],
  deps: IngestDependencies,
  options: IngestOptions = {},
): Promise<IngestReport> {
  return new Ingestion(deps, options).run(paths);
}

class Ingestion {
  readonly #deps: IngestDependencies;
  readonly #options: IngestOptions;
  readonly #resolver: AccessResolver;
  readonly #committer: Committer;
  readonly #publisher: ClassPublisher;
  readonly #binder: Binder;
  readonly #tally = new IngestTally();
  readonly #census: Census;
  readonly #acknowledgements: Promise<void>[] = [];
  #failed: Error | null = null;

  constructor(deps: IngestDependencies, options: IngestOptions) {
    const { ledger, stores, clock } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#resolver = new AccessResolver(deps.access);
    this.#census = new Census(stores.ring.lookupKey('id'), options.namespace);
    const committer = new Committer({
      commit: deps.commit,
      putKeys: (rows) => stores.keys.putAll(rows),
      batchSize: BATCH_ENTRIES,
      maxWait: BATCH_WAIT_MS,
    });
    this.#committer = committer;
    const publisher = { ledger, stores, committer, clock, signer: () => deps.signer('ingest') };
    this.#publisher = new ClassPublisher(publisher);
    const binder = { ledger, stores, committer, clock, publisher: this.#publisher };
    this.#binder = new Binder({ ...binder, signer: () => deps.signer('acl') });
  }

  async run(paths: readonly string[]): Promise<IngestReport> {
    const sources = await this.#discover(paths);
    const queue = new PQueue({ concurrency: this.#options.concurrency ?? DEFAULT_CONCURRENCY });
    for (const source of sources) {
      if (this.#failed !== null) break;
      // Bounded: a file waits in the folder until there is room, not in memory.
      await queue.onSizeLessThan(queue.concurrency * 2);
      void queue.add(() => this.#guarded(source, sources.length));
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

  async #discover(paths: readonly string[]): Promise<SourceFile[]> {
    const sources: SourceFile[] = [];
    for await (const found of discover(paths, this.#options)) {
      if (found.kind === 'file') sources.push(found.source);
      else if (found.kind === 'folder') this.#census.folders.add(found.root);
      else {
        // What is there but not taken is not gone: pruning leaves it alone.
        this.#census.meet(found.uri);
        if (found.kind === 'refused') this.#tally.fail(found.uri, found.error);
        else this.#tally[found.reason] += 1;
      }
    }
    this.#tally.files = sources.length;
    return sources;
  }

  /** Errors of one file are its own; anything else ends the run. */
  async #guarded(source: SourceFile, total: number): Promise<void> {
    if (this.#failed !== null) return;
    try {
      if (this.#options.signal?.aborted === true) throw fail('ABORTED', 'ingestion was cancelled');
      await this.#ingest(source).catch((error: unknown) => {
        if (!isOwnFault(error)) throw error;
        this.#tally.fail(source.uri, error);
      });
      this.#tally.done += 1;
      const { done, chunks } = this.#tally;
      this.#options.onProgress?.({ done, total, chunks });
    } catch (error) {
      this.#failed ??= asError(error);
    }
  }

  async #ingest(source: SourceFile): Promise<void> {
    const known = await this.#read(source);
    const parser = loaderFor({ uri: source.uri, bytes: known.bytes })?.id ?? '';
    if (this.#isUnchanged(known, parser)) {
      await this.#keep(known, parser);
      return;
    }
    const run = { options: this.#options, stages: this.#tally.stages };
    const prepared = await prepareDocument(source, known.bytes, this.#deps, run);
    const grants = readGrants(known.sidecar, prepared.parsed.frontMatter, this.#deps.access);
    const access = this.#resolve(source, grants);
    if (access === null) return;
    this.#tally.screened(prepared.screening);
    this.#tally.chunks += prepared.chunks.length;
    this.#tally.sourceBytes += known.bytes.length;
    if (this.#options.dryRun === true) await this.#rehearse(known, access);
    else await this.#publish(known, prepared, { grants, access });
  }

  async #read(source: SourceFile): Promise<Known> {
    const { ledger, access } = this.#deps;
    const docId = this.#census.take(source.uri);
    const { stages } = this.#tally;
    const content = await timed(stages, 'read', () =>
      readSource(source, access, this.#options.maxFileBytes),
    );
    return { source, docId, current: ledger.lookup('doc', docId), ...content };
  }

  #isUnchanged({ docId, current, content }: Known, parser: string): boolean {
    if (current?.status !== 'live') return false;
    const pipeline = pipelineId(parser, this.#deps.embedder.identity.model.id);
    return this.#deps.journal.isUnchanged({
      docId,
      leafHash: current.entryLeafHash,
      content,
      pipeline,
    });
  }

  /** An unchanged file may have got another class, by a changed rule, or stand in another folder. */
  async #keep(known: Known, parser: string): Promise<void> {
    this.#tally.unchanged += 1;
    const { current } = known;
    if (current === null) return;
    this.#note(known, current.entryLeafHash, parser);
    const { access, open } = this.#deps;
    const bringsOwn = access.sidecars || access.frontMatter;
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

  #note({ docId, content, source }: Known, leafHash: Hex, parser: string): void {
    const { journal, embedder } = this.#deps;
    if (this.#options.dryRun === true || journal.isFrom(source.root, { docId, leafHash })) return;
    const pipeline = pipelineId(parser, embedder.identity.model.id);
    journal.note({ docId, leafHash, content, pipeline }, source.root);
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

  #count({ current }: Known): void {
    if (current === null) this.#tally.added += 1;
    else this.#tally.updated += 1;
  }

  async #publish(
    known: Known,
    prepared: PreparedDocument,
    { grants, access }: { grants: DocumentGrants; access: ResolvedAccess },
  ): Promise<void> {
    const { digest, published } = await this.#publisher.ensure(access.record);
    const { current } = known;
    const publication: Publication = {
      docId: known.docId,
      namespace: this.#census.namespace,
      sourceUri: known.source.uri,
      grants: encodeGrants(grants),
      current,
      firstAccess: current === null ? { aclDigest: digest, validUntil: access.validUntil } : null,
    };
    const signed = await publishDocument(prepared, publication, this.#deps, this.#tally.stages);
    this.#tally.sealedBytes += signed.sealedBytes;
    // Waiting for the log must not keep a place in the queue.
    const acknowledged = published
      .then(() => this.#stageAndSubmit(prepared, publication, signed, digest))
      .then((outcome) => this.#acknowledged(known, prepared, outcome, access))
      .catch((error: unknown) => {
        if (isOwnFault(error)) this.#tally.fail(known.source.uri, error);
        else this.#failed ??= asError(error);
      });
    this.#acknowledgements.push(acknowledged);
  }

  async #stageAndSubmit(
    prepared: PreparedDocument,
    publication: Publication,
    signed: Awaited<ReturnType<typeof publishDocument>>,
    digest: string,
  ): Promise<CommitOutcome> {
    const { ledger, stage, unstage } = this.#deps;
    const boundTo = publication.current?.aclDigest ?? digest;
    const classNo = ledger.lookup('acl', boundTo)?.classNo ?? 0;
    const { stages } = this.#tally;
    await timed(stages, 'index', () => {
      stage(indexRows(prepared, publication, signed.leafHash, classNo));
    });
    const outcome = await timed(stages, 'log', () => this.#committer.submit(signed));
    if (outcome.outcome === 'refused') {
      unstage(signed.leafHash);
      await withdrawDocument(signed, this.#deps);
      throw fail('INGEST_CONFLICT', `the ledger refuses the document: ${outcome.reason}`);
    }
    return outcome;
  }

  async #acknowledged(
    known: Known,
    prepared: PreparedDocument,
    outcome: CommitOutcome,
    access: ResolvedAccess,
  ): Promise<void> {
    if (outcome.outcome !== 'committed') return;
    this.#count(known);
    this.#note(known, outcome.leafHash, prepared.parsed.parser);
    const doc = this.#deps.ledger.lookup('doc', known.docId);
    if (known.current !== null && doc !== null) await this.#bind(doc, access);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
