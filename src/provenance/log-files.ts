// SPDX-License-Identifier: Apache-2.0
// What a sequencer writes into the store besides staged batches, and what it removes there.
import {
  type AlarmSink,
  compareBytes,
  fail,
  hex,
  type ObjectStore,
  sha256,
  utf8,
} from '../core/index.ts';
import { type LogFile, stagedSize } from './staging.ts';

/** A log inside a store. */
export interface LogPlace {
  readonly store: ObjectStore;
  /** Path of the log inside the store, ending in `/`. */
  readonly prefix: string;
}

/** Writes a tile. One that stands there with other bytes was tampered with: keep it, tell, write the right one. */
export async function putTile(
  { store, prefix }: LogPlace,
  file: LogFile,
  onAlarm: AlarmSink,
): Promise<void> {
  const path = prefix + file.path;
  if (await store.putIfAbsent(path, file.bytes)) return;
  const present = await store.get(path);
  if (present !== null && compareBytes(present.bytes, file.bytes) === 0) return;
  onAlarm({ code: 'LOG_TAMPERED', message: 'a log tile differed and was replaced' });
  const evidence = `${prefix}evidence/${hex(sha256(present?.bytes ?? new Uint8Array(0)))}`;
  await store.putIfAbsent(evidence, present?.bytes ?? new Uint8Array(0));
  await store.compareAndSwap(path, present?.version ?? null, file.bytes);
}

/**
 * Publishes a head, unless this sequencer was overtaken while it was writing: readers who saw the larger head of another
 * one would take this one for a rollback.
 * @param isOurTurn asked after looking at what stands there; whoever publishes meanwhile has changed the lock record
 *   before, or changes what stands there after
 * @throws {VAULT_LOCKED} when another sequencer has taken over
 */
export async function putCheckpoint(
  { store, prefix }: LogPlace,
  note: string,
  isOurTurn: () => Promise<boolean>,
): Promise<void> {
  const path = `${prefix}checkpoint`;
  for (let attempt = 0; attempt < 3; attempt++) {
    const present = await store.get(path);
    if (!(await isOurTurn())) throw takenOver();
    if (await store.compareAndSwap(path, present?.version ?? null, utf8(note))) return;
  }
  throw takenOver();
}

/**
 * Removes batches that were staged and never won, once the log has passed their size: nothing can name them any more.
 * A larger one may be pending by now, of a sequencer that has taken over since; without it nobody could go on.
 */
export async function sweepStaging({ store, prefix }: LogPlace, size: number): Promise<void> {
  for await (const { path } of store.list(`${prefix}staging/`)) {
    if (stagedSize(path) <= size) await store.delete(path);
  }
}

/** Another sequencer has changed the lock record or the head. */
export function takenOver(): Error {
  return fail('VAULT_LOCKED', 'another sequencer has taken over this log');
}
