// SPDX-License-Identifier: Apache-2.0
// Each security check is one call with an id; each id stands once in the source and begins at least one test's title.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Folders whose checks must all be tested. */
const COVERED = [
  'src/access',
  'src/aws',
  'src/core',
  'src/embed',
  'src/guard',
  'src/index',
  'src/ingest',
  'src/keys',
  'src/network',
  'src/provenance',
  'src/retrieve',
  'src/store',
  'src/vault',
];
/** Files in them that are still being written, and whose tests come with them. */
const PENDING = ['src/provenance/receipt'];

const CHECK = /\b(?:need|holds)\(\s*'(INV-[A-Z0-9-]+)'/g;
const ID = /'(INV-[A-Z0-9-]+)'/g;
const TITLE = /\(\s*['"`](INV-[A-Z0-9-]+): /g;

const filesUnder = (folder: string, end: string): string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => `${folder}/${name.replaceAll(path.sep, '/')}`)
    .sort();
const found = (file: string, pattern: RegExp): string[] =>
  [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(pattern)].map((match) => match[1] ?? '');

const sources = filesUnder('src', '.ts');
const tests = filesUnder('test', '.ts');
const tested = new Set(tests.flatMap((file) => found(file, TITLE)));
const covered = sources.filter(
  (file) =>
    COVERED.some((folder) => file.startsWith(`${folder}/`)) &&
    !PENDING.some((start) => file.startsWith(start)),
);

describe('security checks', () => {
  it('stand once each in the whole source', () => {
    const ids = sources.flatMap((file) => found(file, CHECK));
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(ids.length).toBeGreaterThan(50);
  });

  it('are all written as one call whose first argument is the id', () => {
    for (const file of sources) expect([file, found(file, CHECK)]).toEqual([file, found(file, ID)]);
  });

  it.each(covered.flatMap((file) => found(file, CHECK).map((id) => [id, file])))(
    '%s of %s begins the title of a test',
    (id) => {
      expect(tested).toContain(id);
    },
  );

  it('that tests name are still in the source', () => {
    const ids = new Set(sources.flatMap((file) => found(file, CHECK)));
    expect([...tested].filter((id) => !ids.has(id))).toEqual([]);
  });
});
