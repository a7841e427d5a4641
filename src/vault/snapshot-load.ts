// SPDX-License-Identifier: Apache-2.0
// Loading a sealed index snapshot: every segment is proven before a row of it can be searched.
import { holds, isStrongroomError, need } from '../core/index.ts';
import {
  decodeClass,
  type DecodedClass,
  type EncodedSegment,
  type MemoryIndex,
} from '../index/index.ts';
import {
  checkStatement,
  type Ledger,
  parseEnvelope,
  parseStatement,
  type SnapValue,
  type StatementOf,
} from '../provenance/index.ts';
import type { ProvenDocuments } from '../retrieve/index.ts';
import { getRecord } from '../store/index.ts';
import type { VaultContext } from './context.ts';
import { snapshotRef } from './refs.ts';
import { openSegment } from './sealed-segment.ts';
import { decodeTable, type SegmentEntry, segmentsRoot } from './segment-table.ts';
import { rememberSegments } from './verified-segments.ts';

/** What loading needs. */
export interface LoadOptions {
  readonly context: VaultContext;
  readonly ledger: Ledger;
  readonly documents: ProvenDocuments;
}

/** What came out of a snapshot. */
export interface LoadedSnapshot {
  /** The segments that were loaded; none when there is no snapshot, or none that holds. */
  readonly table: readonly SegmentEntry[];
  /** Classes whose segments hold rows that are no longer current, and so must be sealed again. */
  readonly outdated: ReadonlySet<number>;
}

const NOTHING: LoadedSnapshot = { table: [], outdated: new Set() };

/** Loads the newest snapshot that the log names into an empty index. */
export async function loadSnapshot(
  options: LoadOptions,
  index: MemoryIndex,
): Promise<LoadedSnapshot> {
  const { context, ledger } = options;
  const snap = ledger.lookup('snap', 'index');
  if (snap === null || !holds('INV-SNAPSHOT-TRUSTED', snap.trusted)) return NOTHING;
  try {
    const { table, format } = await openTable(options, snap);
    // Made by another version of tokeniser or layout: built anew from the documents.
    return format === index.format ? await loadClasses(options, index, table) : NOTHING;
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    const message = 'the index snapshot was refused; the index is built from the documents';
    context.onAlarm({ code: 'INDEX_TAMPERED', message, details: { cause: error.code } });
    return NOTHING;
  }
}

/**
 * The segment table of the newest snapshot that the log names; empty when there is none.
 * @throws {INDEX_TAMPERED} and the errors of opening a sealed record
 */
export async function openNewestTable(
  at: Pick<LoadOptions, 'context' | 'ledger'>,
): Promise<readonly SegmentEntry[]> {
  const snap = at.ledger.lookup('snap', 'index');
  return snap === null ? [] : (await openTable(at, snap)).table;
}

async function openTable(
  { context, ledger }: Pick<LoadOptions, 'context' | 'ledger'>,
  snap: SnapValue,
): Promise<{ table: readonly SegmentEntry[]; format: string }> {
  const statement = await snapshotStatement(ledger, snap);
  const { stateRoot, size, format } = statement.predicate;
  const isOfState = stateRoot === (await stateRootAt(ledger, size));
  need('INV-SNAPSHOT-STATE', isOfState, 'INDEX_TAMPERED', 'an index snapshot names another state');
  const ref = snapshotRef(context.config.tenantId, snap.size);
  const table = decodeTable(await getRecord(context.stores, ref, 'table', snap.objectDigest));
  const isSigned = segmentsRoot(table) === snap.segmentsRoot;
  need('INV-SNAPSHOT-ROOT', isSigned, 'INDEX_TAMPERED', 'a segment table is not the signed one');
  return { table, format };
}

/** A class whose segments do not hold is left out here and completed from its documents. */
async function loadClasses(
  options: LoadOptions,
  index: MemoryIndex,
  table: readonly SegmentEntry[],
): Promise<LoadedSnapshot> {
  const { context, ledger } = options;
  const outdated = new Set<number>();
  const verified = await context.openSegmentMemory();
  const loaded: SegmentEntry[] = [];
  const compared: SegmentEntry[] = [];
  for (const [classNo, entries] of byClass(table)) {
    try {
      const segments: EncodedSegment[] = [];
      for (const entry of entries) {
        segments.push(await openSegment(context.stores, context.config.tenantId, entry));
      }
      const whole = decodeClass(segments, { classNo, dims: index.dims });
      const decoded = current(ledger, whole);
      const isPartial = decoded.documents.length < whole.documents.length;
      if (isPartial) outdated.add(classNo);
      const isKnown = entries.every((entry) => verified.has(entry.sha256));
      if (!isKnown) await verifyRows(options, decoded);
      index.load(decoded);
      loaded.push(...entries);
      // Rows that were passed over may become current again, by an endorsement: they have not been compared.
      if (isKnown || !isPartial) compared.push(...entries);
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      const message = 'the index rows of a class were refused and are read from its documents';
      context.onAlarm({ code: 'INDEX_TAMPERED', message, details: { cause: error.code } });
    }
  }
  await rememberSegments(context, compared);
  return { table: loaded, outdated };
}

/** Rows of versions that are no longer current, or of another class by now, are passed over; the ledger decides. */
function current(ledger: Ledger, decoded: DecodedClass): DecodedClass {
  const documents = decoded.documents.filter(({ docId, leafHash }) => {
    const doc = ledger.lookup('doc', docId);
    const isCurrent = doc?.status === 'live' && doc.entryLeafHash === leafHash;
    return holds('INV-SNAPSHOT-CURRENT', isCurrent);
  });
  return { ...decoded, documents };
}

/** Compares every vector with what was signed for it. @throws {INTEGRITY} */
async function verifyRows(
  { ledger, documents }: LoadOptions,
  decoded: DecodedClass,
): Promise<void> {
  for (const { docId, rows } of decoded.documents) {
    const doc = ledger.lookup('doc', docId);
    if (doc === null) continue;
    const document = await documents.open(doc);
    for (const row of rows) document.checkVector(row.i, row.vector);
  }
}

async function snapshotStatement(
  ledger: Ledger,
  snap: SnapValue,
): Promise<StatementOf<'index-snapshot'>> {
  const entry = await ledger.reader.provenEntry(snap.entry, ledger.head);
  const envelope = parseEnvelope(entry);
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement = raw === null ? null : checkStatement(raw);
  const isApplied =
    statement?.kind === 'index-snapshot' && statement.predicate.objectDigest === snap.objectDigest;
  need(
    'INV-SNAPSHOT-ENTRY',
    isApplied,
    'INDEX_TAMPERED',
    'an index snapshot has another statement',
  );
  return statement;
}

/** The root that the state entry at the end of a log of `size` signs. */
async function stateRootAt(ledger: Ledger, size: number): Promise<string | null> {
  const entry = await ledger.reader.provenEntry(size - 1, ledger.head);
  const envelope = parseEnvelope(entry);
  const raw = envelope === null ? null : parseStatement(envelope.payload);
  const statement = raw === null ? null : checkStatement(raw);
  return statement?.kind === 'state' ? statement.predicate.root : null;
}

function byClass(table: readonly SegmentEntry[]): Map<number, SegmentEntry[]> {
  const classes = new Map<number, SegmentEntry[]>();
  for (const entry of table) {
    const entries = classes.get(entry.classNo) ?? [];
    entries.push(entry);
    classes.set(entry.classNo, entries);
  }
  return classes;
}
