// SPDX-License-Identifier: Apache-2.0
import { lookup, type LedgerState, type StateKind, type StateValues } from './state.ts';

const MAX_NAMES = 16_384;

/**
 * Answers look-ups in a state and remembers them until it is asked about another one: a key of the state map is a keyed
 * hash, and a query looks up the same few documents and classes several times.
 */
export class LookupMemo {
  readonly #idKey: Uint8Array;
  #state: LedgerState | null = null;
  #found: { readonly [K in StateKind]?: Map<string, StateValues[K] | null> } = {};

  /** @param idKey `K_id` of the tenant */
  constructor(idKey: Uint8Array) {
    this.#idKey = idKey;
  }

  /** A leaf's value by kind and name, or null. */
  lookup<K extends StateKind>(state: LedgerState, kind: K, name: string): StateValues[K] | null {
    if (state !== this.#state) this.#found = {};
    this.#state = state;
    const names = this.#names(kind);
    let value = names.get(name);
    if (value === undefined) {
      value = lookup(this.#idKey, state, kind, name);
      if (names.size >= MAX_NAMES) names.clear();
      names.set(name, value);
    }
    return value;
  }

  #names<K extends StateKind>(kind: K): Map<string, StateValues[K] | null> {
    const known = this.#found[kind];
    if (known !== undefined) return known;
    const names = new Map<string, StateValues[K] | null>();
    this.#found = { ...this.#found, [kind]: names };
    return names;
  }
}
