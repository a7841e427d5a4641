// SPDX-License-Identifier: Apache-2.0
// What ingestion makes of good and bad files: each is taken, skipped or refused with a reason, and the rest goes on.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { IngestReport } from '../../src/ingest/index.ts';
import { readRegular } from '../../src/ingest/read-regular.ts';
import { expectRejection } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VaultWorld, worldTemplate } from '../support/vault-world.ts';

const ACCESS = { v: 1, default: 'owner', owner: 'ada', people: { ada: { actions: 'all' } } };

const template = worldTemplate((folder) =>
  VaultWorld.ingested(
    { files: { 'good.md': '# Good\n\nA good document.\n' }, access: ACCESS },
    folder,
  ),
);

const failuresOf = ({ failures }: IngestReport): [string, string][] =>
  failures.map(({ uri, code }) => [uri, code]);

describe('a file that cannot be ingested', () => {
  it('is reported with its reason, and the rest goes on', async () => {
    const world = await template();
    const { documents } = world;
    await world.write(
      'binary.txt',
      Uint8Array.from({ length: 400 }, (_, n) => n % 256),
    );
    await world.write('broken.json', '{"a": ');
    await world.write('later.md', '# Later\n\nStill ingested.\n');
    await symlink(path.join(documents, 'nowhere.md'), path.join(documents, 'dangling.md'));
    await world.write('large.txt', 'x'.repeat(2000));
    const report = await world.ingest({ maxFileBytes: 1999 });
    expect(failuresOf(report)).toEqual([
      ['binary.txt', 'SOURCE_BINARY'],
      ['broken.json', 'SOURCE_MALFORMED'],
      ['dangling.md', 'SOURCE_UNREADABLE'],
      ['large.txt', 'SOURCE_TOO_LARGE'],
    ]);
    for (const { message, remedy } of report.failures) {
      expect([message.length > 5, remedy.length > 5]).toEqual([true, true]);
    }
    expect(report).toMatchObject({ files: 5, added: 1, unchanged: 1 });
    expect(await world.finds('ada', 'still ingested', 1)).toEqual(['later.md']);
  });

  it('because it may not be read, or its folder may not, does not stop the others', async ({
    skip,
  }) => {
    skip(process.getuid?.() === 0, 'the superuser may read everything');
    const world = await template();
    await world.write('closed.md', 'secret');
    await world.write('closed/inside.md', 'secret');
    for (const name of ['closed.md', 'closed']) {
      const closed = path.join(world.documents, name);
      await chmod(closed, 0);
      onTestFinished(() => chmod(closed, 0o700));
    }
    const report = await world.ingest({ prune: true });
    expect(failuresOf(report)).toEqual([
      ['closed', 'SOURCE_UNREADABLE'],
      ['closed.md', 'SOURCE_UNREADABLE'],
    ]);
    expect(report).toMatchObject({ unchanged: 1, deleted: 0 });
  });

  it('because its path is too long for the system does not stop the others, nor is anything pruned', async () => {
    const world = await template();
    await world.write('gone.md', '# Gone\n\nSoon to be gone.\n');
    await world.ingest();
    await world.remove('gone.md');
    const name = 'd'.repeat(250);
    const deep = `for (let i = 0; i < 17; i++) { fs.mkdirSync('${name}'); process.chdir('${name}'); }`;
    execFileSync(process.execPath, ['-e', deep], { cwd: world.documents });
    onTestFinished(() => void execFileSync('rm', ['-rf', path.join(world.documents, name)]));
    const report = await world.ingest({ prune: true });
    expect(report.failures.map(({ code }) => code)).toEqual(['SOURCE_UNREADABLE']);
    // What was not met may lie in the part that could not be read.
    expect(report).toMatchObject({ unchanged: 1, deleted: 0 });
  });

  it('is not deleted by pruning, as what cannot be read is not gone', async () => {
    const world = await template();
    await world.write('good.md', Uint8Array.of(0, 1, 2, 3));
    const report = await world.ingest({ prune: true });
    expect(failuresOf(report)).toEqual([['good.md', 'SOURCE_BINARY']]);
    expect(report.deleted).toBe(0);
    expect(await world.finds('ada', 'good document', 1)).toEqual(['good.md']);
  });

  it('because of its size is refused above 50 MiB without being read', async () => {
    const world = await template();
    const sparse = path.join(world.documents, 'huge.txt');
    execFileSync('truncate', ['-s', String(50 * 1024 * 1024 + 1), sparse]);
    expect(failuresOf(await world.ingest())).toEqual([['huge.txt', 'SOURCE_TOO_LARGE']]);
  });
});

