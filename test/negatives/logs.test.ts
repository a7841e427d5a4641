// SPDX-License-Identifier: Apache-2.0
// Logs that must be refused, as folders: by our reader, by verify-log and tessera's fsck in Go and by verify_log.py.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isStrongroomError, utf8 } from '../../src/core/index.ts';
import { openCheckpoint } from '../../src/provenance/checkpoint.ts';
import { Ledger } from '../../src/provenance/ledger.ts';
import { LogReader } from '../../src/provenance/log-reader.ts';
import { parseVkey } from '../../src/provenance/note.ts';
import { FileStore } from '../../src/store/file-store.ts';
import { checkTiles } from '../../src/vault/fsck-log.ts';
import type { Session } from '../../src/vault/index.ts';
import {
  goTools,
  pythonTools,
  reasonOf,
  tesseraTools,
  type Toolset,
} from '../support/foreign-tools.ts';
import { LogWorld, MemoryCache, MemoryTrust } from '../support/log-world.ts';
import { sharedTemporaryFolder } from '../support/temporary-folder.ts';
import { makeLogs } from './log-cases.ts';
import { NegativeSuite } from './suite.ts';

const made = await makeLogs();
const { author } = made;
const go = goTools();
const python = pythonTools();
const tessera = tesseraTools();

type Run = NonNullable<Toolset['run']>;

const given = sharedTemporaryFolder();
const [keys, old, logKey] = ['keys.json', 'seen', 'log.pub'].map((name) =>
  path.join(given, name),
) as [string, string, string];
writeFileSync(keys, JSON.stringify({ origin: author.log, log: author.logVkey, quorum: 0 }));
writeFileSync(old, made.seen);
writeFileSync(logKey, author.logVkey);

/** Opens a log as a reader who has seen the first head, then compares every tile. @returns a code, or `OK` */
async function ours(folder: string): Promise<string> {
  const head = openCheckpoint(utf8(made.seen), author.log, parseVkey(author.logVkey)!);
  const world = new LogWorld(author);
  const objects = new FileStore(path.dirname(folder));
  const prefix = `${path.basename(folder)}/`;
  const party = {
    reader: new LogReader(objects, prefix),
    trust: new MemoryTrust(world.trustFile(head)),
    cache: new MemoryCache(),
  };
  try {
    const ledger = await Ledger.open(world.ledgerOptions(party));
    // The one thing that a reader of entries does not look at: tiles that none of its proofs needs.
    const renamed = { get: (file: string) => objects.get(prefix + file.slice('log/acme/'.length)) };
    const context = { objects: renamed, config: { tenantId: 'acme' } };
    const [problem] = await checkTiles({ ledger, context } as unknown as Session);
    return problem?.code ?? 'OK';
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return error.code;
  }
}

const firstLine = (text: string, folder: string): string =>
  (text.trim().split('\n')[0] ?? '').replaceAll(folder, 'LOG');
/** What tessera's fsck says; it ends with status 0 whatever it found, and reads what is absent again and again. */
function tesseraSays(run: Run, folder: string): string {
  const args = ['-storage_url', `file://${folder}/`, '-public_key', logKey, '-ui=false'];
  const { stderr } = run('fsck', args, folder.includes('-absent_') ? 3000 : 60_000);
  // It has seen no older head, so it cannot know a history that was given up or rewritten.
  if (stderr.includes("Successfully fsck'd")) return 'sound by itself';
  const [, failure = 'no verdict'] = /fsck failed: (.*)/.exec(stderr) ?? [];
  return failure.replaceAll(/[0-9a-f]{16,}/g, '...').replaceAll(folder, 'LOG');
}

const suite = new NegativeSuite(path.join(import.meta.dirname, 'logs'), made.cases, {
  ours,
  go:
    go.run === null
      ? null
      : (folder) => {
          const answer = go.run('verify-log', ['-keys', keys, '-log', folder, '-seen', old]);
          return firstLine(answer.stdout, folder);
        },
  tessera: tessera.run === null ? null : (folder) => tesseraSays(tessera.run, folder),
  python:
    python.run === null
      ? null
      : (folder) =>
          firstLine(
            python.run('verify_log.py', [folder, '--keys', keys, '--old', old]).stdout,
            folder,
          ),
});
await suite.regenerate(made.golden);

describe(`the negative logs${reasonOf(go)}${reasonOf(python)}`, () => {
  it('are the ones that are made from the sound log, which everybody accepts', async () => {
    suite.expectFrozen(made.golden);
    expect(suite.names.length).toBeGreaterThanOrEqual(20);
    const golden = suite.at('golden');
    expect(await ours(golden)).toBe('OK');
    if (go.run !== null) {
      const answer = go.run('verify-log', ['-keys', keys, '-log', golden, '-seen', old]).stdout;
      expect(answer).toContain('GO OK');
    }
    if (tessera.run !== null) expect(tesseraSays(tessera.run, golden)).toBe('sound by itself');
    if (python.run !== null) {
      const answer = python.run('verify_log.py', [golden, '--keys', keys, '--old', old]).stdout;
      expect(answer).toContain('PY OK log of');
    }
  });

  it.each(suite.names)('%s is refused by everybody', (name) => suite.expectRefused(name));
});
