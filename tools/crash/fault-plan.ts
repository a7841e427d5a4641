// SPDX-License-Identifier: Apache-2.0
// Counts every call that leaves the process, and lets one of them go wrong.
import { equalBytes, fail } from '../../src/core/index.ts';
import type { Journal } from '../../src/ingest/index.ts';
import type { DiskPorts, MemoryDisk } from '../../test/support/memory-disk.ts';

/**
 * What goes wrong at call n.
 * - `lost`: the write reports success and is gone after the next power failure, while later ones are there
 * - `full`, `io`: the call fails, and the process lives on
 */
export type FaultKind = 'lost' | 'full' | 'io';

/** One call, as counted. */
export interface Call {
  readonly name: string;
  readonly isWrite: boolean;
}

type Work = () => unknown;
type Undo = () => void | Promise<void>;

/** What happens around a call. */
export interface Hooks {
  /** Called before each call, with its number from 1. */
  readonly before?: (n: number, call: Call & { readonly torn?: Tear }) => Promise<void>;
}

/** The half-written object that a crash in the middle of a write would leave in a store without atomic writes. */
export interface Tear {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Watches the ports of one process. */
export class FaultPlan {
  readonly calls: Call[] = [];
  readonly #at: number | null;
  readonly #kind: FaultKind;
  readonly #hooks: Hooks;
  #undo: Undo | null = null;
  #disk: MemoryDisk | null = null;

  constructor(at: number | null, kind: FaultKind = 'io', hooks: Hooks = {}) {
    this.#at = at;
    this.#kind = kind;
    this.#hooks = hooks;
  }

  /** The call that went wrong, when it came. */
  get struck(): Call | null {
    return this.#at === null ? null : (this.calls[this.#at - 1] ?? null);
  }

  /** What a power failure takes away. */
  async powerFails(): Promise<void> {
    await this.#undo?.();
  }

  /** The ports of a process on a disk, watched. */
  watch(disk: MemoryDisk): (ports: DiskPorts) => DiskPorts {
    this.#disk = disk;
    return (ports) => ({
      objects: this.#methods('objects', ports.objects, {
        putIfAbsent: true,
        compareAndSwap: true,
        delete: true,
        get: false,
        getRange: false,
        stat: false,
        list: 'stream',
      }),
      keys: this.#methods('keys', ports.keys, {
        putAll: true,
        replaceAll: true,
        purgeRows: true,
        get: false,
        namesOf: false,
        list: 'stream',
      }),
      trust: this.#methods('trust', ports.trust, { read: false, raise: true }),
      cache: this.#methods('cache', ports.cache, { load: false, save: true, replace: true }),
      locks: this.#methods('locks', ports.locks, { read: false, swap: true }),
      segments: this.#methods('segments', ports.segments, { keep: true }),
      journal: this.#journal(ports.journal),
      ring: this.#methods('ring', ports.ring, {
        wrap: false,
        unwrap: false,
        signNote: false,
        addSigner: true,
        rotateBranch: true,
        dropBranches: true,
      }),
    });
  }

  #methods<T extends object>(
    port: keyof DiskPorts,
    target: T,
    methods: Partial<Record<keyof T & string, boolean | 'stream'>>,
  ): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        const mode = methods[name as keyof T & string];
        const call = { name: `${port}.${String(name)}`, isWrite: mode === true };
        if (mode === undefined) return value.bind(object) as unknown;
        return (...args: unknown[]) => {
          const work: Work = () => Reflect.apply(value, object, args);
          return mode === 'stream' ? this.#stream(call, work) : this.#call(call, args, work);
        };
      },
    });
  }

  async *#stream(call: Call, work: Work): AsyncGenerator {
    await this.#call(call, [], () => undefined);
    yield* work() as AsyncIterable<unknown>;
  }

  async #call(call: Call, args: readonly unknown[], work: Work): Promise<unknown> {
    this.calls.push(call);
    const n = this.calls.length;
    await this.#hooks.before?.(n, { ...call, ...tearOf(call, args) });
    if (n !== this.#at) return work();
    if (this.#kind !== 'lost') throw this.#error(call);
    const undo = await this.#undoOf(call, args);
    const result = await work();
    this.#undo = undo(result);
    return result;
  }

  /** The journal is asked without promises; what is lost of it only costs needless work. */
  #journal(journal: Journal): Journal {
    const watched = new Set(['isUnchanged', 'isFrom', 'has', 'note', 'erase']);
    return new Proxy(journal, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function' || !watched.has(String(name))) return value;
        return (...args: unknown[]) => {
          const call = { name: `journal.${String(name)}`, isWrite: false };
          this.calls.push(call);
          const strikes = this.calls.length === this.#at && this.#kind !== 'lost';
          if (strikes) throw this.#error(call);
          return Reflect.apply(value, object, args) as unknown;
        };
      },
    });
  }

  #error({ name }: Call): Error {
    if (name.startsWith('ring.')) return fail('KEY_UNAVAILABLE', 'injected: no answer');
    return this.#kind === 'full'
      ? fail('STORE_FULL', 'injected: the disk is full')
      : fail('STORE_FAILED', 'injected: the disk failed');
  }

  /** Before a write: how to take it back afterwards, unless something was written over it since. */
  async #undoOf(call: Call, args: readonly unknown[]): Promise<(result: unknown) => Undo | null> {
    const disk = this.#disk!;
    const { objects, keys } = disk.shared;
    const [port, method] = call.name.split('.');
    if (port === 'objects') {
      const path = args[0] as string;
      const old = await objects.get(path);
      const written = method === 'delete' ? null : (args.at(-1) as Uint8Array);
      return (result) =>
        result === false
          ? null
          : async () => {
              const now = await objects.get(path);
              const isUntouched =
                written === null ? now === null : now !== null && equalBytes(now.bytes, written);
              if (!isUntouched) return;
              await objects.delete(path);
              if (old !== null) await objects.putIfAbsent(path, old.bytes);
            };
    }
    if (port === 'keys') {
      const before = new Map(keys.rows);
      return () => {
        const after = new Map(keys.rows);
        return () => {
          for (const name of new Set([...before.keys(), ...after.keys()])) {
            if (before.get(name) === after.get(name)) continue;
            if (keys.rows.get(name) !== after.get(name)) continue;
            const row = before.get(name);
            if (row === undefined) keys.rows.delete(name);
            else keys.rows.set(name, row);
          }
        };
      };
    }
    return fieldUndo(disk, port);
  }
}

/** For what is one value as a whole: the value before, if it is still the one that was written. */
function fieldUndo(disk: MemoryDisk, port: string | undefined): () => Undo | null {
  const { lock } = disk.shared;
  const { trust, claim, verified } = disk;
  return () => {
    const after = { lock: disk.shared.lock, trust: disk.trust, claim: disk.claim };
    return () => {
      if (port === 'locks' && disk.shared.lock === after.lock) disk.shared.lock = lock;
      if (port === 'trust' && disk.trust === after.trust) disk.trust = trust;
      if (port === 'cache' && disk.claim === after.claim) disk.claim = claim;
      if (port === 'segments') disk.verified = verified;
    };
  };
}

/** A new object that is there by half. Replacing is atomic by the port's contract: half of a checkpoint cannot be. */
function tearOf({ name }: Call, args: readonly unknown[]): { readonly torn?: Tear } {
  if (name !== 'objects.putIfAbsent') return {};
  const [path, bytes] = args as [string, Uint8Array];
  return { torn: { path, bytes: bytes.slice(0, bytes.length >> 1) } };
}
