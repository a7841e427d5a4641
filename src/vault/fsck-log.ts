// SPDX-License-Identifier: Apache-2.0
// The log by itself: do its entries give the signed root, and its hash tiles the entries?
import { concat, equalBytes, isStrongroomError } from '../core/index.ts';
import {
  EMPTY_VIEW,
  type Hash,
  leafHash,
  replay,
  type Replayed,
  TILE_WIDTH,
  tilePath,
} from '../provenance/index.ts';
import { logPrefix } from '../store/index.ts';
import type { Problem } from './fsck.ts';
import type { Session } from './session.ts';

/** Replays the log from its first entry, without caches; null, with the problem noted, when that is not possible. */
export async function replayAll(session: Session, problems: Problem[]): Promise<Replayed | null> {
  const { context, ledger } = session;
  ledger.reader.forget();
  try {
    const idKey = context.ring.lookupKey('id');
    return await replay(idKey, EMPTY_VIEW, ledger.reader, ledger.head);
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    problems.push({ code: error.code, what: error.message, where: 'log entries' });
    return null;
  }
}

/** Compares every stored hash tile with what the entries give: proofs are made of tiles. */
export async function checkTiles({ context, ledger }: Session): Promise<Problem[]> {
  const { reader, head } = ledger;
  const prefix = logPrefix(context.config.tenantId);
  const problems: Problem[] = [];
  const check = async (level: number, index: number, hashes: readonly Hash[]): Promise<void> => {
    const path = prefix + tilePath({ level, index, width: hashes.length });
    const stored = await context.objects.get(path);
    if (stored !== null && equalBytes(stored.bytes, concat(...hashes))) return;
    const what = stored === null ? 'a hash tile is missing' : 'a hash tile is not the signed one';
    problems.push({ code: 'LOG_TAMPERED', what, where: path });
  };
  let { edge } = EMPTY_VIEW;
  let leaves: Hash[] = [];
  for await (const [index, entry] of reader.entries(0, head.size)) {
    leaves.push(leafHash(entry));
    if (leaves.length < TILE_WIDTH && index < head.size - 1) continue;
    const appended = edge.append(leaves);
    for (const { level, index: at, hashes } of appended.full) await check(level, at, hashes);
    edge = appended.edge;
    leaves = [];
  }
  for (const [level, hashes] of edge.levels.entries()) {
    const index = Math.floor(head.size / TILE_WIDTH ** (level + 1));
    if (hashes.length > 0) await check(level, index, hashes);
  }
  return problems;
}
