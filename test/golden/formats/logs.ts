// SPDX-License-Identifier: Apache-2.0
import { base64, fromUtf8, hex, jcs, sha256, utf8 } from '../../../src/core/index.ts';
import { encodeStaging, stagingPath } from '../../../src/provenance/staging.ts';
import { LogAuthor } from '../../support/log-author.ts';
import { LogWorld } from '../../support/log-world.ts';
import type { GoldenFormat, GoldenValue } from '../../support/golden.ts';

/** Longest file that is frozen byte by byte; of longer ones the digest is. */
const SHORT = 2048;

/** A log of 300 entries that a sequencer wrote batch by batch. */
async function log300(): Promise<LogWorld> {
  const author = new LogAuthor('golden');
  const [world, { sequencer, ledger }] = await LogWorld.founded(author);
  while (ledger.head.size < 300) {
    const { size } = ledger.head;
    const n = Math.min(63, 300 - size - 1);
    const entries = Array.from({ length: n }, (_, i) => author.acl(`class ${size + i}`));
    await sequencer.commit(await Promise.all(entries));
  }
  return world;
}

async function logFiles(): Promise<GoldenValue> {
  const world = await log300();
  const files: Record<string, GoldenValue> = {};
  for (const path of await world.paths()) {
    const bytes = (await world.bytes(path)) ?? new Uint8Array(0);
    const digest = { bytes: bytes.length, sha256: hex(sha256(bytes)) };
    files[path] = bytes.length <= SHORT ? base64(bytes) : digest;
  }
  const checkpoint = (await world.bytes('checkpoint')) ?? new Uint8Array(0);
  return { vkey: world.author.logVkey, checkpoint: fromUtf8(checkpoint), files };
}

function staging(): GoldenValue {
  const staged = encodeStaging([utf8('one'), utf8('two')]);
  return { path: stagingPath(300, sha256(utf8('root'))), staged: hex(staged) };
}

function trust(): GoldenValue {
  const world = new LogWorld(new LogAuthor('golden'));
  return {
    fresh: jcs(world.trustFile()),
    seen: jcs(world.trustFile({ size: 300, root: sha256(utf8('root')) })),
  };
}

/** The log as files, its staging area and what a reader trusts. */
export const logFormats: readonly GoldenFormat[] = [
  { name: 'log', produce: logFiles },
  { name: 'staging', produce: staging },
  { name: 'trust', produce: trust },
];
