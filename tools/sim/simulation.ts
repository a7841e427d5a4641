// SPDX-License-Identifier: Apache-2.0
// One seed: two writers with a sequencer each, three readers and an adversary, against the model. Everything but the
// actors is the product's own code.
import { type ErrorCode, isStrongroomError, StrongroomError } from '../../src/core/index.ts';
import { leafOf, merkleRoot, verifyPlainLog } from '../../test/support/plain-log-verifier.ts';
import { FixedClock } from '../../test/support/fixed-clock.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { Adversary } from './adversary.ts';
import { HostileStore } from './hostile-store.ts';
import { Machine } from './machine.ts';
import { entriesOf, Model, type Person } from './model.ts';
import { Scheduler, Stopped } from './scheduler.ts';
import { LOG, PEOPLE, type Template } from './template.ts';
import { Writes } from './writes.ts';

const STEPS = 6;
/** What a writer is told when another one was faster. */
const CONFLICTS: readonly ErrorCode[] = ['VAULT_LOCKED', 'INGEST_CONFLICT', 'ENTRY_REFUSED'];

/** Something that must never happen. */
class Violation extends Error {}

/** What became of a seed. */
export interface Verdict {
  readonly seed: number;
  /** What must never happen and did, or null. */
  readonly violation: string | null;
  /** What was done, in order. */
  readonly trace: readonly string[];
  readonly reads: number;
  readonly acknowledged: number;
}

/** Runs one seed. The same seed does the same on every machine. */
export async function simulate(template: Template, seed: number): Promise<Verdict> {
  const simulation = await Simulation.start(template, seed);
  return simulation.run();
}

class Simulation {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #store: HostileStore;
  readonly #scheduler: Scheduler;
  readonly #adversary: Adversary;
  readonly #model: Model;
  readonly #writes: Writes;
  readonly #clock: FixedClock;
  readonly #writers: readonly Machine[];
  readonly #readers: readonly Machine[];
  readonly #trace: string[] = [];
  #acknowledged = 0;
  #reads = 0;
  #acks = 0;
  #isRacing = false;
  readonly #leaves: Buffer[] = [];
  readonly #roots = new Map<number, string>();

  static async start(template: Template, seed: number): Promise<Simulation> {
    template.random.now = new SeededRandom(`vault ${seed}`);
    const clock = new FixedClock();
    const disk = await template.disk.copy(clock);
    const simulation = new Simulation(template, { seed, clock, disk });
    await simulation.#published();
    return simulation;
  }

