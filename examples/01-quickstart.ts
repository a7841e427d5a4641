// Seals a folder, asks as a person and gets a cited context in which every passage is proven.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, openVault, parseAccessFile } from 'strongroom';

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
await mkdir(path.join(folder, 'handbook'));
await writeFile(
  path.join(folder, 'handbook', 'leave.md'),
  '# Leave\n\nEverybody has 30 days of leave. Ask your lead two weeks before.\n',
);
await writeFile(
  path.join(folder, 'handbook', 'travel.md'),
  '# Travel\n\nTrains are booked by the office. Flights need the consent of your lead.\n',
);

// The one who founds the vault owns what no rule names.
const access = parseAccessFile(`
v: 1
default: owner
owner: ada
people: { ada: { clearance: 9, actions: all } }
`);
await createVault({ ...place, access });

const vault = await openVault(place);
const report = await vault.ingest([path.join(folder, 'handbook')], { access });
console.log(`${report.added} documents, ${report.chunks} chunks, log of ${report.logSize} entries`);

const caller = { id: 'ada', identity: 'impersonated' } as const;
const { passages } = await vault.search({ caller, query: 'how many days of leave do I have?' });
console.log(`best passage: ${passages[0]?.source.uri}, version ${passages[0]?.version}`);

const context = await vault.context({ caller, query: 'how do I book a train?', budget: 200 });
console.log(context.text);
for (const { n, source, range } of context.citations) {
  console.log(`[${n}] ${source.uri}, bytes ${range.start} to ${range.end}`);
}

vault.close();
await rm(folder, { recursive: true });
