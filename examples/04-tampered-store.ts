// Somebody who may write every stored file changes one byte: the document is refused, the rest is served, and it is said so.
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, openVault, parseAccessFile } from 'strongroom';

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
await mkdir(path.join(folder, 'docs'));
await writeFile(
  path.join(folder, 'docs/backup.md'),
  '# Backup\n\nBackups run every night at two.\n',
);
await writeFile(
  path.join(folder, 'docs/restore.md'),
  '# Restore\n\nRestoring backups takes an hour.\n',
);
const access = parseAccessFile(
  'v: 1\ndefault: owner\nowner: ada\npeople: { ada: { actions: all } }\n',
);
await createVault({ ...place, access });
let vault = await openVault(place);
await vault.ingest([path.join(folder, 'docs')], { access });
const { docId } = await vault.describe('backup.md');
vault.close();

const objects = path.join(place.vault, 'store/obj/doc', docId);
const [name = ''] = await readdir(objects);
const bytes = await readFile(path.join(objects, name));
bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
await writeFile(path.join(objects, name), bytes);

const alarms: string[] = [];
vault = await openVault({ ...place, onAlarm: ({ code }) => alarms.push(code) });
const caller = { id: 'ada', identity: 'impersonated' } as const;
const { passages } = await vault.search({ caller, query: 'when do backups run?' });
console.log(`served: ${passages.map(({ source }) => source.uri).join(', ')}`);
console.log(`alarm: ${[...new Set(alarms)].join(', ')}`);

// The same for everything at once.
const { documents, failures } = await vault.verifyAll();
console.log(`${documents} documents, ${failures.length} failed: ${failures[0]?.code}`);
const { problems } = await vault.fsck();
for (const { code, what } of problems) console.log(`fsck: ${code}, ${what}`);

// The source is still there: ingesting it again makes a new version.
await writeFile(
  path.join(folder, 'docs/backup.md'),
  '# Backup\n\nBackups run every night at three.\n',
);
await vault.ingest([path.join(folder, 'docs')], { access });
const healed = await vault.search({ caller, query: 'when do backups run?', k: 1 });
console.log(`again: ${healed.passages[0]?.source.uri}, version ${healed.passages[0]?.version}`);

vault.close();
await rm(folder, { recursive: true });
