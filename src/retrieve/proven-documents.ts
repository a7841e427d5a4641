// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import { docIdOf, fail, type Hex, need } from '../core/index.ts';
import type { KeyRef } from '../keys/index.ts';
import {
  checkStatement,
  type DocValue,
  entryLeafHash,
  type Ledger,
  parseEnvelope,
  parseStatement,
} from '../provenance/index.ts';
import {
  dataKey,
  digestOf,
  type IngestStatement,
  OpenDocument,
  SealedBytes,
  type SealedSource,
  type SealedStore,
} from '../store/index.ts';

/** What stays proven between searches: so many documents, and so many chunks of them together. */
export interface ProvenLimits {
  readonly documents: number;
  readonly chunks: number;
}

/** Sealed bytes of proven documents that stay in memory. */
const SEALED_BYTES = 32 * 1024 * 1024;

// The largest document that the formats allow fits: its candidates must not each prove it again.
const LIMITS: ProvenLimits = { documents: 512, chunks: 2 ** 20 };

interface Opening {
  readonly docId: string;
  readonly chunks: number;
  readonly document: Promise<OpenDocument>;
  /** The document once it is proven. */
  proven: OpenDocument | null;
}

/**
 * Document versions that were proven from the ledger down: entry, statement, sealed object, chunk tree. The proof is
 * cached by entry hash; whether the version is current and may be read is never cached here.
 */
export class ProvenDocuments {
  readonly #ledger: Ledger;
  readonly #stores: SealedStore;
  readonly #tenantId: string;
  readonly #sealed: SealedBytes;
  // Promises, so that candidates of one document wait for one proof. What falls out of the cache is not closed: a
  // passage that is being read may still need it.
  readonly #cache: LRUCache<Hex, Opening>;

  constructor(ledger: Ledger, stores: SealedStore, tenantId: string, limits = LIMITS) {
    this.#cache = new LRUCache({
      max: limits.documents,
      maxSize: limits.chunks,
      sizeCalculation: ({ chunks }) => Math.max(1, chunks),
    });
    this.#ledger = ledger;
    this.#stores = stores;
    this.#tenantId = tenantId;
    this.#sealed = new SealedBytes(stores.objects, SEALED_BYTES);
  }

  /**
   * The current version of a document, proven now or before.
   * @throws {INTEGRITY} {@link KEY_ROW_MISSING} {@link KEY_ROW_INVALID} {@link KEY_COMMITMENT} {@link LOG_TRUNCATED}
   */
  open(doc: DocValue): Promise<OpenDocument> {
    const { docId, entryLeafHash, chunks } = doc;
    const known = this.#cache.get(entryLeafHash);
    if (known !== undefined) return known.document;
    const document = this.#prove(doc, this.#sealed);
    const opening: Opening = { docId, chunks, document, proven: null };
    this.#cache.set(entryLeafHash, opening);
    document.then(
      (proven) => {
        opening.proven = proven;
      },
      () => {
        // A failure is not remembered: the store may have been repaired.
        if (this.#cache.peek(entryLeafHash) === opening) this.#cache.delete(entryLeafHash);
      },
    );
    return opening.document;
  }

  /** What {@link ProvenDocuments.open} would give, when that is known already. */
  proven({ entryLeafHash }: DocValue): OpenDocument | null {
    return this.#cache.get(entryLeafHash)?.proven ?? null;
  }

  /** True when {@link ProvenDocuments.open} would prove nothing anew. */
  has({ entryLeafHash }: DocValue): boolean {
    return this.#cache.has(entryLeafHash);
  }

  /** Proves the current version of a document from what the store holds now. The caller closes it. */
  prove(doc: DocValue): Promise<OpenDocument> {
    return this.#prove(doc, this.#stores.objects);
  }

  async #prove(doc: DocValue, source: SealedSource): Promise<OpenDocument> {
    const statement = await this.statement(doc);
    const ref = documentRef(this.#tenantId, doc);
    const dek = dataKey(this.#stores, ref, digestOf(statement));
    try {
      const document = await OpenDocument.open(source, ref, dek, statement);
      this.#checkName(document, doc);
      return document;
    } finally {
      (await dek.catch(() => null))?.fill(0);
    }
  }

  /**
   * The ingest statement of a document's head. The ledger has applied the entry with exactly this leaf hash, under a key
   * that was valid there, so the hash is all that must be compared.
   * @throws {INTEGRITY} when the stored entry is another one
   */
  async statement(doc: DocValue): Promise<IngestStatement> {
    const entry = await this.#appliedEntry(doc);
    const envelope = parseEnvelope(entry);
    const raw = envelope === null ? null : parseStatement(envelope.payload);
    const statement = raw === null ? null : checkStatement(raw);
    if (statement?.kind !== 'ingest')
      throw fail('INTEGRITY', 'a document head is no ingest statement');
    return statement;
  }

  /** The store's bytes of the entry that the ledger has applied. */
  async #appliedEntry({ entry: index, entryLeafHash: applied }: DocValue): Promise<Uint8Array> {
    const { reader, head } = this.#ledger;
    let entry = await reader.entry(index, head.size);
    if (entryLeafHash(entry) !== applied) {
      // What the reader remembers may be older than the store's repair.
      reader.forget();
      entry = await reader.entry(index, head.size);
    }
    const isApplied = entryLeafHash(entry) === applied;
    need(
      'INV-ENTRY-LEAF',
      isApplied,
      'INTEGRITY',
      'a log entry is not the one that the ledger applied',
    );
    return entry;
  }

  /** A name that gives another id was not the one that the document was ingested under. */
  #checkName({ meta }: OpenDocument, doc: DocValue): void {
    const idKey = this.#stores.ring.lookupKey('id');
    const isOwn = docIdOf(idKey, meta.namespace, meta.sourceUri) === doc.docId;
    need('INV-META-DOCID', isOwn, 'INTEGRITY', 'a document carries the name of another one');
  }

  /** Forgets sealed bytes: they are read from the store again. What was proven stays. */
  forgetSealed(): void {
    this.#sealed.forget();
  }

  /** Forgets every version of one document, or everything, and zeroes the keys that were derived for it. */
  forget(docId?: string): void {
    for (const [leafHash, opening] of [...this.#cache.entries()]) {
      if (docId !== undefined && opening.docId !== docId) continue;
      this.#cache.delete(leafHash);
      opening.document.then(
        (document) => document.close(),
        () => undefined,
      );
    }
  }
}

/** Where a document version stands in the key hierarchy. */
export function documentRef(tenantId: string, doc: Pick<DocValue, 'docId' | 'version'>): KeyRef {
  return { tenantId, kind: 'doc', id: doc.docId, no: doc.version };
}
