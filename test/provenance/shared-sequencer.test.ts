// Several sequencers of one log, each with a ledger of its own, as on several machines.
import { setImmediate } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { hex, type ObjectStore } from '../../src/core/index.ts';
import type { CommitOutcome } from '../../src/provenance/batch.ts';
import type { Ledger } from '../../src/provenance/ledger.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import { Sequencer, type SequencerOptions } from '../../src/provenance/sequencer.ts';
import { SharedSequencer, type TurnOptions } from '../../src/provenance/shared-sequencer.ts';
import type { LockStore } from '../../src/provenance/staging.ts';
import { Faults } from '../support/faults.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';

const TURNS: TurnOptions = { patience: 100, wait: () => setImmediate() };
const CALLS = ['putIfAbsent', 'compareAndSwap', 'get', 'getRange', 'stat', 'delete'] as const;
let author: LogAuthor;

beforeAll(() => {
  author = new LogAuthor();
});

/** One machine: what it is started with, and its sequencer. */
interface Machine {
  readonly ledger: Ledger;
  readonly options: SequencerOptions;
  readonly sequencer: SharedSequencer;
}

async function machine(
  world: LogWorld,
  change: (options: SequencerOptions) => Partial<SequencerOptions> = () => ({}),
): Promise<Machine> {
  const { ledger } = await world.open();
  const usual = world.sequencerOptions(ledger);
  const options = { ...usual, ...change(usual) };
  return { ledger, options, sequencer: new SharedSequencer(options, TURNS) };
}

async function entriesOf(name: string, n: number): Promise<Uint8Array[]> {
  return Promise.all(Array.from({ length: n }, (_, i) => author.acl(`${name}-${i}`)));
}

/** The log as a newcomer reads it: hashes of entries by index. It must hold each entry once and must never have forked. */
async function hashesIn(world: LogWorld): Promise<string[]> {
  const { ledger } = await world.open();
  expect(await world.forks(ledger.head)).toEqual([]);
  const hashes = (await world.entries(ledger.head)).map((entry) => hex(leafHash(entry)));
  expect(new Set(hashes).size).toBe(hashes.length);
  return hashes;
}

function expectCommitted(
  hashes: readonly string[],
  entries: readonly Uint8Array[],
  outcomes: readonly CommitOutcome[],
): void {
  expect(outcomes).toHaveLength(entries.length);
  for (const [i, outcome] of outcomes.entries()) {
    expect(outcome).toMatchObject({ outcome: 'committed' });
    if (outcome.outcome !== 'committed') continue;
    expect(hashes[outcome.index]).toBe(hex(leafHash(entries[i]!)));
  }
}

describe('sequencers that take turns', () => {
  it('commit everything once, in one log', async () => {
    const [world] = await LogWorld.founded(author);
    const machines = await Promise.all([1, 2, 3, 4].map(() => machine(world)));
    const batches = await Promise.all(machines.map((_, m) => entriesOf(`turn-${m}`, 70)));
    const halves = batches.flatMap((all, m) => [
      { sequencer: machines[m]!.sequencer, entries: all.slice(0, 5) },
      { sequencer: machines[m]!.sequencer, entries: all.slice(5) },
    ]);
    const outcomes = await Promise.all(
      halves.map(({ sequencer, entries }) => sequencer.commit(entries)),
    );
    const hashes = await hashesIn(world);
    for (const [i, { entries }] of halves.entries()) {
      expectCommitted(hashes, entries, outcomes[i]!);
    }
    expect(world.alarms).toEqual([]);
  });

  it('leave staged batches of lost turns nowhere in the end', async () => {
    const [world] = await LogWorld.founded(author);
    const [one, other] = [await machine(world), await machine(world)];
    await Promise.all([
      one.sequencer.commit(await entriesOf('one', 3)),
      other.sequencer.commit(await entriesOf('other', 3)),
    ]);
    await Sequencer.start(world.sequencerOptions((await world.open()).ledger));
    expect(await world.paths('staging/')).toEqual([]);
  });

  it('give up, with nothing lost, when others have every turn', async () => {
    const [world] = await LogWorld.founded(author);
    const { ledger } = await world.open();
    const busy: LockStore = { read: () => world.locks.read(), swap: () => Promise.resolve(false) };
    const options = { ...world.sequencerOptions(ledger), locks: busy };
    const sequencer = new SharedSequencer(options, { ...TURNS, tries: 3 });
    const size = ledger.head.size;
    await expect(sequencer.commit(await entriesOf('busy', 1))).rejects.toMatchObject({
      code: 'VAULT_LOCKED',
    });
    expect((await world.open()).ledger.head.size).toBe(size);
  });
});