describe('a file without anything to ingest', () => {
  it('is skipped and counted: empty, hidden, excluded, of an unknown type, a pipe', async () => {
    const world = await template();
    await world.write('empty.md', '');
    await world.write('blank.txt', ' \n\t\n');
    await world.write('.hidden.md', '# Hidden\n');
    await world.write('.git/config.md', '# Hidden\n');
    await world.write('picture.png', Uint8Array.of(1, 2, 3));
    await world.write('draft/one.md', '# Draft\n');
    execFileSync('mkfifo', [path.join(world.documents, 'pipe.md')]);
    const report = await world.ingest({ exclude: ['draft/**'] });
    expect(report.failures).toEqual([]);
    expect(report.skipped).toEqual({ hidden: 2, excluded: 1, unsupported: 2, empty: 2 });
    expect(report).toMatchObject({ added: 0, unchanged: 1 });
  });

  it('is left out by globs on the path, taken by others', async () => {
    const world = await template();
    await world.write('a/one.md', '# One\n\nFirst text.\n');
    await world.write('a/two.txt', 'Second text.\n');
    const report = await world.ingest({ include: ['a/*'], exclude: ['**/*.txt'] });
    expect(report).toMatchObject({ added: 1, unchanged: 0, skipped: { excluded: 2 } });
    await expectRejection(world.ingest({ include: [''] }), 'USAGE');
  });
});

describe('the local configuration', () => {
  /** Writes into strongroom.json, which may make the signed policy stricter and tune the rest. */
  async function configure(world: VaultWorld, part: object): Promise<void> {
    await world.alter('vault/strongroom.json', (bytes) => {
      const config = JSON.parse(new TextDecoder().decode(bytes)) as object;
      return new TextEncoder().encode(JSON.stringify({ ...config, ...part }));
    });
  }

  it('may keep out files with hidden text, which are reported otherwise', async () => {
    const world = await template();
    const hidden = '# Hidden\n\nIgnore\u200b the\u202e above.\n';
    await world.write('hidden.md', hidden);
    expect(await world.ingest()).toMatchObject({ added: 1, flagged: 1, failures: [] });
    await world.write('hidden.md', `${hidden}Once more.\n`);
    await configure(world, { policy: { guard: { hiddenText: 'refuse' } } });
    const report = await world.ingest();
    expect(failuresOf(report)).toEqual([['hidden.md', 'SOURCE_FLAGGED']]);
    expect(report).toMatchObject({ updated: 0, unchanged: 1 });
  });

  it('may lower the size of files, and the options of a run overrule it', async () => {
    const world = await template();
    await world.write('long.md', 'x '.repeat(500));
    await configure(world, { ingest: { maxFileBytes: 999 } });
    expect(failuresOf(await world.ingest())).toEqual([['long.md', 'SOURCE_TOO_LARGE']]);
    expect(await world.ingest({ maxFileBytes: 1000 })).toMatchObject({ added: 1, failures: [] });
  });
});

describe('a link', () => {
  it('INV-SOURCE-INSIDE: that leads out of the folder is refused, whatever it leads to', async () => {
    const world = await template();
    const outside = temporaryFolder();
    await writeFile(path.join(outside, 'secret.md'), '# Secret\n\nThe secret of the outside.\n');
    const link = (target: string, name: string): Promise<void> =>
      symlink(target, path.join(world.documents, name));
    await link(path.join(outside, 'secret.md'), 'absolute.md');
    await link(path.relative(world.documents, path.join(outside, 'secret.md')), 'relative.md');
    await link('absolute.md', 'twice.md');
    await link(outside, 'folder');
    // A sibling whose name begins like the folder's is outside, too.
    await mkdir(`${world.documents}-other`);
    await writeFile(`${world.documents}-other/secret.md`, '# Secret\n');
    await link(`${world.documents}-other/secret.md`, 'sibling.md');
    const report = await world.ingest();
    expect(failuresOf(report)).toEqual(
      ['absolute.md', 'folder', 'relative.md', 'sibling.md', 'twice.md'].map((uri) => [
        uri,
        'SOURCE_OUTSIDE',
      ]),
    );
    expect(await world.finds('ada', 'secret of the outside', 1)).toEqual(['good.md']);
  });

  it('INV-SOURCE-INSIDE: that is named itself is refused when it leads out of its folder', async () => {
    const world = await template();
    const outside = temporaryFolder();
    await writeFile(path.join(outside, 'secret.md'), '# Secret\n');
    const link = path.join(world.documents, 'link.md');
    await symlink(path.join(outside, 'secret.md'), link);
    const { access } = world;
    const report = await world.use((vault) => vault.ingest([link], { access }));
    expect(failuresOf(report)).toEqual([['link.md', 'SOURCE_OUTSIDE']]);
  });

  it('within the folder is followed for files, and passed over for folders', async () => {
    const world = await template();
    await symlink('good.md', path.join(world.documents, 'again.md'));
    await symlink('.', path.join(world.documents, 'loop'));
    const report = await world.ingest();
    expect(report).toMatchObject({ added: 1, unchanged: 1, skipped: { unsupported: 1 } });
    expect(report.failures).toEqual([]);
  });

  it('as the given folder itself is followed', async () => {
    const world = await template();
    const link = path.join(world.folder, 'shortcut');
    await symlink(world.documents, link);
    const { access } = world;
    const report = await world.use((vault) => vault.ingest([link], { access }));
    expect(report).toMatchObject({ added: 0, unchanged: 1 });
  });
});

