// SPDX-License-Identifier: Apache-2.0
// Bugs that the simulator must find. Each is an edit of a source file as it is loaded; nothing of it is in the product.

/** One edit: `find` stands exactly once in the file. */
export interface Edit {
  /** Path below src/. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A bug. */
export interface PlantedBug {
  readonly name: string;
  /** What is wrong, in one sentence. */
  readonly what: string;
  readonly edits: readonly Edit[];
}

/** Every planted bug. */
export const PLANTED: readonly PlantedBug[] = [
  {
    name: 'older-head',
    what: 'a reader accepts a head older than the one it has seen',
    edits: [
      { file: 'provenance/log-reader.ts', find: 'newer.size >= older.size,', replace: 'true,' },
      {
        file: 'provenance/log-reader.ts',
        find: 'if (older.size === 0) return;',
        replace: 'if (older.size === 0 || newer.size < older.size) return;',
      },
    ],
  },
  {
    name: 'old-people',
    what: 'a process goes on with the people of its start',
    edits: [
      {
        file: 'vault/access-state.ts',
        find: "if (record.kind === 'dir') await this.#openDirectory();",
        replace: '',
      },
    ],
  },
  {
    name: 'old-decision',
    what: 'the cache of decisions does not know of new people',
    edits: [
      { file: 'retrieve/authorise.ts', find: 'view.directory.epoch,', replace: '' },
      {
        file: 'retrieve/authorise.ts',
        find: 'if (view.directory !== this.#directory) this.#lists.clear();',
        replace: '',
      },
    ],
  },
  {
    name: 'unbound',
    what: 'the ledger counts a new class but keeps the old one',
    edits: [
      {
        file: 'provenance/rules-access.ts',
        find: '    aclDigest,\n    aclEntry: context.index,',
        replace: '    aclEntry: context.index,',
      },
    ],
  },
  {
    name: 'undeleted',
    what: 'a tombstone changes nothing',
    edits: [
      {
        file: 'provenance/rules-documents.ts',
        find: "return [{ kind: 'doc', value: { ...current, ...closedHead(context), status: 'tombstone' } }];",
        replace: 'return [];',
      },
    ],
  },
  {
    name: 'two-winners',
    what: 'a sequencer publishes its batch although another one has won the lock record',
    edits: [
      {
        file: 'provenance/sequencer.ts',
        find: 'if (!(await locks.swap(this.#lock, next))) throw takenOver();\n    this.#lock = next;\n    await this.#publish',
        replace:
          'await locks.swap(this.#lock, next);\n    this.#lock = next;\n    await this.#publish',
      },
    ],
  },
  {
    name: 'dropped-batch',
    what: 'a batch that was pending when its sequencer stopped is not finished',
    edits: [
      {
        file: 'provenance/sequencer.ts',
        find: 'if (pending !== null && pending.size > ledger.head.size) await this.#finish(pending);',
        replace:
          'if (pending !== null && pending.size > ledger.head.size) this.#tail = this.#tail;',
      },
    ],
  },
  {
    name: 'old-text',
    what: 'verified text is cached by document instead of by version',
    edits: [
      {
        file: 'retrieve/resolve.ts',
        find: 'function nameOf({ entryLeafHash }: DocValue',
        replace: 'function nameOf({ docId }: DocValue',
      },
      {
        file: 'retrieve/resolve.ts',
        find: 'return `${entryLeafHash} ${i}`;',
        replace: 'return `${docId} ${i}`;',
      },
    ],
  },
  {
    name: 'no-look',
    what: 'a search does not follow the log',
    edits: [
      {
        file: 'retrieve/search.ts',
        find: 'await this.#follow(request.atLeast);',
        replace: '',
      },
    ],
  },
  {
    name: 'no-clearance',
    what: 'the decision forgets the clearance',
    edits: [
      {
        file: 'access/decide.ts',
        find: "holds('INV-ACCESS-CLEARANCE', caller.clearance >= record.classification) &&",
        replace: '',
      },
    ],
  },
  {
    name: 'left-behind',
    what: 'rows stay in the class that their document has left',
    edits: [
      {
        file: 'vault/memory-index-state.ts',
        find: 'this.index.moveClass(doc.entryLeafHash, classNo);',
        replace: '',
      },
    ],
  },
  {
    name: 'believed-rows',
    what: 'the ledger database is used without its root being compared',
    edits: [
      {
        file: 'provenance/replay.ts',
        find: 'const isTrue = root === stateRoot(state) && count === state.count;',
        replace: 'const isTrue = root !== "" && count > 0 && stateRoot(state) !== "";',
      },
    ],
  },
];
