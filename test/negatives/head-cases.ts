// SPDX-License-Identifier: Apache-2.0
// Heads that the log key has not signed, or that contradict what the verifier has seen; states that are not the last.
import { base64, logOrigin, utf8 } from '../../src/core/index.ts';
import type { TreeHead } from '../../src/provenance/merkle.ts';
import { signatureLine } from '../../src/provenance/note.ts';
import { FIRST_SIZE, type NegativeLog } from './cases.ts';

const HASH = 'ab'.repeat(32);
const WHOLE = 'the receipt does not hold: ';
const UNSIGNED = `${WHOLE}the checkpoint is not signed by the trusted log key`;
const WRONG = `${WHOLE}the checkpoint signature of the log key is wrong`;

/** Adds every case of a wrong head or state. */
export async function headCases(log: NegativeLog): Promise<void> {
  const { author, receipt, receipts } = log;
  const [text = '', lines = ''] = receipt.head.split('\n\n');
  const head = (name: string, check: string | null, reason: string, changed: string): void =>
    log.edit(`head-${name}`, check, reason, (copy) => (copy.head = changed));
  /** A note that the real log key signs, whatever it says. */
  const signed = async (said: string, by = 'log'): Promise<string> =>
    `${said}\n${signatureLine(receipts.trust().logKey, await author.signer(by).sign(utf8(said)))}`;
  const other = logOrigin('ab'.repeat(16), 'acme');
  const { size } = receipts.head();

  log.edit('head-of-another-log', 'INV-RECEIPT-ORIGIN', 'the receipt is of another log', (copy) => {
    copy.origin = other;
  });
  head('no-signature', null, `${WHOLE}a signature line of a note is malformed`, `${text}\n\n\n`);
  head(
    'signed-by-nobody-known',
    'INV-CHECKPOINT-SIGNATURE',
    UNSIGNED,
    `${text}\n\n\u2014 witness.example ${base64(new Uint8Array(76))}\n`,
  );
  head('signed-by-another-key', null, WRONG, await signed(`${text}\n`, 'ingest'));
  head('size-altered', null, WRONG, receipt.head.replace(`\n${size}\n`, `\n${size + 1}\n`));
  head(
    'root-altered',
    null,
    WRONG,
    receipt.head.replace(/\n[^\n]{44}\n\n/, `\n${base64(new Uint8Array(32))}\n\n`),
  );
  const right = 'the checkpoint belongs to another log';
  head(
    'origin-of-another-log',
    'INV-CHECKPOINT-ORIGIN',
    `${WHOLE}${right}`,
    await signed(`${text}\n`.replace(author.log, other)),
  );
  const form = `${WHOLE}not a checkpoint`;
  head('with-an-extension-line', null, form, await signed(`${text}\nextension\n`));
  head(
    'root-of-31-bytes',
    null,
    form,
    await signed(`${author.log}\n${size}\n${base64(new Uint8Array(31))}\n`),
  );
  const count = `${WHOLE}the size of a checkpoint is not a number`;
  head(
    'size-with-leading-zero',
    null,
    count,
    await signed(`${text}\n`.replace(`\n${size}\n`, `\n0${size}\n`)),
  );
  head(
    '17-signature-lines',
    null,
    `${WHOLE}a signed note has too many signatures`,
    `${text}\n\n${lines.repeat(17)}`,
  );
  head(
    'control-character',
    null,
    `${WHOLE}not a signed note`,
    receipt.head.replace(author.log, `${author.log}\r`),
  );
  head(
    'longer-than-64-kib',
    null,
    `${WHOLE}a signed note exceeds 64 KiB`,
    `${'x'.repeat(65_536)}\n\n${lines}`,
  );

  const fork = async (forked: TreeHead): Promise<string> => receipts.checkpoint(forked);
  const split = await fork({ size: FIRST_SIZE, root: new Uint8Array(32).fill(7) });
  head('split-view', 'INV-RECEIPT-HEAD', 'the head is not the one that you trust', split);
  const consistency = (name: string, change: (proof: string[]) => string[]): void =>
    log.edit(
      `head-${name}`,
      'INV-RECEIPT-CONSISTENCY',
      'the head does not continue the one that you trust',
      (copy) => {
        if (copy.consistency !== null) copy.consistency.proof = change(copy.consistency.proof);
      },
    );
  consistency('consistency-hash-altered', (proof) => [HASH, ...proof.slice(1)]);
  consistency('consistency-hash-missing', (proof) => proof.slice(1));
  consistency('consistency-hash-left-over', (proof) => [...proof, HASH]);
  consistency('consistency-empty', () => []);
  await stateCases(log);
}

async function stateCases(log: NegativeLog): Promise<void> {
  const { author, receipts } = log;
  const last = 'the state entry is not the last of the log';
  log.edit('state-of-before', 'INV-RECEIPT-STATE', last, (copy) => {
    copy.state = receipts.logged(FIRST_SIZE - 1);
  });
  log.edit('state-hash-altered', 'INV-RECEIPT-INCLUSION', 'an entry is not in the log', (copy) => {
    copy.state.proof[0] = HASH;
  });
  log.edit(
    'state-at-another-index',
    'INV-RECEIPT-INCLUSION',
    'an entry is not in the log',
    (copy) => {
      copy.state.index -= 1;
    },
  );
  const kind = 'the receipt holds something else than a state statement';
  log.edit('state-of-another-kind', null, kind, (copy) => {
    copy.state = receipts.logged(0);
  });
  const again = await log.world();
  again.replica.entries.push(again.replica.entries[FIRST_SIZE - 1] ?? new Uint8Array(0));
  log.whole('state-appended-again', await again.receipt(), 'INV-RECEIPT-STATE', last);
  const byIngest = await log.world();
  byIngest.replica.entries.push(await byIngest.replica.stateEntry(author.time, 'ingest'));
  const role = 'a signing key was not valid for what it signed';
  log.whole('state-signed-by-ingest-key', await byIngest.receipt(), 'INV-RECEIPT-KEY', role);
}