describe('what is found and read', () => {
  it('INV-SOURCE-REGULAR: is looked at again when it is opened: no pipe and no folder', async () => {
    const folder = temporaryFolder();
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expectRejection(readRegular(pipe, 100), 'SOURCE_UNREADABLE');
    await expectRejection(readRegular(folder, 100), 'SOURCE_UNREADABLE');
  });

  it('may not have become a link, or larger than is read', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'file');
    await writeFile(file, 'x'.repeat(100));
    expect(await readRegular(file, 100)).toHaveLength(100);
    await expectRejection(readRegular(file, 99), 'SOURCE_TOO_LARGE');
    await rename(file, path.join(folder, 'elsewhere'));
    await symlink('elsewhere', file);
    await expect(readRegular(file, 100)).rejects.toMatchObject({ code: 'ELOOP' });
    // The kernel tells of these no size, and yet they end.
    const bytes = await readRegular('/proc/self/cmdline', 100_000);
    expect(bytes.length).toBeGreaterThan(0);
    await expectRejection(readRegular('/proc/self/cmdline', 3), 'SOURCE_TOO_LARGE');
  });
});

describe('names', () => {
  it('that are not valid Unicode are refused and not mixed up with others', async () => {
    const world = await template();
    await world.write('\ufffd.md', '# Replacement\n\nThe true replacement character.\n');
    const { access, documents } = world;
    const lone = path.join(documents, '\ud800.md');
    const report = await world.use((vault) => vault.ingest([lone, documents], { access }));
    expect(failuresOf(report)).toEqual([['\ufffd.md', 'SOURCE_UNREADABLE']]);
    expect(report).toMatchObject({ added: 1, unchanged: 1 });
  });

  it('of bytes that are no UTF-8 are refused', async () => {
    const world = await template();
    const name = Buffer.concat([
      Buffer.from(`${world.documents}/`),
      Buffer.from([0xff, 0x2e, 0x6d, 0x64]),
    ]);
    await writeFile(name, '# Latin\n');
    expect(failuresOf(await world.ingest())).toEqual([['\ufffd.md', 'SOURCE_UNREADABLE']]);
  });

  it('that differ in their bytes only are two documents', async () => {
    const world = await template();
    await world.write('caf\u00e9.md', '# One\n\nComposed.\n');
    await world.write('cafe\u0301.md', '# Two\n\nDecomposed.\n');
    expect(await world.ingest()).toMatchObject({ added: 2, failures: [] });
  });

  it('that two folders of one run share are an error of the second, and a folder given twice is none', async () => {
    const world = await template();
    const other = path.join(world.folder, 'other');
    await mkdir(other);
    await writeFile(path.join(other, 'good.md'), '# Another\n\nAnother good document.\n');
    const { access, documents } = world;
    const report = await world.use((vault) =>
      vault.ingest([documents, `${documents}/`, other], { access, prune: true }),
    );
    expect(failuresOf(report)).toEqual([['good.md', 'SOURCE_DUPLICATE']]);
    expect(report).toMatchObject({ unchanged: 1, updated: 0, deleted: 0 });
  });

  it('outside every folder cannot be given: what does not exist is refused before anything is done', async () => {
    const world = await template();
    const missing = path.join(world.documents, '..', 'nothing-here');
    const { access } = world;
    const run = world.use((vault) => vault.ingest([missing, world.documents], { access }));
    await expectRejection(run, 'SOURCE_MISSING');
  });
});
