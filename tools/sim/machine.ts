// SPDX-License-Identifier: Apache-2.0
// One machine of a simulation: its disk, and the process that runs on it now.
import type { KeyTable } from '../../src/store/index.ts';
import { Session, Vault } from '../../src/vault/index.ts';
import type { DiskPorts, MemoryDisk } from '../../test/support/memory-disk.ts';
import { tinyEmbedder } from '../../test/support/tiny-embedder.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { Template } from './template.ts';

const EMBEDDER = tinyEmbedder();
/** What has an effect, or shows one, outside the process. */
const WATCHED = {
  objects: ['putIfAbsent', 'compareAndSwap', 'get', 'getRange', 'stat', 'delete', 'list'],
  keys: ['putAll', 'replaceAll', 'purgeRows', 'get', 'namesOf', 'list'],
  trust: ['read', 'raise'],
  cache: ['load', 'save', 'replace'],
  locks: ['read', 'swap'],
} as const;

/** What machines of one simulation have in common. */
export interface Surroundings {
  readonly template: Template;
  readonly scheduler: Scheduler;
  readonly hostile: (keys: KeyTable) => KeyTable;
}

/** A machine and its present process. */
export class Machine {
  readonly name: string;
  readonly disk: MemoryDisk;
  /** The largest log size that a reader here has been shown. */
  seen = 0;
  /** Whether its present process has met a lie, and may lack what it could not prove. */
  isTainted = false;
  readonly #around: Surroundings;
  #vault: Vault | null = null;
  #actor: Actor;

  constructor(name: string, disk: MemoryDisk, around: Surroundings) {
    this.name = name;
    this.disk = disk;
    this.#around = around;
    this.#actor = { name, isStopped: false };
  }

  /** The process, started if there is none. */
  async vault(): Promise<Vault> {
    if (this.#vault !== null) return this.#vault;
    const actor = { name: this.name, isStopped: false };
    this.#actor = actor;
    this.isTainted = false;
    const { ring, random } = this.#around.template;
    const between = (ports: DiskPorts): DiskPorts => this.#watch(ports, actor);
    const context = this.disk.context({ ring, random, between });
    this.#vault = Vault.over(await Session.over(context, EMBEDDER));
    return this.#vault;
  }

  /** Whether a process runs. */
  get isRunning(): boolean {
    return this.#vault !== null;
  }

  /** Ends the process; what it still does has no effect. */
  end(): void {
    this.#actor.isStopped = true;
    this.#vault = null;
  }

  #watch(ports: DiskPorts, actor: Actor): DiskPorts {
    const keys = this.#around.hostile(ports.keys);
    return {
      ...ports,
      objects: this.#turns(ports.objects, WATCHED.objects, actor),
      keys: this.#turns(keys, WATCHED.keys, actor),
      trust: this.#turns(ports.trust, WATCHED.trust, actor),
      cache: this.#turns(ports.cache, WATCHED.cache, actor),
      locks: this.#turns(ports.locks, WATCHED.locks, actor),
    };
  }

  /** The same port, each of whose calls waits for its turn. */
  #turns<T extends object>(port: T, methods: readonly string[], actor: Actor): T {
    const { scheduler } = this.#around;
    const own: Record<string, unknown> = {};
    for (const name of methods) {
      const method = (port as Record<string, (...args: unknown[]) => unknown>)[name]!.bind(port);
      own[name] =
        name === 'list'
          ? async function* (...args: unknown[]) {
              await scheduler.turn(actor);
              yield* method(...args) as AsyncIterable<unknown>;
            }
          : async (...args: unknown[]) => {
              await scheduler.turn(actor);
              return method(...args);
            };
    }
    return Object.assign(Object.create(port) as T, own);
  }
}
