// SPDX-License-Identifier: Apache-2.0
// Does the vault hold what the log says, no less and no more? The log is replayed from its first entry, without caches.
import { type ErrorCode, hex, isStrongroomError, sha256 } from '../core/index.ts';
import { stateRoot, type VoidEntry } from '../provenance/index.ts';
import { type AuditHead, dataKey, type KeyRow, objectPath } from '../store/index.ts';
import { checkTiles, replayAll } from './fsck-log.ts';
import { keyName, type NamedObject, namedObjects } from './fsck-names.ts';
import { probeIndex } from './probe-index.ts';
import type { SegmentEntry } from './segment-table.ts';
import type { Session } from './session.ts';
import { openNewestTable } from './snapshot-load.ts';

/** One thing that is not as the log says. */
export interface Problem {
  readonly code: ErrorCode;
  readonly what: string;
  /** A path inside the object store, or a part of the vault. */
  readonly where: string;
}

/** What fsck found. */
export interface FsckReport {
  readonly entries: number;
  /** Entries that changed nothing, and why. */
  readonly voids: readonly VoidEntry[];
  /** Sealed objects and segments that the log names. */
  readonly objects: number;
  readonly problems: readonly Problem[];
  /** What nothing names: left by a crash, harmless. */
  readonly orphans: { readonly objects: number; readonly keys: number };
  readonly repaired: boolean;
}

/** How to run it. */
export interface FsckOptions {
  /** Remove orphans; takes the writer lock. */
  readonly repair?: boolean;
  /** Milliseconds below which an object may belong to a write that is under way; default 48 hours. */
  readonly orphanAge?: number;
  /** An end of the audit trail that was kept elsewhere, which the trail must still contain. */
  readonly auditHead?: AuditHead;
  /** Called as objects are checked. */
  readonly onProgress?: (done: number, total: number) => void;
}

const ORPHAN_AGE_MS = 48 * 3600 * 1000;
/** Rows that the index is asked for: with a tenth of all rows missing, 64 samples miss it once in 800 runs. */
const PROBES = 64;

/** Checks log, sealed objects, wrapped keys and audit trail against each other. */
export async function fsck(session: Session, options: FsckOptions = {}): Promise<FsckReport> {
  if (options.repair === true) await session.writer();
  const { context, ledger } = session;
  const problems: Problem[] = [];
  const broken = context.trail.firstBreak(options.auditHead);
  if (broken !== null) {
    const where = `audit event ${broken}`;
    problems.push({ code: 'INTEGRITY', what: 'the chain is broken', where });
  }
  const replayed = await replayAll(session, problems);
  // What the log names is not known without its entries, and nothing may be called an orphan.
  if (replayed === null) return reportOf(session, { problems });
  if (stateRoot(replayed.view.state) !== stateRoot(ledger.view.state)) {
    problems.push({ code: 'LEDGER_TAMPERED', what: 'differs from its log', where: 'ledger' });
  }
  problems.push(...(await checkTiles(session)));
  const table = await segmentTable(session, problems);
  const voids = new Set(replayed.voids.map(({ index }) => index));
  const named = await namedObjects(session, voids, table ?? []);
  for (const [i, object] of named.entries()) {
    const problem = await checkObject(session, object);
    if (problem !== null) problems.push(problem);
    options.onProgress?.(i + 1, named.length);
  }
  problems.push(...(await unanswered(session)));
  const found = await findOrphans(session, named, options.orphanAge ?? ORPHAN_AGE_MS);
  // Without its table nobody knows which parts of the index are in use.
  const orphans = table === null ? withoutIndex(found) : found;
  if (options.repair === true) await removeOrphans(session, orphans);
  const { voids: entries } = replayed;
  const repaired = options.repair === true;
  return reportOf(session, { problems, voids: entries, objects: named.length, orphans, repaired });
}

