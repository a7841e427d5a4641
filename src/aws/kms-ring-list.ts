// SPDX-License-Identifier: Apache-2.0
// The list of keys as it is followed and changed: authenticated, never older than seen, one winner among writers, and
// nothing left of the wrapped keys that it names no more.
import { fail, isStrongroomError, need } from '../core/index.ts';
import {
  authenticate,
  type RingMemory,
  type RingState,
  type RingStore,
  type StoredRing,
} from './kms-ring-state.ts';
import { keysOf, type WrappedKey, type WrappedKeys } from './kms-wrapped-keys.ts';

/** Changes that other writers won are made again so often. */
const ATTEMPTS = 5;

/** What a list is kept by. */
export interface RingListParts {
  readonly vaultId: string;
  readonly tenantId: string;
  readonly store: RingStore;
  readonly keys: WrappedKeys;
  readonly memory: RingMemory;
  /** Key that authenticates the list. */
  readonly macKey: Uint8Array;
}

/** A list of one tenant's keys. */
export class RingList {
  readonly #parts: RingListParts;
  #state: RingState;

  private constructor(parts: RingListParts, state: RingState) {
    this.#parts = parts;
    this.#state = state;
  }

  /** Stores a first list. @throws {VAULT_EXISTS} */
  static async create(parts: RingListParts, state: RingState): Promise<RingList> {
    if (!(await parts.store.write(null, state, parts.macKey)))
      throw fail('VAULT_EXISTS', 'the store holds a key ring of this tenant already');
    await parts.memory.raise(state.epoch);
    return new RingList(parts, state);
  }

  /** Takes a stored list. @throws {KEYRING_INVALID} {@link ROLLBACK} */
  static async open(parts: RingListParts, stored: StoredRing): Promise<RingList> {
    const list = new RingList(parts, await accept(parts, stored));
    // A writer stopped in the middle; whoever may not delete leaves it to those who may.
    if (list.#state.doomed.length > 0) await list.#finish().catch(ignoreDenial);
    return list;
  }

  get state(): RingState {
    return this.#state;
  }

  /** Reads what others have stored. @throws as {@link RingList.open} does */
  async follow(): Promise<void> {
    this.#state = await accept(this.#parts, await this.#parts.store.read());
  }

  /**
   * Stores a changed list on top of whatever others have stored meanwhile, then destroys what it names no more.
   * @returns what was destroyed
   * @throws {VAULT_LOCKED} when others win again and again
   */
  async change(work: (state: RingState) => Promise<RingState>): Promise<readonly WrappedKey[]> {
    const { store, keys, macKey, memory } = this.#parts;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await store.read();
      const before = await accept(this.#parts, stored);
      const made = await work(before);
      const gone = without(keysOf(before), made);
      const after = { ...made, epoch: before.epoch + 1, doomed: [...before.doomed, ...gone] };
      if (!(await store.write(stored.version, after, macKey))) {
        // Copies that were made for the lost list; a key that is new stays for the next attempt.
        const old = new Set(keysOf(before).map(({ version }) => version));
        const copies = without(keysOf(made), before).filter(({ version }) => old.has(version));
        await keys.destroy(copies);
        continue;
      }
      await memory.raise(after.epoch);
      this.#state = after;
      if (after.doomed.length > 0) await this.#finish();
      return gone;
    }
    throw fail('VAULT_LOCKED', 'other writers change the key ring all the time');
  }

  /** Destroys what is named for it, then strikes it off the list. */
  async #finish(): Promise<void> {
    const { store, keys, macKey, memory } = this.#parts;
    const stored = await store.read();
    const state = await accept(this.#parts, stored);
    await keys.destroy(state.doomed);
    const after = { ...state, epoch: state.epoch + 1, doomed: [] };
    // Who lost leaves it to the winner, whose list names it still.
    if (!(await store.write(stored.version, after, macKey))) return;
    await memory.raise(after.epoch);
    this.#state = after;
  }
}

/** Takes a list as the newest one. @throws {ROLLBACK} {@link KEYRING_INVALID} */
async function accept(parts: RingListParts, stored: StoredRing): Promise<RingState> {
  const { memory, macKey, vaultId, tenantId } = parts;
  const state = authenticate(stored, macKey);
  const isOurs = state.vaultId === vaultId && state.tenantId === tenantId;
  if (!isOurs) throw fail('KEYRING_INVALID', 'the key ring is of another vault or tenant');
  const isNew = state.epoch >= (await memory.read());
  need('INV-RING-ROLLBACK', isNew, 'ROLLBACK', 'the key ring is older than one seen before');
  await memory.raise(state.epoch);
  return state;
}

function without(keys: readonly WrappedKey[], state: RingState): WrappedKey[] {
  const named = new Set(keysOf(state).map(({ digest }) => digest));
  return keys.filter(({ digest }) => !named.has(digest));
}

function ignoreDenial(error: unknown): void {
  if (!isStrongroomError(error, 'SERVICE_DENIED')) throw error;
}
