// SPDX-License-Identifier: Apache-2.0
// A copy of the log in the public layout (C2SP tlog-tiles), for verifiers that know nothing of Strongroom.
import { createPublicKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fail } from '../core/index.ts';
import {
  checkStatement,
  levelCount,
  parseEnvelope,
  parseStatement,
  TILE_WIDTH,
  tileAt,
  tilePath,
  type TileRef,
} from '../provenance/index.ts';
import { logPrefix } from '../store/index.ts';
import type { Session } from './session.ts';

/** What was exported. */
export interface ExportReport {
  readonly directory: string;
  readonly size: number;
  readonly files: number;
}

/**
 * Writes checkpoint, tiles and entry bundles of the present head into a directory, and `keys.json` with the public keys
 * that this machine trusts (the verifier should have them from elsewhere).
 * @throws {LOG_TRUNCATED} when a tile is missing
 */
export async function exportLog(session: Session, directory: string): Promise<ExportReport> {
  const { ledger, context } = session;
  const { head, trust } = ledger;
  const prefix = logPrefix(context.config.tenantId);
  const write = async (name: string, bytes: Uint8Array | string): Promise<void> => {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  const tiles = allTiles(head.size).map(tilePath);
  for (const tile of tiles) {
    const stored = await context.objects.get(prefix + tile);
    if (stored === null) throw fail('LOG_TRUNCATED', 'a tile of the log is missing');
    await write(tile, stored.bytes);
  }
  await write('checkpoint', head.note);
  const ingest = context.ring.signers('ingest')[0];
  const keys = {
    origin: head.origin,
    log: trust.file.logVkey,
    witnesses: trust.file.witnesses.vkeys,
    quorum: trust.file.witnesses.k,
    ...(ingest && { ingestPem: pem(ingest.spki), keyid: ingest.keyid }),
  };
  await write('keys.json', `${JSON.stringify(keys, null, 2)}\n`);
  return { directory, size: head.size, files: tiles.length + 2 };
}

/** One entry of the log in words. */
export interface EntryLine {
  readonly index: number;
  readonly kind: string;
  readonly signer: string;
  /** Unix seconds, or null for an entry without a readable statement. */
  readonly time: number | null;
  readonly bytes: number;
  readonly subject: string;
}

/** Entries [from, to) in words. */
export async function* describeEntries(
  session: Session,
  from: number,
  to: number,
): AsyncGenerator<EntryLine> {
  const { reader, head } = session.ledger;
  for (let index = from; index < Math.min(to, head.size); index++) {
    const entry = await reader.provenEntry(index, head);
    const envelope = parseEnvelope(entry);
    const raw = envelope === null ? null : parseStatement(envelope.payload);
    const statement = raw === null ? null : checkStatement(raw);
    yield {
      index,
      kind: statement?.kind ?? 'unreadable',
      signer: envelope?.keyid ?? '',
      time: statement?.predicate.time ?? null,
      bytes: entry.length,
      subject: raw?.subject.name ?? '',
    };
  }
}

function allTiles(size: number): TileRef[] {
  const refs: TileRef[] = [];
  for (let level = 0; levelCount(level, size) > 0; level++) {
    const tiles = Math.ceil(levelCount(level, size) / TILE_WIDTH);
    for (let index = 0; index < tiles; index++) {
      const tile = tileAt(level, index, size);
      if (tile === null) continue;
      refs.push(tile);
      if (level === 0) refs.push({ ...tile, level: 'entries' });
    }
  }
  return refs;
}

function pem(spki: Uint8Array): string {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return String(key.export({ format: 'pem', type: 'spki' }));
}
