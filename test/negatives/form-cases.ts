// SPDX-License-Identifier: Apache-2.0
// Bytes that are no receipt: refused before anything in them is looked at.
import { fromUtf8, jcsBytes, utf8 } from '../../src/core/index.ts';
import type { NegativeLog } from './cases.ts';

const FORM = 'the file is not a receipt in canonical form';
const HASH = 'ab'.repeat(32);

/** Adds every case of a wrong form. */
export function formCases(log: NegativeLog): void {
  const text = fromUtf8(jcsBytes(log.receipt));
  const bytes = (name: string, changed: string): void => {
    if (changed === text) throw new Error(`the case ${name} changes nothing`);
    log.bytes(`form-${name}`, utf8(changed), null, FORM);
  };
  bytes('cut-short', text.slice(0, -1));
  bytes('bytes-left-over', `${text}\n`);
  bytes('byte-order-mark', `\ufeff${text}`);
  bytes('white-space', text.replace('"attest":', '"attest": '));
  bytes('field-twice', text.replace('{"attest":', '{"attest":null,"attest":'));
  bytes('fields-out-of-order', JSON.stringify(log.receipt));
  bytes('escaped-letter', text.replace('"origin"', '"\\u006frigin"'));
  bytes('number-with-fraction', text.replace(/"index":(\d+)/, '"index":$1.0'));
  bytes('number-with-exponent', text.replace(/"index":(\d+)/, '"index":$1e0'));
  bytes('negative-zero', text.replace(/"start":0/, '"start":-0'));
  bytes('number-beyond-2-53', text.replace(/"start":0/, '"start":9007199254740993'));
  bytes('lone-surrogate', text.replace('"query":"', '"query":"\\ud800'));
  const edit = (name: string, change: Parameters<NegativeLog['edit']>[3]): void =>
    log.edit(`form-${name}`, null, FORM, change);
  edit('another-version', (copy) => Object.assign(copy, { v: 'sr/receipt/v2' }));
  edit('unknown-field', (copy) => Object.assign(copy, { note: 'trust me' }));
  edit('field-missing', (copy) => Reflect.deleteProperty(copy, 'consistency'));
  edit('index-as-text', (copy) => Object.assign(copy.state, { index: String(copy.state.index) }));
  edit('index-below-zero', (copy) => (copy.state.index = -1));
  edit(
    'hash-in-capitals',
    (copy) => (copy.state.proof[0] = copy.state.proof[0]?.toUpperCase() ?? ''),
  );
  edit('hash-too-short', (copy) => (copy.state.proof[0] = copy.state.proof[0]?.slice(2) ?? ''));
  edit('base64-without-padding', (copy) => {
    const at = copy.passages.find(({ statement }) => statement.endsWith('='));
    const padded = at ?? { statement: 'eyI9' };
    padded.statement = padded.statement.replace(/=+$/, '');
    if (at === undefined) copy.state.entry = copy.state.entry.slice(0, -1);
  });
  edit('base64-for-urls', (copy) => (copy.state.entry = `${copy.state.entry.slice(0, -4)}-_-_`));
  edit('proof-of-64-hashes', (copy) => (copy.state.proof = new Array<string>(64).fill(HASH)));
  edit('state-proof-of-257-steps', ({ passages: [passage] }) => {
    if (passage !== undefined)
      passage.stateProof.path = Array.from({ length: 257 }, (_, i) => [Math.min(i, 255), HASH]);
  });
  edit('state-proof-beyond-bit-255', ({ passages: [passage] }) => {
    passage?.stateProof.path.push([256, HASH]);
  });
  let deep: unknown = 1;
  for (let i = 0; i < 17; i++) deep = [deep];
  const nested = JSON.stringify(deep);
  bytes('nested-too-deeply', text.replace('"meta":{', `"meta":{"":${nested},`));
}
