// SPDX-License-Identifier: Apache-2.0
import { fail, type Hex, isStrongroomError } from '../core/index.ts';
import type { CommitOutcome } from '../provenance/index.ts';
import type { Committer } from './committer.ts';
import { type Publishable, timed } from './prepare.ts';
import {
  indexRows,
  type Publication,
  publishDocument,
  type SignedDocument,
  withdrawDocument,
  type WriteDependencies,
} from './publish.ts';
import type { IngestDependencies, StageTimes } from './types.ts';

/** What writing a version needs. */
export interface VersionWriterOptions {
  readonly deps: WriteDependencies & Pick<IngestDependencies, 'stage' | 'unstage'>;
  readonly committer: Committer;
  readonly stages: StageTimes;
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
export class VersionWriter {
  readonly #options: VersionWriterOptions;

  constructor(options: VersionWriterOptions) {
    this.#options = options;
  }

  /**
   * Writes a version of a document.
   * @param aclDigest class that its rows are to stand in
   * @param ready what the log must have before, such as the class
   */
  async write(
    prepared: Publishable,
    publication: Publication,
    aclDigest: Hex,
    ready: Promise<unknown> = Promise.resolve(),
  ): Promise<WrittenDocument> {
    const { deps, stages } = this.#options;
    const signed = await publishDocument(prepared, publication, deps, stages);
    const acknowledged = ready
      // Rows need the class's number. From here on only the entry waits, not the document.
      .then(() => this.#stage(prepared, publication, signed, aclDigest))
      .then(() => this.#submit(publication, signed));
    return { sealedBytes: signed.sealedBytes, acknowledged };
  }

  #stage(
    prepared: Publishable,
    publication: Publication,
    { leafHash }: SignedDocument,
    aclDigest: Hex,
  ): Promise<void> {
    const { deps, stages } = this.#options;
    const classNo = deps.ledger.lookup('acl', aclDigest)?.classNo ?? 0;
    const rows = indexRows(prepared, publication, leafHash, classNo);
    return timed(stages, 'index', () => deps.stage(rows));
  }

  async #submit({ docId }: Publication, signed: SignedDocument): Promise<Hex> {
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
    // Those who ingest need not be allowed to remove. What stays is an object that no log names: harmless, and fsck finds it.
    await withdrawDocument(signed, deps).catch((error: unknown) => {
      if (!isStrongroomError(error)) throw error;
    });
    throw fail('INGEST_CONFLICT', `the ledger refuses the document: ${outcome.reason}`);
  }
}
