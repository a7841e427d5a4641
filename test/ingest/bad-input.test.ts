// SPDX-License-Identifier: Apache-2.0
// One folder with everything that files can be wrong in: each is reported with its reason, and the run goes on.
import { truncate } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/core/index.ts';
import type { IngestReport } from '../../src/ingest/index.ts';
import { docxOf, drawn, paragraph, pdfOf, zipOf } from '../support/archives.ts';
import { sharedTemporaryFolder } from '../support/temporary-folder.ts';
import { VaultWorld } from '../support/vault-world.ts';

const ACCESS = { v: 1, default: 'owner', owner: 'ada', people: { ada: { actions: 'all' } } };
const BOMB = new Uint8Array(280 * 2 ** 20);
const PAGE = pdfOf([drawn([{ y: 700, size: 10, text: 'The walrus in a PDF.' }])]);

/** A message that holds a message that holds a message, and so on: no cycle in MIME is deeper than its file. */
function nestedMail(depth: number): string {
  let text = 'From: a@example.org\nSubject: walrus\n\nThe innermost walrus.\n';
  for (let at = 0; at < depth; at++) {
    const head = `From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b${at}\n\n`;
    text = `${head}--b${at}\nContent-Type: message/rfc822\n\n${text}\n--b${at}--\n`;
  }
  return text;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const replaced = (from: string, to: string): Uint8Array =>
  new Uint8Array(Buffer.from(latin1(PAGE).replace(from, to), 'latin1'));

/** Files by what becomes of them: the code of a failure, `skipped`, or a word that is found in them. */
const FILES: Readonly<Record<string, readonly [string | Uint8Array, string]>> = {
  'good.md': ['# Good\n\nThe walrus is well.\n', 'walrus'],
  'latin1.txt': [new Uint8Array([0x57, 0xe4, 0x6c, 0x72, 0xf6, 0x73]), 'SOURCE_BINARY'],
  'mixed.txt': [
    concat(utf8('Grüße, '), new Uint8Array([0xe4, 0xf6, 0xfc]), utf8(' walrus')),
    'SOURCE_BINARY',
  ],
  'nul.txt': [utf8('The wal\0rus.'), 'SOURCE_BINARY'],
  'huge.txt': ['', 'SOURCE_TOO_LARGE'],
  'bomb.docx': [docxOf(paragraph('walrus'), { 'word/media/a.png': BOMB }), 'SOURCE_TOO_LARGE'],
  'bomb.epub': [zipOf({ 'a.css': BOMB }), 'SOURCE_TOO_LARGE'],
  'script.pdf': [
    replaced(
      '/Type /Catalog',
      '/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>',
    ),
    'walrus',
  ],
  'font.pdf': [replaced('/F1 3 0 R', '/F9 3 0 R'), 'walrus'],
  'deep.html': [`${'<div>'.repeat(100_000)}The walrus is deep.`, 'walrus'],
  'quotes.csv': ['name,sound\n"wal"rus,"honk\nother,x', 'SOURCE_MALFORMED'],
  'cycle.eml': [nestedMail(300), 'a@example.org'],
  'picture.png': [new Uint8Array([0x89, 0x50, 0x4e, 0x47]), 'skipped'],
  'empty.md': ['', 'skipped'],
};

const found = Object.entries(FILES).filter(([, [, end]]) => end === end.toLowerCase());
const refused = Object.entries(FILES).filter(([, [, end]]) => end !== end.toLowerCase());

describe('a folder of bad files', () => {
  let world: VaultWorld;
  let report: IngestReport;
  let grown = 0;

  beforeAll(async () => {
    world = await VaultWorld.founded({ access: ACCESS }, sharedTemporaryFolder());
    for (const [name, [content]] of Object.entries(FILES)) await world.write(name, content);
    await truncate(path.join(world.documents, 'huge.txt'), 200 * 2 ** 20);
    const before = process.memoryUsage.rss();
    report = await world.ingest();
    grown = process.memoryUsage.rss() - before;
  }, 120_000);

  it.each(refused.map(([name, [, code]]) => [name, code]))('has %s refused: %s', (name, code) => {
    const failure = report.failures.find(({ uri }) => uri === name);
    expect(failure?.code).toBe(code);
    expect(failure?.remedy).not.toBe('');
  });

  it.each(found.filter(([, [, end]]) => end !== 'skipped').map(([name, [, word]]) => [name, word]))(
    'has %s ingested, and found by %s',
    async (name, word) => {
      expect(report.failures.map(({ uri }) => uri)).not.toContain(name);
      expect(await world.finds('ada', word, 50)).toContain(name);
    },
  );

  it('has files without text or without a loader passed over, and all others accounted for', () => {
    expect(report.skipped).toMatchObject({ unsupported: 1, empty: 1 });
    expect(report.failures).toHaveLength(refused.length);
    expect(report.added).toBe(found.length - 2);
  });

  it('does not fill the memory', () => {
    expect(grown).toBeLessThan(2 ** 30);
  });
});
