// SPDX-License-Identifier: Apache-2.0
// One reader's ledger without a log: entries are applied one after the other, and a test looks at what they did.
import { expect } from 'vitest';
import type { Hex } from '../../src/core/index.ts';
import {
  apply,
  type Applied,
  type ApplyResult,
  type HaltReason,
  type VoidReason,
} from '../../src/provenance/apply.ts';
import { closingState, stateEntry } from '../../src/provenance/batch.ts';
import { ROLES, type Role } from '../../src/provenance/roles.ts';
import {
  type DocValue,
  INITIAL_STATE,
  type LedgerState,
  lookup,
  type StateKind,
  stateRoot,
  type StateValues,
} from '../../src/provenance/state.ts';
import { LogAuthor } from './log-author.ts';

/** The roles that a founded test tenant has one key each for, named like the role. */
const DELEGATED: readonly Role[] = ROLES.filter((role) => role !== 'root');

/** A ledger in memory together with the author of its entries. */
export class Replica {
  readonly author: LogAuthor;
  readonly entries: Uint8Array[] = [];
  state: LedgerState = INITIAL_STATE;

  constructor(author: LogAuthor = new LogAuthor()) {
    this.author = author;
  }

  /** A ledger with genesis, a key for every role and the class record `class`. */
  static async founded(author: LogAuthor = new LogAuthor()): Promise<Replica> {
    const replica = new Replica(author);
    replica.accept(await author.genesis());
    for (const role of DELEGATED) replica.accept(await author.delegate(role, role));
    replica.accept(await author.acl());
    return replica;
  }

  /** Index of the next entry. */
  get next(): number {
    return this.entries.length;
  }

  get root(): Hex {
    return stateRoot(this.state);
  }

  /** Appends an entry, whatever it does. */
  append(entry: Uint8Array): ApplyResult {
    const result = this.judge(entry);
    this.entries.push(entry);
    if (result.outcome === 'applied') this.state = result.state;
    return result;
  }

  /** What an entry would do here, without appending it. */
  judge(entry: Uint8Array): ApplyResult {
    return apply(this.author.idKey, this.state, this.next, entry);
  }

  /** Appends an entry that must take effect. */
  accept(entry: Uint8Array): Applied {
    const result = this.append(entry);
    expect(result).toMatchObject({ outcome: 'applied' });
    return result as Applied;
  }

  /** Appends an entry that must be void, and expects the state untouched. */
  refuse(entry: Uint8Array, reason: VoidReason): void {
    const before = this.state;
    expect(this.append(entry)).toEqual({ outcome: 'void', reason });
    expect(this.state).toBe(before);
  }

  /** Expects that an entry would stop every reader. */
  halt(entry: Uint8Array, reason: HaltReason): void {
    expect(this.judge(entry)).toEqual({ outcome: 'halt', reason });
  }

  /** Signs and appends the state entry of this moment. */
  async seal(time: number = this.author.time): Promise<Applied> {
    return this.accept(await this.stateEntry(time));
  }

  /** The state entry of this moment, by the key of a name. */
  stateEntry(time: number = this.author.time, by = 'sequencer'): Promise<Uint8Array> {
    const closing = closingState(this.author.idKey, this.state, this.next, time);
    return stateEntry(closing, this.next, this.author.signer(by), null);
  }

  lookup<K extends StateKind>(kind: K, name: string): StateValues[K] | null {
    return lookup(this.author.idKey, this.state, kind, name);
  }

  /** The document of a source name; it must exist. */
  doc(uri: string, namespace = 'files'): DocValue {
    const value = this.lookup('doc', this.author.docId(uri, namespace));
    if (value === null) throw new Error(`the test has not ingested ${uri}`);
    return value;
  }

  /** Ingests the next version of a document; it must take effect. */
  async ingest(uri: string, by = 'ingest'): Promise<DocValue> {
    const previous = this.lookup('doc', this.author.docId(uri));
    this.accept(await this.author.ingest(uri, previous, {}, by));
    return this.doc(uri);
  }
}
