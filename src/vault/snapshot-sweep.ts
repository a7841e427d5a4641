// SPDX-License-Identifier: Apache-2.0
// Removing the segments that a snapshot no longer names: what was erased must not live on in an old one.
import type { Ledger } from '../provenance/index.ts';
import { type KeyRow, objectPath } from '../store/index.ts';
import type { VaultContext } from './context.ts';
import { keyName } from './fsck-names.ts';
import { segmentRef, snapshotRef } from './refs.ts';
import type { SegmentEntry } from './segment-table.ts';

const PLACES = ['obj/segment/', 'obj/pack/', 'obj/snap/'];

/** Removes the segments of a former table that the present one does not name, with their keys. */
export async function removeSegments(
  context: VaultContext,
  former: readonly SegmentEntry[],
  table: readonly SegmentEntry[],
): Promise<void> {
  const { tenantId } = context.config;
  const digests = new Set(table.map((entry) => entry.sha256));
  const replaced = former.filter((entry) => !digests.has(entry.sha256));
  if (replaced.length === 0) return;
  await context.keys.purgeRows(
    replaced.map(({ classNo, segment, generation, sha256: objectDigest }) => ({
      ref: segmentRef(tenantId, classNo, segment, generation),
      objectDigest,
    })),
  );
  const live = new Set(table.map((entry) => entry.path));
  const gone = new Set(replaced.map((entry) => entry.path).filter((path) => !live.has(path)));
  for (const path of gone) await context.objects.delete(path);
}

/** Data keys of segments and tables that neither a table nor the log names. */
export async function strayKeys(
  { context, ledger }: { readonly context: VaultContext; readonly ledger: Ledger },
  table: readonly SegmentEntry[],
): Promise<KeyRow[]> {
  const { tenantId } = context.config;
  const named = new Set(
    table.map(({ classNo, segment, generation, sha256 }) =>
      keyName(segmentRef(tenantId, classNo, segment, generation), sha256),
    ),
  );
  const snap = ledger.lookup('snap', 'index');
  if (snap !== null) named.add(keyName(snapshotRef(tenantId, snap.size), snap.objectDigest));
  const stray: KeyRow[] = [];
  for await (const row of context.keys.list(tenantId)) {
    const isIndex = row.ref.kind === 'segment' || row.ref.kind === 'snap';
    if (isIndex && !named.has(keyName(row.ref, row.objectDigest))) stray.push(row);
  }
  return stray;
}

/** Removes every segment and table that neither the given table nor the log names, whatever left it behind. */
export async function sweepSegments(
  at: { readonly context: VaultContext; readonly ledger: Ledger },
  table: readonly SegmentEntry[],
): Promise<void> {
  const { context, ledger } = at;
  const stray = await strayKeys(at, table);
  if (stray.length > 0) await context.keys.purgeRows(stray);
  const live = new Set(table.map((entry) => entry.path));
  const snap = ledger.lookup('snap', 'index');
  if (snap !== null) {
    live.add(objectPath(snapshotRef(context.config.tenantId, snap.size), snap.objectDigest));
  }
  for (const place of PLACES) {
    for await (const { path } of context.objects.list(place)) {
      if (!live.has(path)) await context.objects.delete(path);
    }
  }
}
