// Deleting keeps the history; erasing destroys the keys, so that nobody can open or guess the text again. What it does not
// reach is said as well.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, openVault, parseAccessFile } from 'strongroom';

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
await mkdir(path.join(folder, 'docs'));
for (const name of ['anna', 'bert', 'carl']) {
  await writeFile(path.join(folder, 'docs', `${name}.txt`), `Application of ${name} as a baker.\n`);
}
const access = parseAccessFile(
  'v: 1\ndefault: owner\nowner: ada\npeople: { ada: { actions: all } }\n',
);
await createVault({ ...place, access });
const vault = await openVault(place);
await vault.ingest([path.join(folder, 'docs')], { access });

async function list(): Promise<void> {
  const caller = { id: 'ada', identity: 'impersonated' } as const;
  const { passages } = await vault.search({ caller, query: 'application baker' });
  console.log(
    `found: ${passages
      .map(({ source }) => source.uri)
      .sort()
      .join(', ')}`,
  );
}

await list();
await vault.delete(['anna.txt']);
await list();

const erased = await vault.erase('bert.txt', 'request of 12 May');
await list();
console.log(`${erased.keysDestroyed} key destroyed, ${erased.objectsDeleted} object deleted`);
console.log(`effective now: ${erased.result.effectiveNow.join('; ')}`);
console.log(`against backups: ${erased.result.againstBackups}`);

for (const name of ['anna.txt', 'bert.txt']) {
  const { status, version } = await vault.describe(name);
  console.log(`${name}: ${status}, version ${version}`);
}
const { problems } = await vault.fsck();
console.log(`fsck: ${problems.length} problems`);

vault.close();
await rm(folder, { recursive: true });
