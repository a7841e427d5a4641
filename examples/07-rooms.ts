// The rooms behind the library, used directly: an auditor without any key follows the signed log, entry by entry, from the
// files and the trust file alone; and the decision about a person is a pure function that can be asked without a vault.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, openVault, parseAccessFile, parseTrust } from 'strongroom';
import { AccessResolver, Directory, explainDecision, hourOf } from 'strongroom/access';
import { logOrigin } from 'strongroom/core';
import {
  checkStatement,
  LogReader,
  openCheckpoint,
  parseEnvelope,
  parseStatement,
} from 'strongroom/provenance';
import { FileStore, logPrefix } from 'strongroom/store';

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
await mkdir(path.join(folder, 'docs'));
await writeFile(path.join(folder, 'docs/plan.md'), '# Plan\n\nThe move is in June.\n');
const access = parseAccessFile(`
v: 1
default: refuse
owner: ada
people: { ada: { clearance: 2, actions: all }, ben: {} }
rules: [{ path: "**", allow: [everyone], classification: 1 }]
`);
await createVault({ ...place, access });
const vault = await openVault(place);
await vault.ingest([path.join(folder, 'docs')], { access });
const trust = parseTrust(Buffer.from(vault.exportTrust()));
vault.close();

// strongroom/provenance and strongroom/store: the log, proven into its signed head.
const { vaultId, tenantId } = trust.file;
const store = new FileStore(path.join(place.vault, 'store'));
const reader = new LogReader(store, logPrefix(tenantId));
const published = await reader.checkpointBytes();
if (published === null) throw new Error('no checkpoint was published');
const head = openCheckpoint(published, logOrigin(vaultId, tenantId), trust.logKey);
if (trust.head !== null) await reader.checkContinues(trust.head, head);
const kinds: string[] = [];
for (let index = 0; index < head.size; index++) {
  const envelope = parseEnvelope(await reader.provenEntry(index, head));
  const statement = envelope && parseStatement(envelope.payload);
  kinds.push((statement && checkStatement(statement)?.kind) ?? 'unreadable');
}
console.log(`${head.size} entries proven: ${kinds.slice(0, 2).join(', ')} ... ${kinds.at(-1)}`);
console.log(`of them ingest: ${kinds.filter((kind) => kind === 'ingest').length}`);

// strongroom/access: who may read, by rules, people and hour alone.
const directory = Directory.parse(1, access.directory);
const resolved = new AccessResolver(access).resolve('plan.md', {
  sidecar: null,
  frontMatter: null,
});
for (const id of ['ada', 'ben']) {
  const request = {
    caller: directory.principal(id),
    action: 'read',
    hour: hourOf(Date.now()),
    environment: {},
  } as const;
  const { allowed, reasons } = explainDecision(request, resolved!.record);
  console.log(`${id}: ${allowed}, ${reasons.map(({ because }) => because).join(', ')}`);
}
await rm(folder, { recursive: true });