interface Findings {
  readonly problems: readonly Problem[];
  readonly voids?: readonly VoidEntry[];
  readonly objects?: number;
  readonly orphans?: Orphans;
  readonly repaired?: boolean;
}

function reportOf({ ledger }: Session, found: Findings): FsckReport {
  const { problems, voids = [], objects = 0, orphans, repaired = false } = found;
  const left = { objects: orphans?.objects.length ?? 0, keys: orphans?.keys.length ?? 0 };
  return { entries: ledger.head.size, voids, objects, problems, orphans: left, repaired };
}

async function segmentTable(
  session: Session,
  problems: Problem[],
): Promise<readonly SegmentEntry[] | null> {
  try {
    return await openNewestTable(session);
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    problems.push({ code: error.code, what: error.message, where: 'index snapshot' });
    return null;
  }
}

/** Rows that the index of this process does not give back, of a random sample. */
async function unanswered(session: Session): Promise<Problem[]> {
  const { ledger, documents, context } = session;
  const { index } = await session.index();
  const { missing } = await probeIndex(
    { ledger, documents, index, random: context.random },
    PROBES,
  );
  const what = 'the index does not give a passage back by its own vector';
  return missing.map(({ docId }) => ({ code: 'INDEX_TAMPERED', what, where: docId }));
}

/** A current object must be there with the named bytes and a key that unwraps; a superseded one, if it is there at all. */
async function checkObject(session: Session, named: NamedObject): Promise<Problem | null> {
  const { stores } = session.context;
  const problem = (code: ErrorCode, what: string): Problem => ({ code, what, where: named.path });
  const bytes =
    named.range === null
      ? (await stores.objects.get(named.path))?.bytes
      : await stores.objects.getRange(named.path, named.range.offset, named.range.bytes);
  if (bytes === undefined || bytes === null) {
    return named.required ? problem('INTEGRITY', 'a sealed object is missing') : null;
  }
  if (hex(sha256(bytes)) !== named.sha256) {
    return problem('INTEGRITY', 'a sealed object is not the one that the log names');
  }
  try {
    (await dataKey(stores, named.ref, named.sha256)).fill(0);
    return null;
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return problem(error.code, error.message);
  }
}

interface Orphans {
  readonly objects: readonly string[];
  readonly keys: readonly KeyRow[];
}

async function findOrphans(
  session: Session,
  named: readonly NamedObject[],
  age: number,
): Promise<Orphans> {
  const { objects, keys, clock, config } = session.context;
  const paths = new Set(named.map(({ path }) => path));
  const lost: string[] = [];
  const young = new Set<string>();
  for await (const { path, createdAt } of objects.list('obj/')) {
    if (paths.has(path)) continue;
    if (clock.now() - createdAt >= age) lost.push(path);
    else young.add(path);
  }
  const names = new Set(named.map(({ ref, sha256: digest }) => keyName(ref, digest)));
  const hasYoungPack = [...young].some((path) => path.startsWith('obj/pack/'));
  const lostKeys: KeyRow[] = [];
  for await (const row of keys.list(config.tenantId)) {
    if (names.has(keyName(row.ref, row.objectDigest))) continue;
    // A key has no age, but it comes after its object and goes with it.
    const isYoung =
      young.has(objectPath(row.ref, row.objectDigest)) ||
      (row.ref.kind === 'segment' && hasYoungPack);
    if (!isYoung) lostKeys.push(row);
  }
  return { objects: lost, keys: lostKeys };
}

function withoutIndex({ objects, keys }: Orphans): Orphans {
  return {
    objects: objects.filter((path) => !/^obj\/(?:segment|pack|snap)\//.test(path)),
    keys: keys.filter(({ ref }) => ref.kind !== 'segment' && ref.kind !== 'snap'),
  };
}

async function removeOrphans(session: Session, orphans: Orphans): Promise<void> {
  const { objects, keys } = session.context;
  await keys.purgeRows(orphans.keys);
  for (const path of orphans.objects) await objects.delete(path);
}
