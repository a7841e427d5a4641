// SPDX-License-Identifier: Apache-2.0
// Crash points on stores in memory: the process stops before call n, or in the middle of a write; a write is lost; a call
// fails and the process lives on.
import { base64, isStrongroomError } from '../../src/core/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import type { MemoryDisk } from '../../test/support/memory-disk.ts';
import { type FaultKind, FaultPlan, type Tear } from './fault-plan.ts';
import { type Operation, operations } from './operations.ts';
import { type Aftermath, problemsAfter, viewProblems } from './sound.ts';
import type { CrashOptions, Tally } from './tally.ts';
import { viewOf, World } from './world.ts';

/** What an operation starts from. */
interface Start {
  readonly disk: MemoryDisk;
  readonly home: string;
}

/** A state of the disk at which the process stopped. */
interface Stop extends Start {
  readonly fault: 'stop' | 'torn';
  /** Numbers of the calls before which the process may have stopped. */
  readonly calls: number[];
  readonly at: string;
}

/** Of the faults after which a process lives on or a write is lost: each 7th call, beginning at another for each. */
const SAMPLE = 7;

/** Runs the points of every operation. */
export async function memoryPoints(options: CrashOptions): Promise<Tally[]> {
  const world = new World();
  try {
    const starts = await makeStarts(world);
    const tallies: Tally[] = [];
    for (const operation of operations(world)) {
      if (options.only !== undefined && !options.only.includes(operation.name)) continue;
      const run = new Points(world, operation, starts[operation.start]);
      for await (const tally of run.all(options.all ? 1 : SAMPLE)) {
        tallies.push(tally);
        options.onTally?.(tally);
      }
    }
    return tallies;
  } finally {
    world.close();
  }
}

async function makeStarts(world: World): Promise<Record<Operation['start'], Start>> {
  const empty = await world.found();
  const [ingest, , , , remove] = operations(world);
  const filled = { ...empty, disk: await empty.disk.copy() };
  const ring = await world.ring(empty.home);
  const vault = await world.open(filled.disk, ring);
  await ingest?.run(vault);
  return { empty, filled, halfway: await halfway(world, filled, remove) };
}

/** A vault whose writer stopped between signing a checkpoint and publishing it. */
async function halfway(world: World, filled: Start, remove?: Operation): Promise<Start> {
  const disk = await filled.disk.copy();
  const stopped: MemoryDisk[] = [];
  const plan = new FaultPlan(null, 'io', {
    before: async (_, { name }) => {
      if (name === 'objects.compareAndSwap') stopped.push(await disk.copy());
    },
  });
  const between = plan.watch(disk);
  await remove?.run(await world.open(disk, await world.ring(filled.home), { between }));
  const [first] = stopped;
  if (first === undefined) throw new Error('the writer never came to its checkpoint');
  return { disk: first, home: filled.home };
}

class Points {
  readonly #world: World;
  readonly #operation: Operation;
  readonly #start: Start;

  constructor(world: World, operation: Operation, start: Start) {
    this.#world = world;
    this.#operation = operation;
    this.#start = start;
  }