  private constructor(
    template: Template,
    at: { seed: number; clock: FixedClock; disk: Template['disk'] },
  ) {
    const { seed, clock, disk } = at;
    this.#seed = seed;
    this.#clock = clock;
    this.#random = new SeededRandom(`simulation ${seed}`);
    this.#store = new HostileStore(disk.shared.objects);
    disk.shared.objects = this.#store;
    this.#scheduler = new Scheduler((limit) => this.#random.below(Math.max(1, limit)));
    this.#adversary = new Adversary(this.#store, this.#random);
    const people = new Map<string, ReadonlyMap<string, Person>>(template.people);
    const texts = new Map(template.texts);
    this.#model = new Model({ texts, people, classes: template.classes }, template.model);
    this.#writes = new Writes(this.#random, {
      texts,
      people,
      classes: [...template.classes.keys()],
    });
    const around = {
      template,
      scheduler: this.#scheduler,
      hostile: (keys: Parameters<Adversary['keys']>[0]) =>
        this.#adversary.keys(keys, disk.shared.keys.rows),
    };
    const machine = (name: string): Machine => {
      const own = disk.machine();
      own.trust = disk.trust;
      own.claim = disk.claim;
      own.verified = disk.verified;
      return new Machine(name, own, around);
    };
    this.#writers = [machine('writer 0'), machine('writer 1')];
    this.#readers = [machine('reader 0'), machine('reader 1')];
    this.#store.onSwap = async (path) => {
      if (path === `${LOG}checkpoint`) await this.#published();
    };
  }

  async run(): Promise<Verdict> {
    let violation: string | null = null;
    try {
      for (let step = 0; step < STEPS; step++) {
        this.#clock.seconds += 1;
        await this.#step();
      }
      await this.#end();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error.message;
    }
    const { length } = this.#trace;
    if (violation !== null) this.#trace[length] = `VIOLATION ${violation}`;
    const counts = { reads: this.#reads, acknowledged: this.#acks };
    return { seed: this.#seed, violation, trace: this.#trace, ...counts };
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const chance = random.below(20);
    if (chance < 6) return this.#write(random.pick(this.#writers));
    if (chance < 10) return this.#read(random.pick(this.#readers), random.pick(PEOPLE));
    if (chance < 13) return this.#race();
    if (chance < 17) return this.#lie();
    if (chance === 17) {
      this.#trace.push('the adversary tells the truth');
      this.#adversary.heal();
      return;
    }
    const machine = random.pick([...this.#writers, ...this.#readers]);
    this.#trace.push(`${machine.name} ends`);
    machine.end();
  }

  /** The adversary lies, and somebody looks at it: a process that runs, or one that starts. */
  async #lie(): Promise<void> {
    const random = this.#random;
    const machines = this.#readers.map(({ disk }) => disk);
    this.#trace.push(`the adversary ${await this.#adversary.lie(machines)}`);
    const reader = random.pick(this.#readers);
    if (random.below(2) === 0) {
      this.#trace.push(`${reader.name} ends`);
      reader.end();
    }
    await this.#read(reader, random.pick(PEOPLE));
  }

  /** Both writers and a reader at once; sometimes one of them stops in the middle. */
  async #race(): Promise<void> {
    const random = this.#random;
    const stop = random.below(3) === 0 ? 1 + random.below(80) : null;
    this.#trace.push(`a race${stop === null ? '' : `, with a crash at call ${stop}`}`);
    const reader = random.pick(this.#readers);
    const works = [
      ...this.#writers.map((writer) => () => this.#write(writer)),
      () => this.#read(reader, random.pick(PEOPLE)),
    ];
    this.#isRacing = true;
    await this.#scheduler.race(works, stop);
    this.#isRacing = false;
  }

  /** The adversary gives up: everybody sees everything that was acknowledged, after a restart and without one. */
  async #end(): Promise<void> {
    this.#trace.push('the end');
    this.#adversary.heal();
    for (const writer of this.#writers) writer.end();
    await this.#write(this.#writers[0]!);
    for (const reader of this.#readers) {
      if (reader.isTainted) reader.end();
      await this.#read(reader, this.#random.pick(PEOPLE));
    }
    const fetch = async (path: string): Promise<Uint8Array | null> =>
      (await this.#store.truth.get(LOG + path))?.bytes ?? null;
    const { size } = await verifyPlainLog(fetch, this.#writers[0]!.disk.trust.logVkey);
    if (size !== this.#model.entries.length)
      throw new Violation('the log is not the published one');
  }

  async #write(machine: Machine): Promise<void> {
    const write = this.#writes.next();
    this.#trace.push(`${machine.name} ${write.name}`);
    const isCalm = this.#isCalm(machine);
    const { isLying } = this.#adversary;
    try {
      const { session } = await machine.vault();
      await session.follow();
      await write.run(session);
      this.#acknowledged = Math.max(this.#acknowledged, session.ledger.head.size);
      this.#acks += 1;
    } catch (error) {
      this.#refused(machine, error, isCalm);
    }
    if (isLying) machine.isTainted = true;
  }

  async #read(machine: Machine, person: (typeof PEOPLE)[number]): Promise<void> {
    this.#trace.push(`${machine.name} reads as ${person}`);
    const isCalm = this.#isCalm(machine);
    const acknowledged = this.#acknowledged;
    const { isLying } = this.#adversary;
    try {
      const vault = await machine.vault();
      // A writer may have overwritten the lie since.
      if (isLying) machine.isTainted = true;
      const caller = { id: person, identity: 'impersonated' } as const;
      const { passages } = await vault.search({ caller, query: 'word', k: 20 });
      const { head } = vault.session.ledger;
      this.#reads += 1;
      this.#checkHead(machine, head);
      const view = this.#model.view(head.size, person);
      for (const { source, text } of passages) {
        if (view.get(source.uri) === text) continue;
        throw new Violation(
          `${person} is shown "${text}" instead of "${view.get(source.uri) ?? 'nothing'}"`,
        );
      }
      if (!isCalm || this.#isRacing || machine.isTainted) return;
      if (head.size < acknowledged) throw new Violation('an acknowledged write is not visible');
      if (passages.length !== view.size) throw new Violation(`${person} misses a document`);
    } catch (error) {
      this.#refused(machine, error, isCalm);
    }
  }

  /** A head is on the one log, and never older than one that this machine was shown. */
  #checkHead(machine: Machine, head: { size: number; root: Uint8Array }): void {
    const { entries } = this.#model;
    if (head.size < machine.seen) throw new Violation(`${machine.name} accepts an older head`);
    machine.seen = head.size;
    if (head.size > entries.length) throw new Violation('a head beyond the log');
    for (const entry of entries.slice(this.#leaves.length)) this.#leaves.push(leafOf(entry));
    let root = this.#roots.get(head.size);
    root ??= merkleRoot(this.#leaves.slice(0, head.size)).toString('hex');
    this.#roots.set(head.size, root);
    if (Buffer.from(head.root).toString('hex') !== root)
      throw new Violation('a head of another log');
  }

  /** Typed refusals are right when somebody lies or was faster; anything else is not. */
  #refused(machine: Machine, error: unknown, isCalm: boolean): void {
    if (error instanceof Violation) throw error;
    if (error instanceof Stopped) {
      machine.end();
      return;
    }
    if (!(error instanceof StrongroomError))
      throw new Violation(`an untyped error: ${String((error as Error).stack)}`);
    this.#trace.push(`  ${machine.name}: ${error.code} ${error.message}`);
    const isConflict = CONFLICTS.some((code) => isStrongroomError(error, code));
    if (isStrongroomError(error, 'VAULT_LOCKED')) machine.end();
    if (isCalm && !this.#isRacing && !isConflict && !machine.isTainted) {
      throw new Violation(`${machine.name} is refused with ${error.code}: ${error.message}`);
    }
  }

  #isCalm(machine: Machine): boolean {
    return !this.#adversary.isLying && !(machine.isTainted && machine.isRunning);
  }

  /** Takes what a sequencer has published into the model. */
  async #published(): Promise<void> {
    const note = await this.#store.truth.get(`${LOG}checkpoint`);
    const size = Number(Buffer.from(note!.bytes).toString().split('\n')[1]);
    const bundle = await this.#store.truth.get(`${LOG}tile/entries/000.p/${size}`);
    const bytes = Buffer.from(bundle?.bytes ?? []);
    const entries = entriesOf(bytes);
    if (entries.length !== size || !this.#model.publish(entries)) {
      throw new Violation('the log was published with another past');
    }
    await this.#adversary.remember();
  }
}
