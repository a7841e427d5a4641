// A context with a receipt, verified by an outsider who has the trust file and nothing else: no vault, no keys, no network.
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  createVault,
  encodeReceipt,
  isStrongroomError,
  openVault,
  parseAccessFile,
  parseReceipt,
  parseTrust,
  verifyReceipt,
} from 'strongroom';

const folder = await mkdtemp(path.join(os.tmpdir(), 'strongroom-example-'));
const place = { vault: path.join(folder, 'vault'), home: path.join(folder, 'home') };
await mkdir(path.join(folder, 'docs'));
await writeFile(path.join(folder, 'docs/terms.md'), '# Terms\n\nInvoices are due after 30 days.\n');
const access = parseAccessFile(
  'v: 1\ndefault: owner\nowner: ada\npeople: { ada: { actions: all } }\n',
);
await createVault({ ...place, access });
const vault = await openVault(place);
await vault.ingest([path.join(folder, 'docs')], { access });

const { receipt } = await vault.context({
  caller: { id: 'ada', identity: 'impersonated' },
  query: 'when are invoices due?',
  receipt: true,
});
await writeFile(path.join(folder, 'receipt.json'), encodeReceipt(receipt!));
await writeFile(path.join(folder, 'trust.json'), vault.exportTrust());
vault.close();
await rm(place.vault, { recursive: true });
await rm(place.home, { recursive: true });

// From here on: the outsider. Trust comes from its owner, never from the receipt.
const trust = parseTrust(await readFile(path.join(folder, 'trust.json')));
const bytes = await readFile(path.join(folder, 'receipt.json'));
const verdict = verifyReceipt(parseReceipt(bytes), trust);
console.log(`proved: ${verdict.proved}, attested: ${verdict.attested}`);
console.log(`head: ${verdict.head.size} entries, ${verdict.headCompared} as the trusted one`);
for (const { text, version, chunk, chunks } of verdict.passages) {
  console.log(`version ${version}, chunk ${chunk + 1} of ${chunks}: ${text.split('\n').at(-1)}`);
}

// One changed figure, and the receipt proves nothing.
const forged = Buffer.from(bytes.toString().replace('30 days', '90 days'));
try {
  verifyReceipt(parseReceipt(forged), trust);
} catch (error) {
  if (!isStrongroomError(error)) throw error;
  console.log(`forged: ${error.code}`);
}
await rm(folder, { recursive: true });
