// SPDX-License-Identifier: Apache-2.0
// Attackers who hold more than the files: the data keys, or the key of the log.
import type { ObjectStore, StoredObject } from '../../src/core/index.ts';
import type { KeyRing } from '../../src/keys/index.ts';
import { apply } from '../../src/provenance/apply.ts';
import { closingState, stateEntry } from '../../src/provenance/batch.ts';
import { signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import { partialBundle } from '../../src/provenance/sequencer-checks.ts';
import { batchFiles } from '../../src/provenance/staging.ts';
import { logPrefix, type SealedStore } from '../../src/store/index.ts';
import type { Session, Vault } from '../../src/vault/index.ts';
import { utf8 } from '../../src/core/index.ts';
import type { VaultWorld } from './vault-world.ts';

/** Someone with read rights: wraps and unwraps data keys, writes every file, and can sign nothing. */
export interface Insider {
  readonly stores: SealedStore;
  /** For looking things up; the insider signs nothing with it. */
  readonly vault: Vault;
  readonly session: Session;
}

/** Lets an insider with the data keys work on a vault. */
export function withDataKeys<T>(
  world: VaultWorld,
  work: (insider: Insider) => Promise<T>,
): Promise<T> {
  return world.use((vault) => {
    const { session } = vault;
    const { stores } = session.context;
    const powerless = (): never => {
      throw new Error('this insider holds no signing key');
    };
    const ring: KeyRing = {
      vaultId: stores.ring.vaultId,
      tenantId: stores.ring.tenantId,
      branchVersion: stores.ring.branchVersion,
      lookupKey: (use) => stores.ring.lookupKey(use),
      wrap: (ref, dek) => stores.ring.wrap(ref, dek),
      unwrap: (ref, row) => stores.ring.unwrap(ref, row),
      signers: powerless,
      signNote: powerless,
    };
    return work({ stores: { ...stores, ring }, vault, session });
  });
}

/** Overwrites a stored object whatever stands there, or removes it with null. */
export async function overwrite(
  store: ObjectStore,
  path: string,
  bytes: Uint8Array | null,
): Promise<void> {
  if (bytes === null) return store.delete(path);
  const present = await store.get(path);
  await store.compareAndSwap(path, present?.version ?? null, bytes);
}

/**
 * Publishes entries as the holder of the log key and a sequencer key can: past the sequencer's own checks, closed by a
 * state entry that is true of what the ledger makes of them.
 */
export function publishAsLogHolder(
  world: VaultWorld,
  make: (session: Session) => Promise<readonly Uint8Array[]>,
): Promise<void> {
  return world.use(async ({ session }) => {
    const { ledger, context } = session;
    const { ring, objects, clock, config } = context;
    const idKey = ring.lookupKey('id');
    const entries = [...(await make(session))];
    let { state } = ledger.view;
    let index = ledger.head.size;
    for (const entry of entries) {
      const result = apply(idKey, state, index, entry);
      if (result.outcome === 'applied') ({ state } = result);
      index += 1;
    }
    const closing = closingState(idKey, state, index, Math.floor(clock.now() / 1000));
    const [sequencer] = ring.signers('sequencer');
    entries.push(await stateEntry(closing, index, sequencer!, null));
    const { entries: tail } = await partialBundle(ledger);
    const before = ledger.view.edge;
    const { edge: after, full } = before.append(entries.map(leafHash));
    const prefix = logPrefix(config.tenantId);
    for (const file of batchFiles({ before, after, full, entries: [...tail, ...entries] })) {
      await overwrite(objects, prefix + file.path, file.bytes);
    }
    const { log, logKey } = ledger.trust;
    const head = { size: after.size, root: after.root() };
    const note = await signCheckpoint(log, head, logKey, (text) =>
      ring.signNote(text, ring.logPublicKey),
    );
    await overwrite(objects, `${prefix}checkpoint`, utf8(note));
  });
}

/** A store that shows other bytes under some paths, as a hostile one can at every moment. */
export class LyingStore implements ObjectStore {
  /** What is shown instead; null shows nothing. */
  readonly lies = new Map<string, Uint8Array | null>();
  /** Paths that were read, in order. */
  readonly reads: string[] = [];
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async get(path: string): Promise<StoredObject | null> {
    this.reads.push(path);
    const lie = this.lies.get(path);
    if (lie === undefined) return this.#store.get(path);
    return lie === null ? null : { bytes: lie, version: 'lie' };
  }

  async getRange(path: string, offset: number, length: number): Promise<Uint8Array | null> {
    this.reads.push(path);
    const lie = this.lies.get(path);
    if (lie === undefined) return this.#store.getRange(path, offset, length);
    return lie === null ? null : lie.subarray(offset, offset + length);
  }

  async stat(path: string): ReturnType<ObjectStore['stat']> {
    const lie = this.lies.get(path);
    if (lie === undefined) return this.#store.stat(path);
    return lie === null ? null : { path, bytes: lie.length, createdAt: 0 };
  }

  putIfAbsent: ObjectStore['putIfAbsent'] = (path, bytes) => this.#store.putIfAbsent(path, bytes);
  compareAndSwap: ObjectStore['compareAndSwap'] = (path, expected, bytes) =>
    this.#store.compareAndSwap(path, expected, bytes);
  list: ObjectStore['list'] = (prefix) => this.#store.list(prefix);
  delete: ObjectStore['delete'] = (path) => this.#store.delete(path);
}
