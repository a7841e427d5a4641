// SPDX-License-Identifier: Apache-2.0
// Statements and sealed documents that must be refused, as folders: by the ledger and our reader, by verify-object in Go and
// by verify_object.py, each for its reason.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { base64, hex, isStrongroomError } from '../../src/core/index.ts';
import { parseEnvelope } from '../../src/provenance/dsse.ts';
import { checkStatement, parseStatement } from '../../src/provenance/statement.ts';
import {
  type IngestStatement,
  MemoryStore,
  objectPath,
  OpenDocument,
} from '../../src/store/index.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { goTools, pythonTools, reasonOf } from '../support/foreign-tools.ts';
import { Replica } from '../support/replica.ts';
import { sharedTemporaryFolder } from '../support/temporary-folder.ts';
import { makeObjects } from './object-cases.ts';
import { NegativeSuite } from './suite.ts';

const made = await makeObjects();
const { author, ref, dek } = made;
const replica = await Replica.founded(author);
const go = goTools();
const python = pythonTools();
const given = sharedTemporaryFolder();
const [keys, secrets] = [path.join(given, 'keys.json'), path.join(given, 'secrets.json')];
writeFileSync(keys, JSON.stringify({ spki: base64(author.signer('ingest').spki) }));
writeFileSync(secrets, JSON.stringify({ dek: hex(dek) }));

/** What the ledger says of the entry, then the reader of the object. @returns a reason, a code, or `OK` */
async function ours(folder: string): Promise<string> {
  const entry = readFileSync(path.join(folder, 'entry'));
  const judged = replica.judge(entry);
  if (judged.outcome !== 'applied') return judged.reason;
  const file = path.join(folder, 'object');
  if (!existsSync(file)) return 'OK';
  const raw = parseStatement(parseEnvelope(entry)!.payload)!;
  const statement = checkStatement(raw) as IngestStatement;
  const store = new MemoryStore(new FixedClock());
  await store.putIfAbsent(
    objectPath(ref, statement.subject.digest['sha256'] ?? ''),
    readFileSync(file),
  );
  try {
    const document = await OpenDocument.open(store, ref, dek, statement);
    await document.texts();
    await document.vectors();
    return 'OK';
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    return error.code;
  }
}

type Run = (program: string, args: readonly string[]) => { readonly stdout: string };

/** The last line that a foreign program says of a folder. */
function answer(run: Run, program: string, dash: string, folder: string): string {
  const object = path.join(folder, 'object');
  const named = existsSync(object) ? [`${dash}object`, object, `${dash}secrets`, secrets] : [];
  const entry = [`${dash}keys`, keys, `${dash}envelope`, path.join(folder, 'entry')];
  const { stdout } = run(program, [...entry, `${dash}kind`, 'ingest', ...named]);
  return stdout.trim().split('\n').at(-1) ?? '';
}

const suite = new NegativeSuite(path.join(import.meta.dirname, 'objects'), made.cases, {
  ours,
  go: go.run === null ? null : (folder) => answer(go.run, 'verify-object', '-', folder),
  python:
    python.run === null ? null : (folder) => answer(python.run, 'verify_object.py', '--', folder),
});
await suite.regenerate(made.golden);

describe(`the negative statements and sealed documents${reasonOf(go)}${reasonOf(python)}`, () => {
  it('are the ones that are made from a right statement and its object, which everybody accepts', async () => {
    suite.expectFrozen(made.golden);
    expect(suite.names.length).toBeGreaterThanOrEqual(25);
    const golden = suite.at('golden');
    expect(await ours(golden)).toBe('OK');
    const told = /OK object of \d+ bytes: 4 chunks, 16445 bytes of text$/;
    if (go.run !== null) expect(answer(go.run, 'verify-object', '-', golden)).toMatch(told);
    if (python.run !== null)
      expect(answer(python.run, 'verify_object.py', '--', golden)).toMatch(told);
  });

  it.each(suite.names)('%s is refused by everybody', (name) => suite.expectRefused(name));
});
