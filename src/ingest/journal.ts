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

/**
 * Remembers which source bytes made which document version. It lies in the hostile vault: tags are keyed and bound to the
 * version's log entry, so that an edited or older journal can only cause needless work.
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
    const row = this.#db.get('SELECT tag FROM source WHERE docId = ?', facts.docId);
    return row !== null && compareBytes(bytesOf(row, 'tag'), this.#tag(facts)) === 0;
  }

  /** Notes that these bytes made this version, in an ingestion of this folder. */
  note(facts: SourceFacts, root: string): void {
    const values = [facts.docId, this.#tag(facts), this.#rootTag(facts, root)] as const;
    this.#db.run('INSERT OR REPLACE INTO source VALUES (?, ?, ?)', ...values);
  }

  /** True when this version of a document was last ingested from this folder. */
  isFrom(root: string, version: Pick<SourceFacts, 'docId' | 'leafHash'>): boolean {
    const row = this.#db.get('SELECT root FROM source WHERE docId = ?', version.docId);
    return row !== null && textOf(row, 'root') === this.#rootTag(version, root);
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

  /** Keyed and bound to the version: an edited journal must not make a document look like one of a pruned folder. */
  #rootTag({ docId, leafHash }: Pick<SourceFacts, 'docId' | 'leafHash'>, root: string): string {
    const fields = [lp('sr/folder/v1'), lp(docId), lp(leafHash), lp(root)];
    return base32(hmac(this.#sourceKey, concat(...fields))).slice(0, 26);
  }

  #tag({ docId, leafHash, content, pipeline }: SourceFacts): Uint8Array {
    const fields = [lp('sr/source/v1'), lp(docId), lp(leafHash), lp(pipeline), content];
    return hmac(this.#sourceKey, concat(...fields));
  }
}
