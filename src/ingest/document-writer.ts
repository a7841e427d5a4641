// SPDX-License-Identifier: Apache-2.0
import type { DocumentGrants, ResolvedAccess } from '../access/index.ts';
import type { DocId } from '../core/index.ts';
import type { DocValue } from '../provenance/index.ts';
import type { ClassPublisher } from './class-publisher.ts';
import { encodeGrants } from './grants.ts';
import type { PreparedDocument } from './prepare.ts';
import type { Publication } from './publish.ts';
import {
  VersionWriter,
  type VersionWriterOptions,
  type WrittenDocument,
} from './version-writer.ts';

/** What writing documents needs. */
export interface DocumentWriterOptions extends VersionWriterOptions {
  readonly publisher: ClassPublisher;
  readonly namespace: string;
  /** What statements call the source. */
  readonly kind: string;
}

/** Which document is written, and for whom. */
export interface WriteTarget {
  readonly docId: DocId;
  readonly sourceUri: string;
  /** Position among the changes of the document, or null. */
  readonly seq: string | null;
  /** The document's present state, or null for a new one. */
  readonly current: DocValue | null;
  readonly grants: DocumentGrants;
  readonly access: ResolvedAccess;
}

/** Writes the versions that source files give; a class is published before the first document that stands in it. */
export class DocumentWriter {
  readonly #options: DocumentWriterOptions;
  readonly #versions: VersionWriter;

  constructor(options: DocumentWriterOptions) {
    this.#options = options;
    this.#versions = new VersionWriter(options);
  }

  /** Writes a document version; its class is published first if it is new. */
  async write(prepared: PreparedDocument, target: WriteTarget): Promise<WrittenDocument> {
    const { namespace, kind, publisher } = this.#options;
    const { docId, sourceUri, seq, current, grants, access } = target;
    const { digest, published } = await publisher.ensure(access.record);
    const publication: Publication = {
      docId,
      ...{ namespace, kind, seq },
      sourceUri,
      grants: encodeGrants(grants),
      current,
      firstAccess: current === null ? { aclDigest: digest, validUntil: access.validUntil } : null,
    };
    return this.#versions.write(prepared, publication, current?.aclDigest ?? digest, published);
  }
}
