// SPDX-License-Identifier: Apache-2.0
import { type DocId, docIdOf, fail } from '../core/index.ts';

/** Which documents one run has met, by the paths of their files. */
export class Census {
  readonly namespace: string;
  /** Documents of which the run has met the path, whatever became of it. */
  readonly met = new Set<DocId>();
  /** Folders that were read to their end: what was not met is not in them. */
  readonly folders = new Set<string>();
  readonly #idKey: Uint8Array;
  readonly #taken = new Set<DocId>();

  /** @param idKey `K_id` of the tenant */
  constructor(idKey: Uint8Array, namespace: string) {
    this.#idKey = idKey;
    this.namespace = namespace;
  }

  /** Notes a path that is there. */
  meet(uri: string): DocId {
    const docId = docIdOf(this.#idKey, this.namespace, uri);
    this.met.add(docId);
    return docId;
  }

  /**
   * Notes a path whose file is to be ingested.
   * @throws {SOURCE_DUPLICATE} when a file of another folder has the same path
   */
  take(uri: string): DocId {
    const docId = this.meet(uri);
    if (this.#taken.has(docId)) {
      throw fail('SOURCE_DUPLICATE', 'another file of this run has the same path below its folder');
    }
    this.#taken.add(docId);
    return docId;
  }
}
