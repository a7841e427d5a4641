// SPDX-License-Identifier: Apache-2.0
// Sealing an index snapshot: only classes that changed are sealed again; small segments share a pack.
import { concat, hex, isStrongroomError, sha256 } from '../core/index.ts';
import { type Ledger, signStatement, stateRoot } from '../provenance/index.ts';
import { type KeyRow, objectPath, putRecord } from '../store/index.ts';
import type { VaultContext } from './context.ts';
import type { MemoryIndexState } from './memory-index-state.ts';
import { segmentRef, snapshotRef } from './refs.ts';
import { type SealedSegment, sealSegment } from './sealed-segment.ts';
import { encodeTable, type SegmentEntry, segmentsRoot } from './segment-table.ts';
import { openNewestTable } from './snapshot-load.ts';
import { removeSegments, sweepSegments } from './snapshot-sweep.ts';
import { rememberSegments } from './verified-segments.ts';
import type { VaultWriter } from './writer.ts';

/** Segments below this size share an object. */
const PACKED_BELOW = 64 * 1024;
const PACK_BYTES = 4 * 1024 * 1024;
/** What sealing needs. */
export interface SnapshotOptions {
  readonly context: VaultContext;
  readonly ledger: Ledger;
  readonly writer: VaultWriter;
  readonly state: MemoryIndexState;
  /** Look for leftovers of every former snapshot, as erasing must. Reads the whole key table. */
  readonly sweep: boolean;
}

/**
 * Seals the classes that changed since the last snapshot and signs the new one into the log. Old segments are removed
 * together with their keys once the log names the new ones.
 * @returns false when nothing had changed
 */
export async function writeSnapshot(options: SnapshotOptions): Promise<boolean> {
  const { context, ledger, state, sweep } = options;
  // Read before it is replaced. What the process has loaded may be less: a snapshot can be refused in parts.
  const former = await namedTable(options);
  // Without its table nobody knows which segments are in use, so sweeping needs a new one.
  const isChanged = state.isDirty || (sweep && former === null);
  if (isChanged) await replaceSnapshot(options);
  const table = isChanged ? state.table : (former ?? []);
  if (sweep || (isChanged && former === null)) await sweepSegments({ context, ledger }, table);
  else if (isChanged) await removeSegments(context, former ?? [], table);
  return isChanged;
}

/** The table of the snapshot that the log names; null when it cannot be opened. */
async function namedTable(options: SnapshotOptions): Promise<readonly SegmentEntry[] | null> {
  try {
    return await openNewestTable(options);
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return null;
  }
}

async function replaceSnapshot(options: SnapshotOptions): Promise<void> {
  const { context, ledger, state, writer } = options;
  // Size and state belong together: other work may append to the log while segments are sealed.
  const { head, state: at } = ledger.at();
  const dirty = state.takeDirty();
  try {
    const kept = state.table.filter((entry) => !dirty.has(entry.classNo));
    const table = [...kept, ...(await sealClasses(options, dirty, head.size))];
    const ref = snapshotRef(context.config.tenantId, head.size);
    const objectDigest = await putRecord(context.stores, ref, 'table', encodeTable(table));
    const before = ledger.lookup('snap', 'index');
    const predicate = {
      log: ledger.trust.log,
      time: Math.floor(context.clock.now() / 1000),
      size: head.size,
      stateRoot: stateRoot(at),
      segmentsRoot: segmentsRoot(table),
      rows: table.reduce((sum, entry) => sum + entry.rows, 0),
      model: at.vault?.embedder.space ?? '',
      objectDigest,
      format: state.index.format,
    };
    const signer = writer.signer('indexer');
    await writer.commitAll([await signStatement('index-snapshot', predicate, signer)]);
    state.sealed(table);
    if (before !== null) await removeTable(context, before.size, before.objectDigest);
  } catch (error) {
    state.markDirty(dirty);
    throw error;
  }
  // This process has made every row from verified parts, so it need not verify its own segments when it loads them.
  await rememberSegments(context, state.table);
}

async function sealClasses(
  { context, state }: SnapshotOptions,
  classes: ReadonlySet<number>,
  generation: number,
): Promise<SegmentEntry[]> {
  const pack = new Pack(context);
  for (const classNo of [...classes].sort((a, b) => a - b)) {
    for (const [segment, encoded] of state.index.encode(classNo).entries()) {
      const ref = segmentRef(context.config.tenantId, classNo, segment, generation);
      const sealed = await sealSegment(context.stores, ref, encoded);
      const rows = encoded.rows.length / (32 + 4 + 4 + state.index.dims);
      await pack.add({ classNo, segment, generation, rows }, sealed);
    }
  }
  await pack.flush();
  return pack.entries;
}

/** Gathers small segments into packs and writes large ones by themselves. */
class Pack {
  readonly entries: SegmentEntry[] = [];
  readonly #context: VaultContext;
  #waiting: { entry: Omit<SegmentEntry, 'path'>; sealed: SealedSegment }[] = [];
  #bytes = 0;

  constructor(context: VaultContext) {
    this.#context = context;
  }

  async add(
    place: Pick<SegmentEntry, 'classNo' | 'segment' | 'generation' | 'rows'>,
    sealed: SealedSegment,
  ): Promise<void> {
    const { bytes, key } = sealed;
    const entry = { ...place, offset: 0, bytes: bytes.length, sha256: key.objectDigest };
    if (bytes.length >= PACKED_BELOW) {
      const path = objectPath(key.ref, key.objectDigest);
      await this.#write(path, bytes, [key]);
      this.entries.push({ ...entry, path });
      return;
    }
    this.#waiting.push({ entry: { ...entry, offset: this.#bytes }, sealed });
    this.#bytes += bytes.length;
    if (this.#bytes >= PACK_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const bytes = concat(...this.#waiting.map(({ sealed }) => sealed.bytes));
    const path = `obj/pack/${hex(sha256(bytes))}`;
    const keys = this.#waiting.map(({ sealed }) => sealed.key);
    await this.#write(path, bytes, keys);
    for (const { entry } of this.#waiting) this.entries.push({ ...entry, path });
    this.#waiting = [];
    this.#bytes = 0;
  }

  async #write(path: string, bytes: Uint8Array, keys: readonly KeyRow[]): Promise<void> {
    await this.#context.objects.putIfAbsent(path, bytes);
    await this.#context.keys.putAll(keys);
  }
}

async function removeTable(
  context: VaultContext,
  size: number,
  objectDigest: string,
): Promise<void> {
  const ref = snapshotRef(context.config.tenantId, size);
  await context.keys.purgeRows([{ ref, objectDigest }]);
  await context.objects.delete(objectPath(ref, objectDigest));
}
