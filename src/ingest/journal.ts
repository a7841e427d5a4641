// SPDX-License-Identifier: Apache-2.0
import { base32, compareBytes, concat, type DocId, hmac, type Hex, lp } from '../core/index.ts';
import { bytesOf, Database, textOf } from '../store/index.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS source (
  docId TEXT PRIMARY KEY, tag BLOB NOT NULL, root TEXT NOT NULL) STRICT, WITHOUT ROWID`;

/** What an unchanged document is recognised by. */
export interface SourceFacts {
  readonly docId: DocId;
  /** Leaf hash of the document's current ingest entry. */
  readonly leafHash: Hex;
  /** SHA-256 over the source file and what stands beside it. */
  readonly content: Uint8Array;
  /** Parser, chunker and model: a document is ingested again when they change. */
  readonly pipeline: string;
}

/** A version of a document. */
export type VersionFacts = Pick<SourceFacts, 'docId' | 'leafHash'>;

/** What is noted of a document: three keyed digests of 32 bytes each, in `tag`, and the folder's. */
interface Note {
  readonly content: Uint8Array;
  readonly pipeline: Uint8Array;
  readonly folder: string;
  /** Binds the others to one version. */
  readonly mac: Uint8Array;
}

/**
 * Remembers which source bytes made which document version. It lies in the hostile vault: what it holds is keyed and bound to
 * the version's log entry, so that an edited or older journal can only cause needless work.
 */
export class Journal {
  readonly #db: Database;
  readonly #sourceKey: Uint8Array;

  /** @param sourceKey `K_source` of the tenant */
  constructor(file: string, sourceKey: Uint8Array) {
    this.#db = new Database(file, { schema: SCHEMA, synchronous: 'NORMAL' });
    this.#sourceKey = sourceKey;
  }

  /** True when these bytes, through this pipeline, made exactly this version. */
  isUnchanged(facts: SourceFacts): boolean {
    const note = this.#noteOf(facts);
    return (
      note !== null &&
      compareBytes(note.content, this.#content(facts)) === 0 &&
      compareBytes(note.pipeline, this.#pipeline(facts)) === 0
    );
  }

  /** Notes that these bytes made this version, in an ingestion of this folder. */
  note(facts: SourceFacts, root: string): void {
    const [content, pipeline] = [this.#content(facts), this.#pipeline(facts)];
    this.#put(facts, { content, pipeline, folder: this.#folder(facts, root) });
  }

  /** True when this version of a document was last ingested from this folder. */
  isFrom(root: string, version: VersionFacts): boolean {
    return this.#noteOf(version)?.folder === this.#folder(version, root);
  }

  /**
   * Takes what is noted of a version over to the next one, which was made from it and not from the source: the same bytes
   * are unchanged then, too. Nothing is done when another version or another pipeline is noted.
   * @returns whether it was
   */
  carry(
    before: VersionFacts & Pick<SourceFacts, 'pipeline'>,
    after: Pick<SourceFacts, 'leafHash' | 'pipeline'>,
  ): boolean {
    const { docId } = before;
    const note = this.#noteOf(before);
    if (note === null || compareBytes(note.pipeline, this.#pipeline(before)) !== 0) return false;
    const pipeline = this.#pipeline({ docId, pipeline: after.pipeline });
    this.#put({ docId, leafHash: after.leafHash }, { ...note, pipeline });
    return true;
  }

  /** True when anything is noted of a document. */
  has(docId: DocId): boolean {
    return this.#db.get('SELECT docId FROM source WHERE docId = ?', docId) !== null;
  }

  /** Removes a document beyond recovery from this file. */
  erase(docId: DocId): void {
    this.#db.run('DELETE FROM source WHERE docId = ?', docId);
    this.#db.truncateLog();
  }

  close(): void {
    this.#db.close();
  }

  /** What is noted of exactly this version; null when it is noted of another one, or was edited. */
  #noteOf(version: VersionFacts): Note | null {
    const row = this.#db.get('SELECT tag, root FROM source WHERE docId = ?', version.docId);
    if (row === null) return null;
    const tag = bytesOf(row, 'tag');
    const note = {
      content: tag.subarray(0, 32),
      pipeline: tag.subarray(32, 64),
      folder: textOf(row, 'root'),
      mac: tag.subarray(64),
    };
    return compareBytes(note.mac, this.#mac(version, note)) === 0 ? note : null;
  }

  #put(version: VersionFacts, note: Omit<Note, 'mac'>): void {
    const tag = concat(note.content, note.pipeline, this.#mac(version, note));
    const values = [version.docId, tag, note.folder] as const;
    this.#db.run('INSERT OR REPLACE INTO source VALUES (?, ?, ?)', ...values);
  }

  #mac({ docId, leafHash }: VersionFacts, note: Omit<Note, 'mac'>): Uint8Array {
    const { content, pipeline, folder } = note;
    return this.#keyed('sr/source/v2', docId, leafHash, content, pipeline, folder);
  }

  #content({ docId, content }: Pick<SourceFacts, 'docId' | 'content'>): Uint8Array {
    return this.#keyed('sr/content/v1', docId, content);
  }

  #pipeline({ docId, pipeline }: Pick<SourceFacts, 'docId' | 'pipeline'>): Uint8Array {
    return this.#keyed('sr/pipeline/v1', docId, pipeline);
  }

  #folder({ docId }: Pick<SourceFacts, 'docId'>, root: string): string {
    return base32(this.#keyed('sr/folder/v2', docId, root)).slice(0, 26);
  }

  #keyed(label: string, ...fields: readonly (string | Uint8Array)[]): Uint8Array {
    return hmac(this.#sourceKey, concat(lp(label), ...fields.map((field) => lp(field))));
  }
}
