// SPDX-License-Identifier: Apache-2.0
// The same documents with the vectors of another model of the vault's space: new versions of the same text.
import { type DocId, fail, type Hex, isStrongroomError, utf8 } from '../core/index.ts';
import { passageText } from '../embed/index.ts';
import type { DocValue } from '../provenance/index.ts';
import type { OpenDocument } from '../store/index.ts';
import type { Chunk } from './chunk/index.ts';
import { Committer } from './committer.ts';
import { asError } from './limits.ts';
import { embedPassages, pipelineId, type Publishable } from './prepare.ts';
import type { Publication } from './publish.ts';
import { noStageTimes } from './tally.ts';
import type { FileFailure, IngestDependencies } from './types.ts';
import { VersionWriter } from './version-writer.ts';

/** Versions are gathered for so long: a batch writes the log's last tiles anew, and little is lost by a crash. */
const BATCH_WAIT_MS = 30_000;
const BATCH_ENTRIES = 63;

/** What embedding again works with; `embedder` is the model that documents get. */
export type ReembedDependencies = Omit<IngestDependencies, 'access' | 'policy'>;

/** How far it may go. */
export interface ReembedOptions {
  /** Documents at most. Default: all. */
  readonly limit?: number;
  readonly onProgress?: (progress: ReembedProgress) => void;
  /** Stops after the document at work; what is done is kept, and the next run goes on from there. */
  readonly signal?: AbortSignal;
}

/** How far it is. */
export interface ReembedProgress {
  /** Documents that are dealt with, of those found. */
  readonly done: number;
  readonly total: number;
  readonly chunks: number;
}

/** What was done. */
export interface ReembedReport {
  readonly documents: number;
  readonly chunks: number;
  /** Documents that still have vectors of another model. */
  readonly remaining: number;
  /** Documents that changed or failed a proof meanwhile; they stay as they are. By document id. */
  readonly failures: readonly Pick<FileFailure, 'code' | 'message' | 'remedy' | 'uri'>[];
}

/**
 * Gives documents the vectors of `deps.embedder`, one after the other. Each becomes a new signed version of exactly the same
 * text, chunks and facts, which keeps its class; nothing is parsed again. Idempotent: a document that has these vectors
 * is passed over, so a run that was stopped, or ended by a crash, is continued by the next.
 * @param docs documents in the order in which they are to be taken
 * @throws errors of the stores, of the log and of the model, with everything acknowledged so far kept
 */
export async function reembedDocuments(
  docs: readonly DocValue[],
  deps: ReembedDependencies,
  options: ReembedOptions = {},
): Promise<ReembedReport> {
  return new Reembedding(deps, options).run(docs);
}

class Reembedding {
  readonly #deps: ReembedDependencies;
  readonly #options: ReembedOptions;
  readonly #committer: Committer;
  readonly #writer: VersionWriter;
  readonly #failures: ReembedReport['failures'][number][] = [];
  readonly #acknowledgements: Promise<void>[] = [];
  #documents = 0;
  #chunks = 0;
  #failed: unknown = null;

  constructor(deps: ReembedDependencies, options: ReembedOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#committer = new Committer({
      commit: deps.commit,
      putKeys: (rows) => deps.stores.keys.putAll(rows),
      batchSize: BATCH_ENTRIES,
      maxWait: BATCH_WAIT_MS,
    });
    const committer = this.#committer;
    this.#writer = new VersionWriter({ deps, committer, stages: noStageTimes() });
  }

  async run(docs: readonly DocValue[]): Promise<ReembedReport> {
    const { limit = Infinity, onProgress, signal } = this.#options;
    const total = Math.min(limit, docs.length);
    let done = 0;
    for (const doc of docs.slice(0, total)) {
      if (signal?.aborted === true || this.#failed !== null) break;
      await this.#guarded(doc.docId, () => this.#take(doc));
      done += 1;
      onProgress?.({ done, total, chunks: this.#chunks });
    }
    await this.#committer.drain();
    await Promise.all(this.#acknowledgements);
    if (this.#failed !== null) throw asError(this.#failed);
    const documents = this.#documents;
    return {
      documents,
      chunks: this.#chunks,
      remaining: docs.length - documents,
      failures: this.#failures,
    };
  }

  /** A document that does not hold, or that was changed meanwhile, is its own fault; anything else ends the run. */
  async #guarded(docId: DocId, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isOwn =
        isStrongroomError(error) &&
        (error.area === 'integrity' || error.code === 'INGEST_CONFLICT');
      if (isStrongroomError(error, 'ABORTED')) return;
      // An altered model is no fault of a document.
      if (!isOwn || error.code === 'MODEL_INVALID') {
        this.#failed ??= error;
        return;
      }
      const { code, message, remedy } = error;
      this.#failures.push({ uri: docId, code, message, remedy });
    }
  }

  async #take(doc: DocValue): Promise<void> {
    const document = await this.#open(doc);
    const prepared = await this.#prepare(document);
    const { statement, meta } = document;
    const { kind, namespace, seq } = statement.predicate.source;
    const publication: Publication = {
      ...{ docId: doc.docId, namespace, kind, seq, current: doc, firstAccess: null },
      ...{ sourceUri: meta.sourceUri, grants: meta.access },
    };
    const { acknowledged } = await this.#writer.write(prepared, publication, doc.aclDigest);
    const noted = this.#guarded(doc.docId, async () => {
      this.#note(doc, document, await acknowledged);
      this.#documents += 1;
      this.#chunks += prepared.chunks.length;
    });
    this.#acknowledgements.push(noted);
  }

  async #open(doc: DocValue): Promise<OpenDocument> {
    const document = await this.#deps.open(doc.docId);
    // Between the list and now, somebody may have ingested it again: then it is the next run's.
    if (document.statement.predicate.version !== doc.version) {
      throw fail('INGEST_CONFLICT', 'the document was changed meanwhile');
    }
    return document;
  }

  async #prepare(document: OpenDocument): Promise<Publishable> {
    const { statement, meta, tree } = document;
    const { sourceUri, title, mediaType, scan } = meta;
    const text = await document.wholeText();
    const bytes = utf8(text);
    const decoder = new TextDecoder();
    const chunks = tree.leaves.map(({ start, end, meta: { headings, page, pos } }): Chunk => {
      const body = decoder.decode(bytes.subarray(start, end));
      return { start, end, text: body, headings, page, pos };
    });
    const texts = chunks.map(({ headings, text: body }) =>
      passageText({ sourceUri, title, headings }, body),
    );
    const { parser, chunker } = statement.predicate.pipeline;
    return {
      parsed: { text, title, mediaType, parser },
      chunker,
      chunks,
      vectors: await embedPassages(texts, this.#deps.embedder, this.#options.signal),
      screening: { ...statement.predicate.scan, findings: scan.findings },
    };
  }

  /** The source file, unchanged, has made this version too. */
  #note({ docId, entryLeafHash }: DocValue, document: OpenDocument, leafHash: Hex): void {
    const { pipeline, embedder: before } = document.statement.predicate;
    const { journal, embedder } = this.#deps;
    for (const frontMatter of [false, true]) {
      const name = (model: string): string => pipelineId(pipeline.parser, model, frontMatter);
      const from = { docId, leafHash: entryLeafHash, pipeline: name(before.model) };
      if (journal.carry(from, { leafHash, pipeline: name(embedder.identity.model.id) })) return;
    }
  }
}
