// SPDX-License-Identifier: Apache-2.0
import type { DocumentGrants, ResolvedAccess } from '../access/index.ts';
import { type DocId, fail, type Hex } from '../core/index.ts';
import type { CommitOutcome, DocValue } from '../provenance/index.ts';
import type { ClassPublisher } from './class-publisher.ts';
import type { Committer } from './committer.ts';
import { encodeGrants } from './grants.ts';
import { type PreparedDocument, timed } from './prepare.ts';
import {
  indexRows,
  type Publication,
  publishDocument,
  type SignedDocument,
  withdrawDocument,
} from './publish.ts';
import type { IngestDependencies, StageTimes } from './types.ts';

/** What writing documents needs. */
export interface DocumentWriterOptions {
  readonly deps: IngestDependencies;
  readonly committer: Committer;
  readonly publisher: ClassPublisher;
  readonly namespace: string;
  readonly stages: StageTimes;
}

/** Which document is written, and for whom. */
export interface WriteTarget {
  readonly docId: DocId;
  readonly sourceUri: string;
  /** The document's present state, or null for a new one. */
  readonly current: DocValue | null;
  readonly grants: DocumentGrants;
  readonly access: ResolvedAccess;
}

/** A document that is sealed, stored and signed, and on its way into the log. */
export interface WrittenDocument {
  readonly sealedBytes: number;
  /**
   * Resolves when the log has it.
   * @throws {INGEST_CONFLICT} when the ledger refuses it, because somebody else has changed the document meanwhile
   */
  readonly acknowledged: Promise<Hex>;
}

/** Order of one write: sealed object, wrapped key, staged index rows, log batch, acknowledgement. */
export class DocumentWriter {
  readonly #options: DocumentWriterOptions;

  constructor(options: DocumentWriterOptions) {
    this.#options = options;
  }

  /** Writes a document version; its class is published first if it is new. */
  async write(prepared: PreparedDocument, target: WriteTarget): Promise<WrittenDocument> {
    const { deps, namespace, publisher, stages } = this.#options;
    const { docId, sourceUri, current, grants, access } = target;
    const { digest, published } = await publisher.ensure(access.record);
    const publication: Publication = {
      docId,
      namespace,
      sourceUri,
      grants: encodeGrants(grants),
      current,
      firstAccess: current === null ? { aclDigest: digest, validUntil: access.validUntil } : null,
    };
    const signed = await publishDocument(prepared, publication, deps, stages);
    const acknowledged = published
      // Rows need the class's number. From here on only the entry waits, not the document.
      .then(() => this.#stage(prepared, publication, signed, current?.aclDigest ?? digest))
      .then(() => this.#submit(docId, signed));
    return { sealedBytes: signed.sealedBytes, acknowledged };
  }

  #stage(
    prepared: PreparedDocument,
    publication: Publication,
    { leafHash }: SignedDocument,
    aclDigest: Hex,
  ): Promise<void> {
    const { deps, stages } = this.#options;
    const classNo = deps.ledger.lookup('acl', aclDigest)?.classNo ?? 0;
    const rows = indexRows(prepared, publication, leafHash, classNo);
    return timed(stages, 'index', () => deps.stage(rows));
  }

  async #submit(docId: DocId, signed: SignedDocument): Promise<Hex> {
    const { deps, committer, stages } = this.#options;
    const { leafHash } = signed;
    let outcome: CommitOutcome;
    try {
      outcome = await timed(stages, 'log', () => committer.submit(signed));
    } catch (error) {
      // Unless the log has it after all, nobody will ever look for these rows.
      if (deps.ledger.lookup('doc', docId)?.entryLeafHash !== leafHash) {
        await deps.unstage(leafHash);
      }
      throw error;
    }
    if (outcome.outcome === 'committed') return outcome.leafHash;
    await deps.unstage(leafHash);
    await withdrawDocument(signed, deps);
    throw fail('INGEST_CONFLICT', `the ledger refuses the document: ${outcome.reason}`);
  }
}
