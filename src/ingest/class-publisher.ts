// SPDX-License-Identifier: Apache-2.0
import { aclDigest, type ClassRecord, encodeClassRecord } from '../access/index.ts';
import { type Clock, fail, type Hex, hex, sha256, type Signer } from '../core/index.ts';
import { type KeyRef, seal, sealContext } from '../keys/index.ts';
import { type Ledger, signStatement } from '../provenance/index.ts';
import { objectPath, type SealedStore } from '../store/index.ts';
import type { Committer } from './committer.ts';

/** Milliseconds that a class waits for other entries: its documents can only follow it. */
const CLASS_WAIT_MS = 200;

/** What publishing classes needs. */
export interface PublisherOptions {
  readonly ledger: Ledger;
  readonly stores: SealedStore;
  readonly committer: Committer;
  /** An ingest or acl key. */
  readonly signer: () => Signer;
  readonly clock: Clock;
}

/** A class that is in the log, or on its way into it. */
export interface EnsuredClass {
  readonly digest: Hex;
  /** Resolves when the log has it. @throws {ENTRY_REFUSED} when the ledger refuses it */
  readonly published: Promise<void>;
}

/** Makes sure that class records stand in the log before a document names them; each is published once. */
export class ClassPublisher {
  readonly #options: PublisherOptions;
  readonly #ensured = new Map<Hex, Promise<EnsuredClass>>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** The digest of a class, published or not. */
  digestOf(record: ClassRecord): Hex {
    return aclDigest(this.#options.stores.ring.lookupKey('class'), encodeClassRecord(record));
  }

  /**
   * The digest of a class, published if it is new. The entry is submitted before this resolves, so an entry that is
   * submitted afterwards comes later in the log.
   */
  ensure(record: ClassRecord): Promise<EnsuredClass> {
    const digest = this.digestOf(record);
    if (this.#options.ledger.lookup('acl', digest) !== null) {
      return Promise.resolve({ digest, published: Promise.resolve() });
    }
    let ensured = this.#ensured.get(digest);
    if (ensured === undefined) {
      ensured = this.#publish(digest, encodeClassRecord(record));
      this.#ensured.set(digest, ensured);
    }
    return ensured;
  }

  async #publish(digest: Hex, record: Uint8Array): Promise<EnsuredClass> {
    const published = this.#submit(await this.#seal(digest, record), digest);
    // Whoever asked hears of it when he waits for it, which may be later than it happens.
    published.catch(() => undefined);
    return { digest, published };
  }

  async #seal(digest: Hex, record: Uint8Array): Promise<Sealed> {
    const { stores } = this.#options;
    const ref: KeyRef = { tenantId: stores.ring.tenantId, kind: 'acl', id: digest, no: 0 };
    const dek = stores.random.bytes(32);
    const sealed = seal(dek, sealContext(ref, 'record'), record, stores.random);
    const objectDigest = hex(sha256(sealed));
    const row = await stores.ring.wrap(ref, dek);
    dek.fill(0);
    await stores.objects.putIfAbsent(objectPath(ref, objectDigest), sealed);
    const entry = await this.#sign(digest, objectDigest);
    return { entry, keyRows: [{ ref, objectDigest, row }] };
  }

  #sign(digest: Hex, objectDigest: Hex): Promise<Uint8Array> {
    const { ledger, signer, clock } = this.#options;
    const time = Math.floor(clock.now() / 1000);
    return signStatement(
      'acl',
      { log: ledger.trust.log, time, aclDigest: digest, objectDigest },
      signer(),
    );
  }

  async #submit(sealed: Sealed, digest: Hex): Promise<void> {
    const { committer, ledger } = this.#options;
    const { outcome } = await committer.submit(sealed, CLASS_WAIT_MS);
    // Somebody else may have published the very same class meanwhile.
    const isPublished = outcome === 'committed' || ledger.lookup('acl', digest) !== null;
    if (!isPublished) throw fail('ENTRY_REFUSED', 'a class record was refused by the ledger');
  }
}

type Sealed = Parameters<Committer['submit']>[0];
