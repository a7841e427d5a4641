// SPDX-License-Identifier: Apache-2.0
// Nothing confidential leaves the sealed parts: whatever a vault does, no byte on the disk shows it.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isStrongroomError, jcs } from '../../src/core/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { filesSince, Secrets } from '../support/byte-search.ts';
import { caller, contextWithReceipt, search, VaultWorld } from '../support/vault-world.ts';

/** One word for each kind of secret; long and rare, so that nothing else writes them. */
const WORDS = {
  text: 'zqxcanarytextfe41',
  later: 'zqxcanarylaterb07c',
  title: 'zqxcanarytitle9d2',
  heading: 'zqxcanaryheading53e',
  path: 'zqxcanarypath771',
  person: 'zqxcanaryperson1c9',
  group: 'zqxcanarygroup08a',
  query: 'zqxcanaryquery66f',
};
const DOCUMENT = `news/${WORDS.path}.md`;
const FILES = {
  [DOCUMENT]: `# ${WORDS.title}\n\nThe ${WORDS.text} is kept in the cellar.\n\n## ${WORDS.heading}\n\nMore of it.\n`,
  'news/plain.md': '# Plain\n\nSomething that everybody may know.\n',
};
const ACCESS = {
  v: 1,
  default: 'refuse',
  owner: 'ada',
  people: { ada: { clearance: 3, actions: 'all' }, [WORDS.person]: {} },
  groups: { [WORDS.group]: [WORDS.person] },
  rules: [{ path: '**', allow: [WORDS.group, 'ada'] }],
};

/** The vectors of the planted document, which are as telling as its words. */
async function vectorsOf(vault: Vault): Promise<Uint8Array[]> {
  const { docId } = await vault.describe(DOCUMENT);
  const doc = vault.session.ledger.lookup('doc', docId);
  if (doc === null) throw new Error('the test has ingested it');
  return (await vault.session.documents.open(doc)).vectors();
}

/** Everything that a vault can do, some of it in vain. */
async function everything(at: VaultWorld, vault: Vault): Promise<void> {
  const { person, group, query, text } = WORDS;
  await search(vault, person, `${text} ${query}`);
  await search(vault, 'nobody', `${text} ${query}`);
  await contextWithReceipt(vault, person, query);
  await vault.explain(DOCUMENT, person);
  await vault.describe(DOCUMENT);
  await vault.verifyAll();
  await vault.fsck();
  for (const attempt of [
    () => vault.describe(`${WORDS.path}-absent`),
    () => vault.erase(`${WORDS.path}-absent`, 'test'),
    () => vault.search({ caller: caller(person), query: '', k: 1 }),
    () => vault.search({ caller: caller(person), query, k: 100_000 }),
    () => vault.context({ caller: caller('nobody'), query, receipt: true }),
    () => vault.ingest([path.join(at.documents, WORDS.path)], { access: at.access }),
  ]) {
    const error = await attempt().then(
      () => null,
      (failure: unknown) => failure,
    );
    if (!isStrongroomError(error)) continue;
    const told = Buffer.from(error.message + jcs(error.details));
    expect(secrets().in('an error', told)).toEqual([]);
  }
  await at.write(DOCUMENT, `# ${WORDS.title}\n\nThe ${WORDS.later} has replaced it.\n`);
  await at.write('news/broken.json', `{"${text}": `);
  await vault.ingest([at.documents], { access: at.access });
  await vault.setAccess(at.setAccess({ ...ACCESS, groups: { [group]: ['ada', person] } }));
  await search(vault, person, WORDS.later);
}

function secrets(vectors: readonly Uint8Array[] = []): Secrets {
  const all = new Secrets();
  for (const [name, word] of Object.entries(WORDS)) all.text(name, word);
  // A piece of a vector without its scale, long enough to be found by nothing else.
  for (const [i, vector] of vectors.entries()) all.bytes(`vector ${i}`, vector.subarray(40, 72));
  return all;
}

describe('planted words and vectors', () => {
  it('are found by the search itself, in every way in which they may be written', () => {
    const { text } = WORDS;
    const vector = Uint8Array.from({ length: 260 }, (_, i) => (i * 37) % 251);
    const all = secrets([vector]);
    const written: [string, Buffer][] = [
      ['UTF-8', Buffer.from(`...${text}...`)],
      ['UTF-16', Buffer.from(`.${text}.`, 'utf16le')],
      ['big-endian UTF-16', Buffer.from(`.${text}.`, 'utf16le').swap16()],
      ['hex', Buffer.from(Buffer.from(`.${text}.`).toString('hex'))],
      ...[0, 1, 2].map((skip): [string, Buffer] => [
        `base64 behind ${skip} bytes`,
        Buffer.from(Buffer.from('.'.repeat(skip) + text).toString('base64')),
      ]),
    ];
    for (const [form, bytes] of written) {
      const found = new Set(all.in('x', bytes).map(({ secret }) => secret));
      expect([form, ...found]).toEqual([form, 'text']);
    }
    expect(all.in('x', vector)).toMatchObject([{ secret: 'vector 0', form: 'as it is' }]);
    const inBase64 = Buffer.from(Buffer.from(vector).toString('base64'));
    expect(all.in('x', inBase64).map(({ secret }) => secret)).toContain('vector 0');
  });

  it('appear nowhere in vault, home, temporary folders and shared memory, whatever is done', async () => {
    const since = Date.now() - 1000;
    const at = await VaultWorld.ingested({ files: FILES, access: ACCESS });
    const vault = await at.open();
    const vectors = await vectorsOf(vault);
    await everything(at, vault);
    vectors.push(...(await vectorsOf(vault)));
    const all = secrets(vectors);
    const told = [...at.alarms, ...vault.session.context.trail.events()];
    expect(told.length).toBeGreaterThan(3);
    expect(all.in('alarms and audit trail', Buffer.from(jcs(told)))).toEqual([]);
    // While the vault is open: write-ahead logs and shared memory files of the databases are there.
    expect(all.under(at.vault, at.home)).toEqual([]);
    await vault.erase(DOCUMENT, 'a person asked for it');
    expect(all.under(at.vault, at.home)).toEqual([]);
    vault.close();
    expect(all.under(at.vault, at.home)).toEqual([]);
    const elsewhere = [os.tmpdir(), '/dev/shm', '/var/tmp']
      .flatMap((folder) => filesSince(folder, since))
      // The checkout itself may lie in a temporary folder.
      .filter((file) => !file.startsWith(at.documents) && !file.startsWith(path.resolve('.')));
    const sightings = elsewhere.flatMap((file) => {
      try {
        return all.in(file, readFileSync(file));
      } catch {
        return [];
      }
    });
    expect(sightings).toEqual([]);
  });

  it('would be found if a vault held them: its sources do', async () => {
    const at = await VaultWorld.founded({ files: FILES, access: ACCESS });
    await mkdir(path.join(at.vault, 'store'), { recursive: true });
    for (const [name, content] of Object.entries(FILES)) {
      await at.write(path.join('..', 'vault', 'store', name), content);
    }
    const kinds = new Set(
      secrets()
        .under(at.vault)
        .map(({ secret }) => secret),
    );
    expect([...kinds].sort()).toEqual(['heading', 'path', 'text', 'title']);
  });
});
