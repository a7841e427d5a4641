// SPDX-License-Identifier: Apache-2.0
// Ingests the documents of a test's world in a process of its own, which the test kills.
import { parseAccessFile } from '../../src/access/index.ts';
import { hashEmbedder } from '../../src/embed/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { FixedClock } from '../support/fixed-clock.ts';

const [vaultFolder = '', home = '', documents = '', access = ''] = process.argv.slice(2);
const vault = await openVault({
  vault: vaultFolder,
  home,
  embedder: hashEmbedder(),
  clock: new FixedClock(),
});
const { ledger } = vault.session;
const report = await vault.ingest([documents], {
  access: parseAccessFile(access),
  onProgress: ({ done }) => {
    // What is live now has been acknowledged; the test reads this from a pipe, line by line.
    const live = [...ledger.documents()].filter(({ status }) => status === 'live').length;
    process.stdout.write(`${done} ${live} ${ledger.head.size}\n`);
  },
});
vault.close();
process.stdout.write(`end ${report.added}\n`);
