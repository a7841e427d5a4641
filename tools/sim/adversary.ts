// SPDX-License-Identifier: Apache-2.0
// The adversary: owns every store. Flips, withholds, replays, rolls back, plants; holds no signing key.
import type { KeyRow, KeyTable } from '../../src/store/index.ts';
import type { MemoryDisk } from '../../test/support/memory-disk.ts';
import type { SeededRandom } from '../../test/support/seeded-random.ts';
import type { HostileStore } from './hostile-store.ts';
import { LOG } from './template.ts';

/** Lies about one vault, by the seed. */
export class Adversary {
  readonly #store: HostileStore;
  readonly #random: SeededRandom;
  /** What the log's folder held after each publication. */
  readonly #history: Map<string, Uint8Array>[] = [];
  #isSwappingKeys = false;

  constructor(store: HostileStore, random: SeededRandom) {
    this.#store = store;
    this.#random = random;
  }

  /** Whether any store shows anything but the truth. */
  get isLying(): boolean {
    return this.#isSwappingKeys || this.#store.lies.size > 0;
  }

  /** Keeps a copy of the log, to show it again later. */
  async remember(): Promise<void> {
    const copy = new Map<string, Uint8Array>();
    for await (const { path } of this.#store.truth.list(LOG)) {
      const stored = await this.#store.truth.get(path);
      if (stored !== null) copy.set(path, stored.bytes);
    }
    this.#history.push(copy);
  }

  /** Tells the truth from now on. */
  heal(): void {
    this.#isSwappingKeys = false;
    this.#store.lies.clear();
  }

  /** One more lie. @returns its name */
  async lie(machines: readonly MemoryDisk[]): Promise<string> {
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
        return this.#flip(await this.#somePath());
      case 1: {
        const path = await this.#somePath();
        this.#store.lies.set(path, null);
        return `withholds ${path}`;
      }
      case 2:
        return this.#replay();
      case 3:
        return this.#oldCheckpoint();
      case 4:
        return this.#rollBack();
      case 5:
        return this.#plantStaging();
      case 6:
        this.#isSwappingKeys = true;
        return 'swaps wrapped keys';
      default:
        return this.#editClaim(random.pick(machines));
    }
  }

  /** A key table that gives another document's row while the adversary wants it. */
  keys(table: KeyTable, rows: ReadonlyMap<string, KeyRow>): KeyTable {
    const get: KeyTable['get'] = async (ref, digest) => {
      const own = await table.get(ref, digest);
      if (!this.#isSwappingKeys || own === null) return own;
      const others = [...rows.values()].filter((row) => row.objectDigest !== digest);
      return this.#random.pick(others).row;
    };
    return Object.assign(Object.create(table) as KeyTable, { get });
  }

  async #somePath(): Promise<string> {
    const prefix = this.#random.pick(['obj/', 'obj/', 'obj/doc/', LOG]);
    const paths: string[] = [];
    for await (const { path } of this.#store.truth.list(prefix)) paths.push(path);
    return paths.length === 0 ? `${LOG}checkpoint` : this.#random.pick(paths.sort());
  }

  async #flip(path: string): Promise<string> {
    const bytes = (await this.#store.truth.get(path))?.bytes ?? new Uint8Array(1);
    const at = this.#random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    this.#store.lies.set(path, bytes);
    return `flips a bit of ${path}`;
  }

  async #replay(): Promise<string> {
    const [path, other] = [await this.#somePath(), await this.#somePath()];
    this.#store.lies.set(path, (await this.#store.truth.get(other))?.bytes ?? null);
    return `shows ${other} as ${path}`;
  }

  #oldCheckpoint(): string {
    const old = this.#random.pick(this.#history).get(`${LOG}checkpoint`) ?? null;
    this.#store.lies.set(`${LOG}checkpoint`, old);
    return 'shows an old checkpoint';
  }

  async #rollBack(): Promise<string> {
    const old = this.#random.pick(this.#history);
    for await (const { path } of this.#store.truth.list(LOG)) this.#store.lies.set(path, null);
    for (const [path, bytes] of old) this.#store.lies.set(path, bytes);
    return 'shows the whole log as it was';
  }

  /** A batch that nobody staged: the last one again, under sizes that a sequencer may come to. */
  async #plantStaging(): Promise<string> {
    const last = this.#history.at(-1);
    const staged = last?.get(`${LOG}checkpoint`) ?? new Uint8Array(8);
    const size = 10 + this.#random.below(40);
    const root = Buffer.from(this.#random.bytes(32)).toString('hex');
    await this.#store.truth.putIfAbsent(`${LOG}staging/${size}-${root}`, staged);
    return 'plants a staged batch';
  }

  /** Opens a document to everybody in a machine's ledger database. */
  #editClaim(disk: MemoryDisk): string {
    const { claim } = disk;
    if (claim === null) return 'finds no ledger database';
    const classes = claim.records.flatMap((r) => (r.kind === 'acl' ? [r.value.aclDigest] : []));
    const documents = claim.records.filter(({ kind }) => kind === 'doc');
    const chosen = this.#random.pick(documents);
    const records = claim.records.map((record) =>
      record === chosen && record.kind === 'doc'
        ? { ...record, value: { ...record.value, aclDigest: this.#random.pick(classes) } }
        : record,
    );
    disk.claim = { ...claim, records };
    return 'edits a ledger database';
  }
}
