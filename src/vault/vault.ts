// SPDX-License-Identifier: Apache-2.0
// The library's face: one object for one opened vault.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type AccessFile, parseAccessFile } from '../access/index.ts';
import { fail, fromUtf8 } from '../core/index.ts';
import {
  type Caller,
  type ContextRequest,
  type ContextResult,
  makeContext,
  type SearchRequest,
  type SearchResult,
  type StatsSink,
} from '../retrieve/index.ts';
import { type DocumentSource, fileSource } from '../ingest/index.ts';
import { raised, trustToShare } from '../provenance/index.ts';
import {
  type AccessExplanation,
  describeDocument,
  type DocumentDescription,
  explainAccess,
} from './describe.ts';
import { fsck, type FsckOptions, type FsckReport } from './fsck.ts';
import {
  ingestInto,
  rehearseIngestion,
  type VaultIngestOptions,
  type VaultIngestReport,
} from './ingest.ts';
import { Identifier } from './identify.ts';
import { documentsMatching, findDocument, type NamedDocument } from './names.ts';
import { applyAccess, type PermissionReport } from './permissions.ts';
import { deleteDocuments, eraseDocument, type ErasureReport, finishErasures } from './removal.ts';
import { Session, type SessionOptions } from './session.ts';
import { type UpgradeOptions, type UpgradeReport, upgradeVault } from './upgrade.ts';
import { verifyAll, type VerificationReport } from './verify-all.ts';

/**
 * An opened vault. Methods may overlap; writing ones take the vault's writer lock, which is held until {@link Vault.close}.
 */
export class Vault {
  /** The parts that the methods are made of, for tools that need more than this face. */
  readonly session: Session;
  readonly #identifier: Identifier;
  #prepared: Promise<void> | null = null;

  private constructor(session: Session) {
    this.session = session;
    this.#identifier = new Identifier(session);
  }

  /**
   * Opens a vault and proves its log up to the published head.
   * @throws {VAULT_MISSING} {@link TRUST_UNKNOWN} {@link ROLLBACK} and the other errors of the table in docs/errors.md
   */
  static async open(options: SessionOptions): Promise<Vault> {
    return Vault.over(await Session.open(options));
  }

  /** The face of a session that is open already. */
  static over(session: Session): Vault {
    return new Vault(session);
  }

  /**
   * Ingests files and folders, or what another source holds. Acknowledged documents survive a crash; a file that cannot be ingested is reported and the
   * rest goes on; unchanged files are skipped.
   * @throws {SOURCE_MISSING} {@link VAULT_LOCKED} {@link STORE_FULL} {@link ABORTED}
   */
  async ingest(
    from: readonly string[] | DocumentSource,
    options: VaultIngestOptions,
  ): Promise<VaultIngestReport> {
    const source = 'discover' in from ? from : fileSource(from);
    if (options.dryRun === true) return rehearseIngestion(this.session, source, options);
    await this.#prepareToWrite();
    return ingestInto(this.session, source, options);
  }

  /**
   * Who bears a token (JWT), under the issuers, algorithms and keys of the signed policy; a caller for {@link Vault.search}
   * and {@link Vault.context}.
   * @throws {TOKEN_INVALID}
   */
  identify(token: string): Promise<Caller> {
    return this.#identifier.identify(token);
  }

  /**
   * Finds the best passages that the caller may read, each verified.
   * @param onStats told what was dropped and verified: for the operator alone, never for the caller
   * @throws what `Retriever.search` throws, and what following the log finds wrong
   */
  async search(request: SearchRequest, onStats?: StatsSink): Promise<SearchResult> {
    return (await this.session.retriever()).search(request, onStats);
  }

  /**
   * Assembles a cited context for a question and, on demand, a receipt that outsiders can verify.
   * @throws what {@link makeContext} throws, and what following the log finds wrong
   */
  async context(request: ContextRequest): Promise<ContextResult> {
    const retriever = await this.session.retriever();
    return makeContext(retriever, await this.session.retrieval(), request);
  }

  /**
   * Verifies every current document end to end. What fails is in the report.
   * @throws what is no finding about a document, such as a defect of the program
   */
  verifyAll(onProgress?: (done: number, total: number) => void): Promise<VerificationReport> {
    return verifyAll(this.session, onProgress);
  }

