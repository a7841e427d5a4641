// SPDX-License-Identifier: Apache-2.0
import type { ResolvedAccess } from '../access/index.ts';
import { type Clock, fail, hex, type Signer } from '../core/index.ts';
import {
  type CommitOutcome,
  type DocValue,
  type Ledger,
  signStatement,
  stateKey,
} from '../provenance/index.ts';
import type { SealedStore } from '../store/index.ts';
import type { ClassPublisher } from './class-publisher.ts';
import type { Committer } from './committer.ts';

/** Documents of one acl-bind entry. */
const BIND_DOCUMENTS = 40;

/** What binding needs. */
export interface BinderOptions {
  readonly ledger: Ledger;
  readonly stores: SealedStore;
  readonly committer: Committer;
  readonly publisher: ClassPublisher;
  /** An acl key. */
  readonly signer: () => Signer;
  readonly clock: Clock;
}

/** Gathers changes of class and signs them in entries of up to 40 documents; no text or vector is touched. */
export class Binder {
  readonly #options: BinderOptions;
  readonly #waiting = new Map<string, { doc: DocValue; validUntil: number | null }[]>();

  constructor(options: BinderOptions) {
    this.#options = options;
  }

  /** Whether {@link Binder.bind} would change anything. A distrusted document needs a binding by a key that is good. */
  changes(doc: DocValue, access: ResolvedAccess): boolean {
    const digest = this.#options.publisher.digestOf(access.record);
    const isBound = doc.aclDigest === digest && doc.validUntil === access.validUntil;
    return !isBound || doc.status === 'distrusted';
  }

  /** Notes a binding. @returns whether it changes anything */
  async bind(doc: DocValue, access: ResolvedAccess): Promise<boolean> {
    if (!this.changes(doc, access)) return false;
    // A refused class makes the binding itself fail, in `finish`.
    const { digest } = await this.#options.publisher.ensure(access.record);
    const waiting = this.#waiting.get(digest) ?? [];
    waiting.push({ doc, validUntil: access.validUntil });
    this.#waiting.set(digest, waiting);
    return true;
  }

  /** Signs and commits what was noted. @throws {ENTRY_REFUSED} when the ledger refuses a binding */
  async finish(): Promise<void> {
    const { committer, ledger, clock, signer } = this.#options;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (waiting.length === 0) return;
    // Classes come before the bindings that name them.
    await committer.flush();
    const every = { log: ledger.trust.log, time: Math.floor(clock.now() / 1000) };
    const outcomes: Promise<CommitOutcome>[] = [];
    for (const [aclDigest, documents] of waiting) {
      const docs = this.#elements(documents);
      for (let at = 0; at < docs.length; at += BIND_DOCUMENTS) {
        const predicate = { ...every, aclDigest, docs: docs.slice(at, at + BIND_DOCUMENTS) };
        const entry = await signStatement('acl-bind', predicate, signer());
        outcomes.push(committer.submit({ entry, keyRows: [] }));
      }
    }
    await committer.flush();
    for (const outcome of await Promise.all(outcomes)) {
      if (outcome.outcome === 'refused') {
        throw fail('ENTRY_REFUSED', `the ledger refuses a change of access: ${outcome.reason}`);
      }
    }
  }

  #elements(
    documents: readonly { doc: DocValue; validUntil: number | null }[],
  ): { stateKey: string; epoch: number; validUntil: number | null }[] {
    const idKey = this.#options.stores.ring.lookupKey('id');
    return documents
      .map(({ doc, validUntil }) => {
        const key = hex(stateKey(idKey, 'doc', doc.docId));
        return { stateKey: key, epoch: doc.aclEpoch + 1, validUntil };
      })
      .sort((a, b) => (a.stateKey < b.stateKey ? -1 : 1));
  }
}