  async *all(every: number): AsyncGenerator<Tally> {
    const { stops, calls } = await this.#stops();
    for (const fault of ['stop', 'torn'] as const) {
      yield await this.#restartAll(
        fault,
        stops.filter((stop) => stop.fault === fault),
      );
    }
    const writes = calls.flatMap(({ isWrite }, i) => (isWrite ? [i + 1] : []));
    const all = calls.map((_, i) => i + 1);
    yield await this.#strikeAll('lost', writes, every);
    yield await this.#strikeAll('full', all, every);
    yield await this.#strikeAll('io', all, every);
  }

  /** One run, with a copy of the disk as it was before each call that finds it changed. */
  async #stops(): Promise<{ stops: Stop[]; calls: FaultPlan['calls'] }> {
    const { disk, home } = await this.#begin();
    const stops: Stop[] = [];
    let changed = true;
    const copied = async (fault: Stop['fault'], n: number, at: string): Promise<MemoryDisk> => {
      const copy = await disk.copy();
      stops.push({ fault, calls: [n], at, disk: copy, home: this.#homeOf(home) });
      return copy;
    };
    const before = async (
      n: number,
      call: { name: string; isWrite: boolean; torn?: Tear },
    ): Promise<void> => {
      const at = `${call.name} (call ${n})`;
      if (changed) await copied('stop', n, at);
      else stops.findLast(({ fault }) => fault === 'stop')?.calls.push(n);
      changed = call.isWrite;
      const torn = call.torn;
      if (torn === undefined || (await disk.shared.objects.stat(torn.path)) !== null) return;
      const copy = await copied('torn', n, at);
      await copy.shared.objects.putIfAbsent(torn.path, torn.bytes);
    };
    const plan = new FaultPlan(null, 'io', { before });
    const ring = await this.#world.ring(home);
    const vault = await this.#world.open(disk, ring, { between: plan.watch(disk) });
    await this.#operation.run(vault);
    return { stops, calls: plan.calls };
  }

  async #restartAll(fault: string, stops: readonly Stop[]): Promise<Tally> {
    const problems: string[] = [];
    let covered = 0;
    for (const stop of stops) {
      const found = await problemsAfter(
        this.#aftermath(stop, { acknowledged: false, lied: false }),
      );
      problems.push(...found.map((problem) => `${stop.at}: ${problem}`));
      covered += stop.calls.length;
    }
    return { ...this.#named(fault), total: covered, covered, restarts: stops.length, problems };
  }

  /** Every n-th call, beginning at another one for each kind of fault. */
  async #strikeAll(kind: FaultKind, calls: readonly number[], every: number): Promise<Tally> {
    const offset = ['lost', 'full', 'io'].indexOf(kind) * 2 + this.#operation.name.length;
    const chosen = calls.filter((_, i) => (i + offset) % every === 0);
    const problems: string[] = [];
    for (const n of chosen) {
      const { at, found } = await this.#strike(kind, n);
      problems.push(...found.map((problem) => `${at} (call ${n}): ${problem}`));
    }
    const restarts = chosen.length;
    return {
      ...this.#named(kind),
      total: calls.length,
      covered: chosen.length,
      restarts,
      problems,
    };
  }

  async #strike(kind: FaultKind, n: number): Promise<{ at: string; found: string[] }> {
    const start = await this.#begin();
    const plan = new FaultPlan(n, kind);
    const found: string[] = [];
    const acknowledged = await this.#tryRun(start, plan, found);
    const at = plan.struck?.name ?? 'never';
    await plan.powerFails();
    const lied = kind === 'lost';
    return {
      at,
      found: [...found, ...(await problemsAfter(this.#aftermath(start, { acknowledged, lied })))],
    };
  }

  /** Runs the operation; when it fails the process lives on and tries again. @returns whether it was acknowledged */
  async #tryRun({ disk, home }: Start, plan: FaultPlan, found: string[]): Promise<boolean> {
    const ring = await this.#world.ring(home);
    const between = plan.watch(disk);
    let vault: Vault | null = null;
    for (let attempt = 1; ; attempt++) {
      try {
        vault ??= await this.#world.open(disk, ring, { between });
        await this.#operation.run(vault);
        // The fault has passed: what it took away must come back without a restart.
        const view = viewProblems(this.#operation, await viewOf(vault), true);
        found.push(...view.map((problem) => `living on: ${problem}`));
        return true;
      } catch (error) {
        if (!isStrongroomError(error))
          found.push(`untyped error: ${String((error as Error).stack)}`);
        if (attempt === 1) continue;
        // What the first attempt had done after all is refused the second time.
        const isDone = ['NOT_FOUND', 'ENTRY_REFUSED'].some((code) =>
          isStrongroomError(error, code as 'NOT_FOUND'),
        );
        if (isDone) return true;
        // A writer that cannot know what became of its batch stops; it must be opened again.
        if (!isStrongroomError(error, 'VAULT_LOCKED'))
          found.push(`second attempt: ${String(error)}`);
        return false;
      }
    }
  }

  async #begin(): Promise<Start> {
    return { disk: await this.#start.disk.copy(), home: this.#homeOf(this.#start.home) };
  }

  #homeOf(home: string): string {
    return this.#operation.changesRing === true ? this.#world.copyHome(home) : home;
  }

  #aftermath(at: Start, promised: Pick<Aftermath, 'acknowledged' | 'lied'>): Aftermath {
    const { head } = this.#start.disk.trust;
    const root = base64(Buffer.from(head?.root ?? '', 'hex'));
    const known = { size: head?.size ?? 0, root };
    return {
      world: this.#world,
      operation: this.#operation,
      disk: at.disk,
      home: at.home,
      head: known,
      ...promised,
    };
  }

  #named(fault: string): Pick<Tally, 'part' | 'operation' | 'fault'> {
    return { part: 'memory', operation: this.#operation.name, fault };
  }
}