  /**
   * Brings people and permissions in line with an access file; no text is embedded again.
   * @throws {VAULT_LOCKED} {@link KEY_UNAVAILABLE} {@link ENTRY_REFUSED}
   */
  async setAccess(access: AccessFile, glob?: string): Promise<PermissionReport> {
    await this.#prepareToWrite();
    return this.session.exclusively(() => applyAccess(this.session, access, glob));
  }

  /** The live documents whose path matches a glob. */
  documents(glob = '**'): Promise<NamedDocument[]> {
    return documentsMatching(this.session, glob);
  }

  /** What is known of a document, by path or id. @throws {NOT_FOUND} */
  async describe(name: string, namespace?: string): Promise<DocumentDescription> {
    await this.session.follow();
    return describeDocument(this.session, findDocument(this.session, name, namespace));
  }

  /** Why a person may or may not read a document. @throws {NOT_FOUND} */
  async explain(name: string, principal: string, namespace?: string): Promise<AccessExplanation> {
    await this.session.follow();
    return explainAccess(this.session, findDocument(this.session, name, namespace), principal);
  }

  /**
   * Deletes documents: gone for everybody, with their history kept.
   * @returns how many
   * @throws {NOT_FOUND} when one of them is not there, before any is deleted; {@link VAULT_LOCKED} {@link KEY_UNAVAILABLE}
   */
  async delete(names: readonly string[], namespace?: string): Promise<number> {
    const { session } = this;
    await this.#prepareToWrite();
    return session.exclusively(async () => {
      // A name that was given twice is deleted once.
      const docs = [...new Set(names.map((name) => findDocument(session, name, namespace)))];
      const live = docs.filter((doc) => doc.status === 'live' || doc.status === 'distrusted');
      if (live.length < docs.length) throw fail('NOT_FOUND', 'there is no such document');
      const deleted = await deleteDocuments(session, live);
      await session.seal();
      return deleted;
    });
  }

  /**
   * Erases a document: its keys are destroyed everywhere this vault keeps them.
   * @throws {NOT_FOUND} {@link VAULT_LOCKED} {@link KEY_UNAVAILABLE}
   */
  async erase(name: string, reason: string, namespace?: string): Promise<ErasureReport> {
    const { session } = this;
    await this.#prepareToWrite();
    return session.exclusively(() =>
      eraseDocument(session, findDocument(session, name, namespace), reason),
    );
  }

  /**
   * Brings the vault to the transformer: questions at once, documents one after the other, each as a new signed version of the
   * same text. Searches and ingestions may go on meanwhile; a run that was stopped is continued by the next.
   * @throws what {@link upgradeVault} throws
   */
  async upgrade(options: UpgradeOptions = {}): Promise<UpgradeReport> {
    await this.#prepareToWrite();
    return upgradeVault(this.session, options);
  }

  /** Checks log, objects and keys against each other. What does not hold is in the report. @throws {VAULT_LOCKED} to repair */
  fsck(options?: FsckOptions): Promise<FsckReport> {
    return fsck(this.session, options);
  }

  /** The trust file for those who verify receipts: public keys and the newest proven head. Compare its fingerprint. */
  exportTrust(): string {
    const { trust, head } = this.session.ledger;
    return trustToShare(raised(trust.file, head));
  }

  /** Releases the writer lock, databases and cached keys. The vault must not be used afterwards. */
  close(): void {
    this.session.close();
  }

  /** Takes the writer lock and, once, finishes the erasures that a former process had begun. */
  #prepareToWrite(): Promise<void> {
    this.#prepared ??= this.session
      .writer()
      .then(() => finishErasures(this.session))
      .then(
        () => undefined,
        (error: unknown) => {
          this.#prepared = null;
          throw error;
        },
      );
    return this.#prepared;
  }
}

/** Opens a vault. @throws as {@link Vault.open} does */
export function openVault(options: SessionOptions): Promise<Vault> {
  return Vault.open(options);
}

/**
 * Reads the text of an access file.
 * @throws {ACCESS_INVALID} when it is missing, or not in UTF-8
 */
export async function readAccessText(file: string): Promise<string> {
  try {
    return fromUtf8(await readFile(path.resolve(file)));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'does not exist: name one, or let init write one' : 'could not be read';
    throw fail('ACCESS_INVALID', `the access file ${why}`, {}, error);
  }
}

/**
 * Reads an access file.
 * @throws {ACCESS_INVALID} when it is missing or malformed
 */
export async function readAccessFile(file: string): Promise<AccessFile> {
  return parseAccessFile(await readAccessText(file));
}
