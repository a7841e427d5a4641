// Groups, denials, clearance: two people ask the same question and get what each may read. A change takes effect at once.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, isStrongroomError, openVault, parseAccessFile } from 'strongroom';

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
for (const room of ['news', 'people'])
  await mkdir(path.join(folder, 'docs', room), { recursive: true });
await writeFile(
  path.join(folder, 'docs/news/party.md'),
  '# Summer party\n\nSalaries are no topic.\n',
);
await writeFile(path.join(folder, 'docs/people/pay.md'), '# Pay\n\nSalaries rise by 4 % in May.\n');

const rules = (hr: string): string => `
v: 1
default: refuse
owner: ada
people: { ada: { clearance: 3, actions: all }, ben: { clearance: 2 }, dan: {} }
groups: { hr: [${hr}] }
rules:
  - { path: "news/**", allow: [everyone] }
  - { path: "people/**", allow: [hr], deny: [dan], classification: 2 }
`;
const access = parseAccessFile(rules('ada, ben'));
await createVault({ ...place, access });
const vault = await openVault(place);
await vault.ingest([path.join(folder, 'docs')], { access });

async function ask(id: string): Promise<void> {
  const caller = { id, identity: 'impersonated' } as const;
  const { passages } = await vault.search({ caller, query: 'salaries' });
  console.log(`${id} finds ${passages.map(({ source }) => source.uri).join(', ') || 'nothing'}`);
}

await ask('ben');
await ask('dan');

// Why? In facts, for those who administer the vault.
const why = await vault.explain('people/pay.md', 'dan');
console.log(`dan may read people/pay.md: ${why.allowed}`);
for (const { effect, because, subject } of why.reasons) {
  console.log(`  ${effect}: ${because}${subject === null ? '' : ` ${subject}`}`);
}

// A right that one does not have is refused by an error with a code.
try {
  const caller = { id: 'eve', identity: 'impersonated' } as const;
  await vault.context({ caller, query: 'salaries', receipt: true });
} catch (error) {
  if (!isStrongroomError(error)) throw error;
  console.log(`eve asks for a receipt: ${error.code}`);
}

// Ben leaves the group: one signed entry; nothing is embedded again, and his next question is answered without it.
const { people } = await vault.setAccess(parseAccessFile(rules('ada')));
console.log(`new directory signed: ${people}`);
await ask('ben');

vault.close();
await rm(folder, { recursive: true });
