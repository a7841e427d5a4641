// SPDX-License-Identifier: Apache-2.0
// From an index candidate, which proves nothing, to a passage that is proven.
import { LRUCache } from 'lru-cache';
import { compareBytes, holds, isStrongroomError } from '../core/index.ts';
import type { Awaitable, Candidate } from '../index/index.ts';
import type { DocValue } from '../provenance/index.ts';
import type { OpenDocument } from '../store/index.ts';
import type { ProvenDocuments } from './proven-documents.ts';
import type { ResolvedPassage, RetrievalOptions, RetrievalStats } from './types.ts';

const CACHED_TEXT_BYTES = 32 * 1024 * 1024;

/** A text and the vector beside it, both compared with what was signed. */
interface VerifiedText {
  readonly text: string;
  readonly vector: Uint8Array;
}

/** A proven document and the verified text of one of its chunks. */
interface OpenedText {
  readonly document: OpenDocument;
  readonly text: string;
}

/** Turns candidates into passages, for one process; caches hold proofs and verified text, never decisions. */
export class Resolver {
  readonly #options: RetrievalOptions;
  readonly #documents: ProvenDocuments;
  readonly #texts = new LRUCache<string, VerifiedText>({
    maxSize: CACHED_TEXT_BYTES,
    sizeCalculation: ({ text, vector }) => text.length * 2 + vector.length + 1,
  });

  constructor(options: RetrievalOptions, documents: ProvenDocuments) {
    this.#options = options;
    this.#documents = documents;
  }

  /**
   * Proves one candidate: at once where text and proof are in memory.
   * @param allowed the caller's class numbers
   * @returns null when it must not be shown; `stats` says why
   */
  resolve(
    candidate: Candidate,
    allowed: ReadonlySet<number>,
    stats: RetrievalStats,
  ): Awaitable<ResolvedPassage | null> {
    stats.candidates += 1;
    const doc = this.#current(candidate, allowed, stats);
    if (doc === null) return null;
    return this.#fromMemory(doc, candidate, stats) ?? this.#proven(doc, candidate, stats);
  }

  /** The passage with what was verified before; null when anything about it must be looked at anew. */
  #fromMemory(doc: DocValue, candidate: Candidate, stats: RetrievalStats): ResolvedPassage | null {
    const document = this.#documents.proven(doc);
    const known = document === null ? undefined : this.#known(doc, candidate);
    if (document === null || known === undefined) return null;
    // Also when the text is known: the index offers the vector anew each time, and ranks by it. The very bytes that were
    // compared with the commitment before need no hash again.
    if (compareBytes(known.vector, candidate.vector) !== 0) return null;
    stats.plaintextHits += 1;
    return this.#passage(doc, { document, text: known.text }, candidate);
  }

  async #proven(
    doc: DocValue,
    candidate: Candidate,
    stats: RetrievalStats,
  ): Promise<ResolvedPassage | null> {
    try {
      return this.#passage(doc, await this.#open(doc, candidate, stats), candidate);
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      stats.failed += 1;
      this.#options.onAlarm({
        code: error.code,
        message: 'a passage failed its proof and was left out',
        details: { docId: doc.docId, chunk: candidate.i },
      });
      return null;
    }
  }

  #passage(
    doc: DocValue,
    { document, text }: OpenedText,
    { i, leafHash, score }: Candidate,
  ): ResolvedPassage {
    return { passage: passageOf(doc, document, i, text), leafHash, ...this.#class(doc), score };
  }

  /**
   * A passage with the class that its document stands in now; null when it may no longer be shown: its version is not
   * current any more, has expired, or stands in none of the classes.
   */
  current(passage: ResolvedPassage, allowed: ReadonlySet<number>): ResolvedPassage | null {
    const doc = this.#options.ledger.lookup('doc', passage.passage.docId);
    const isCurrent = doc?.status === 'live' && doc.entryLeafHash === passage.leafHash;
    if (doc === null || !holds('INV-ASSEMBLE-CURRENT', isCurrent)) return null;
    if (!holds('INV-ASSEMBLE-EXPIRED', !this.#isExpired(doc))) return null;
    const { aclDigest, classNo } = this.#class(doc);
    if (!holds('INV-ASSEMBLE-CLASS', allowed.has(classNo))) return null;
    return { ...passage, aclDigest, classNo };
  }

  /** Forgets verified text. */
  forget(): void {
    this.#texts.clear();
  }

  #current(
    candidate: Candidate,
    allowed: ReadonlySet<number>,
    stats: RetrievalStats,
  ): DocValue | null {
    const doc = this.#options.ledger.lookup('doc', candidate.docId);
    const isCurrent = doc?.status === 'live' && doc.entryLeafHash === candidate.leafHash;
    if (doc === null || !holds('INV-RESOLVE-CURRENT', isCurrent)) {
      stats.superseded += 1;
      return null;
    }
    if (!holds('INV-RESOLVE-EXPIRED', !this.#isExpired(doc))) {
      stats.expired += 1;
      return null;
    }
    if (!holds('INV-RESOLVE-CLASS', allowed.has(this.#class(doc).classNo))) {
      stats.foreign += 1;
      this.#options.onAlarm({
        code: 'INDEX_TAMPERED',
        message: 'the index offered a passage of a class that the caller may not read',
      });
      return null;
    }
    return doc;
  }

  async #open(doc: DocValue, candidate: Candidate, stats: RetrievalStats): Promise<OpenedText> {
    if (!this.#documents.has(doc)) stats.documentsVerified += 1;
    const document = await this.#documents.open(doc);
    document.checkVector(candidate.i, candidate.vector);
    const known = this.#known(doc, candidate);
    if (known !== undefined) {
      stats.plaintextHits += 1;
      return { document, text: known.text };
    }
    const text = await document.text(candidate.i);
    stats.chunksOpened += 1;
    if (this.#mayCache) {
      // A copy: the candidate's bytes may be part of a larger buffer.
      const vector = candidate.vector.slice();
      this.#texts.set(nameOf(doc, candidate), { text, vector });
    }
    return { document, text };
  }

  get #mayCache(): boolean {
    return this.#options.access().policy.plaintextCache;
  }

  #known(doc: DocValue, candidate: Candidate): VerifiedText | undefined {
    return this.#mayCache ? this.#texts.get(nameOf(doc, candidate)) : undefined;
  }

  #class(doc: DocValue): { aclDigest: string; classNo: number } {
    const acl = this.#options.ledger.lookup('acl', doc.aclDigest);
    return { aclDigest: doc.aclDigest, classNo: acl?.classNo ?? -1 };
  }

  #isExpired(doc: DocValue): boolean {
    return doc.validUntil !== null && doc.validUntil * 1000 <= this.#options.clock.now();
  }
}

function nameOf({ entryLeafHash }: DocValue, { i }: Candidate): string {
  return `${entryLeafHash} ${i}`;
}

function passageOf(
  doc: DocValue,
  document: OpenDocument,
  i: number,
  text: string,
): ResolvedPassage['passage'] {
  const { start, end, meta } = document.leaf(i);
  const { sourceUri, title, mediaType } = document.meta;
  return {
    docId: doc.docId,
    version: doc.version,
    chunk: i,
    text,
    source: { uri: sourceUri, title, mediaType },
    headings: meta.headings,
    page: meta.page,
    range: { start, end },
    sourceRange: meta.pos,
  };
}
