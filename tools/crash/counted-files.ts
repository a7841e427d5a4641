// SPDX-License-Identifier: Apache-2.0
// Counts what the product asks of the file system and of SQLite, and acts at one of these calls. The modules are replaced
// as they are loaded; the product knows nothing of it.
import type { FileHandle } from 'node:fs/promises';
import { registerHooks } from 'node:module';

const SRC = new URL('../../src/', import.meta.url).href;
const MODULES = ['node:fs', 'node:fs/promises', 'node:sqlite'];
const COUNTED = 'strongroom-counted:';

/**
 * Told the number, from 1, and the name of each call before it is made, and the descriptor of the file that it is made on
 * if there is one; may throw what the call shall throw.
 */
export type OnCall = (n: number, name: string, fd: number | null) => void;

interface Shared {
  count: number;
  onCall: OnCall;
  watch(name: string, target: unknown, isAsync: boolean): unknown;
}

/** Counts the calls of everything that is loaded from src/ from now on. */
export function countFiles(onCall: OnCall): void {
  const shared: Shared = { count: 0, onCall, watch };
  (globalThis as Record<string, unknown>)['strongroomCounted'] = shared;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const isOurs = MODULES.includes(specifier) && context.parentURL?.startsWith(SRC) === true;
      if (!isOurs) return nextResolve(specifier, context);
      return { url: COUNTED + specifier, format: 'module', shortCircuit: true };
    },
    load(url, context, nextLoad) {
      if (!url.startsWith(COUNTED)) return nextLoad(url, context);
      return {
        format: 'module',
        source: moduleText(url.slice(COUNTED.length)),
        shortCircuit: true,
      };
    },
  });
}

/** A module with the same exports, each of them watched. */
function moduleText(name: string): string {
  const exported = Object.keys(process.getBuiltinModule(name) as object);
  const lines = exported
    .filter((key) => key !== 'default')
    .map(
      (key) =>
        `export const ${key} = counted.watch(${JSON.stringify(key)}, real.${key}, ${name.endsWith('promises')});`,
    );
  return [
    `const real = process.getBuiltinModule(${JSON.stringify(name)});`,
    'const counted = globalThis.strongroomCounted;',
    ...lines,
  ].join('\n');
}

const WATCHED_OBJECTS = ['FileHandle', 'DatabaseSync', 'StatementSync'];

function watch(name: string, target: unknown, isAsync: boolean): unknown {
  if (typeof target !== 'function') return target;
  const isClass = /^[A-Z]/.test(name);
  return new Proxy(target, {
    apply: (call, self, args: unknown[]) => {
      const fd = typeof args[0] === 'number' ? args[0] : null;
      return noted({ name, fd }, isAsync, () => watched(Reflect.apply(call, self, args)));
    },
    construct: (type, args: unknown[]) => {
      if (isClass) note({ name, fd: null });
      return watched(Reflect.construct(type, args)) as object;
    },
  });
}

/** Handles of files and databases are watched in their turn. */
function watched(result: unknown): unknown {
  if (result instanceof Promise) return result.then(watched);
  // Rows of SQLite have no constructor.
  const kind = (result as { constructor?: { name: string } } | null)?.constructor?.name ?? '';
  if (typeof result !== 'object' || result === null || !WATCHED_OBJECTS.includes(kind))
    return result;
  return new Proxy(result, {
    get: (object, name) => {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const isAsync = kind === 'FileHandle';
        const fd = isAsync ? (object as FileHandle).fd : null;
        return noted({ name: `${kind}.${String(name)}`, fd }, isAsync, () =>
          watched(Reflect.apply(value, object, args)),
        );
      };
    },
  });
}

/** What answers with a promise fails with one. */
function noted(call: Call, isAsync: boolean, work: () => unknown): unknown {
  try {
    note(call);
  } catch (error) {
    if (!isAsync) throw error;
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
  return work();
}

interface Call {
  readonly name: string;
  readonly fd: number | null;
}

function note({ name, fd }: Call): void {
  const shared = (globalThis as Record<string, unknown>)['strongroomCounted'] as Shared;
  shared.count += 1;
  shared.onCall(shared.count, name, fd);
}