describe('a sequencer that dies while another is at work', () => {
  it('at any call leaves a log in which its batch stands whole or not at all', async () => {
    let deaths = 0;
    for (let call = 1; ; call++) {
      const [world] = await LogWorld.founded(author);
      const faults = new Faults();
      const dying = await machine(world, (usual) => ({
        store: mortal(faults, usual.store, CALLS),
        locks: mortal(faults, usual.locks, ['read', 'swap']),
      }));
      const living = await machine(world);
      const [lost, kept] = [await entriesOf('lost', 2), await entriesOf('kept', 2)];
      faults.arm(call);
      const results = await Promise.allSettled([
        dying.sequencer.commit(lost),
        living.sequencer.commit(kept),
      ]);
      const more = await entriesOf('more', 1);
      const after = await living.sequencer.commit(more);
      const hashes = await hashesIn(world);
      expect(results[1]).toMatchObject({ status: 'fulfilled' });
      if (results[1].status === 'fulfilled') expectCommitted(hashes, kept, results[1].value);
      expectCommitted(hashes, more, after);
      const there = lost.filter((entry) => hashes.includes(hex(leafHash(entry))));
      expect([0, 2]).toContain(there.length);
      expect(world.alarms).toEqual([]);
      if (!faults.struck) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(10);
  });
});

describe('a sequencer that is overtaken while it publishes', () => {
  it('does not put the published head back, and learns that its batch was finished', async () => {
    const [world] = await LogWorld.founded(author);
    const { ledger } = await world.open();
    const [mine, theirs] = [await entriesOf('mine', 2), await entriesOf('theirs', 2)];
    const overtaken: CommitOutcome[][] = [];
    const slow = await machine(world, (usual) => ({
      store: before(usual.store, 'get', async (path) => {
        if (!path.endsWith('/checkpoint') || overtaken.length > 0) return;
        if (world.locks.state.pending === null) return;
        overtaken.push([]);
        const other = await Sequencer.start(world.sequencerOptions(ledger));
        overtaken[0] = await other.commit(theirs);
      }),
    }));
    const outcomes = await slow.sequencer.commit(mine);
    const hashes = await hashesIn(world);
    expectCommitted(hashes, theirs, overtaken[0] ?? []);
    expectCommitted(hashes, mine, outcomes);
    expect(world.locks.state.signed?.size).toBe(hashes.length);
  });

  it('does not take the word of the store for its batch having been finished', async () => {
    const [world] = await LogWorld.founded(author);
    const mine = await entriesOf('mine', 1);
    let turns = 0;
    const { ledger } = await world.open();
    const other = new SharedSequencer(world.sequencerOptions(ledger), TURNS);
    const slow = await machine(world, (usual) => ({
      locks: {
        read: () => usual.locks.read(),
        swap: async (expected, next) => {
          if (next.pending !== null && turns++ === 0) await other.commit(await entriesOf('x', 2));
          return usual.locks.swap(expected, next);
        },
      },
    }));
    const { reader } = slow.ledger;
    const honest = reader.entries.bind(reader);
    const start = slow.ledger.head.size;
    let looks = 0;
    // Replaying, it shows the truth; asked again what stands there, it shows the entry where another one stands.
    reader.entries = async function* (from, size) {
      if (from === start) looks += 1;
      for await (const [index, entry] of honest(from, size)) {
        yield [index, from === start && looks === 2 && index === start ? mine[0]! : entry];
      }
    };
    const outcomes = await slow.sequencer.commit(mine);
    expectCommitted(await hashesIn(world), mine, outcomes);
    expect([turns > 1, looks]).toEqual([true, 2]);
  });
});

/** A target whose calls all fail from the armed one on, as those of a dead process do not happen. */
function mortal<T extends object>(
  faults: Faults,
  target: T,
  methods: readonly (keyof T & string)[],
): T {
  const watched = faults.watch(target, methods);
  return new Proxy(watched, {
    get: (object, name) => {
      const value: unknown = Reflect.get(object, name);
      if (typeof value !== 'function' || !methods.includes(name as keyof T & string)) return value;
      return (...args: unknown[]) =>
        faults.struck
          ? Promise.reject(new Error('dead'))
          : (Reflect.apply(value, object, args) as unknown);
    },
  });
}

/** A store that does something before each call of one method. */
function before(
  store: ObjectStore,
  method: 'get',
  work: (path: string) => Promise<void>,
): ObjectStore {
  return new Proxy(store, {
    get: (object, name) => {
      const value: unknown = Reflect.get(object, name);
      if (typeof value !== 'function') return value;
      if (name !== method) return value.bind(object) as unknown;
      return async (path: string) => {
        await work(path);
        return object.get(path);
      };
    },
  });
}
