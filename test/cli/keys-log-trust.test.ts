// SPDX-License-Identifier: Apache-2.0
// The log, the keys and the trust of a vault by the command line; fsck and verify --all.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliWorld, cliTemplate } from '../support/cli-world.ts';

const template = cliTemplate();

interface Key {
  readonly keyid: string;
  readonly role: string;
  readonly endIndex: number | null;
}

async function keyOf(world: CliWorld, role: string): Promise<string> {
  const { signing } = (await world.json('keys', 'list')) as { signing: Key[] };
  const live = signing.filter((key) => key.role === role && key.endIndex === null);
  return live.at(-1)?.keyid ?? '';
}

/** Flips one bit in a document's sealed object. */
async function damage(world: CliWorld, name: string): Promise<void> {
  const { docId } = (await world.json('inspect', name)) as { docId: string };
  const folder = world.at('vault/store/obj/doc', docId);
  const [file = ''] = await readdir(folder);
  const bytes = await readFile(path.join(folder, file));
  bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
  await writeFile(path.join(folder, file), bytes);
}

describe('keys rotate log', () => {
  it('shows the next key, and signs only when it is told why', async () => {
    const world = await template();
    const vkey = async (): Promise<string> =>
      ((await world.json('trust', 'show')) as { logVkey: string }).logVkey;
    const before = await vkey();
    const plan = await world.run(['keys', 'rotate', 'log', '--json']);
    expect(plan.code).toBe(1);
    const { to } = plan.json() as { to: string };
    expect(plan.json()).toMatchObject({ from: before, rotated: false });
    expect(plan.stderr).toContain('witness rekey');
    expect((await world.run(['keys', 'rotate', 'log', '--yes'])).code).toBe(2);
    expect(await vkey()).toBe(before);
    const { stdout } = await world.ok('keys', 'rotate', 'log', '--reason', 'routine', '--yes');
    expect(stdout).toContain(`former log key  ${before}\nlog key         ${to}`);
    expect(await vkey()).toBe(to);
    const [entry] = (await world.json('log', 'entries', '--limit', '2')) as { kind: string }[];
    expect(entry?.kind).toBe('recovery');
    expect((await world.run(['keys', 'rotate', 'everything'])).code).toBe(2);
    expect(await world.json('keys', 'rotate')).toEqual({ version: expect.any(String) as string });
  });

  it('is told to a witness', async () => {
    const world = await template();
    await world.ok('witness', 'init', 'witness.example/one');
    await world.ok('trust', 'export', '--out', 'trust.json');
    await world.ok('witness', 'add', 'trust.json');
    const plan = await world.run(['keys', 'rotate', 'log', '--json']);
    const { to } = plan.json() as { to: string };
    expect(await world.json('witness', 'rekey', to)).toEqual({ vkey: to });
    expect((await world.run(['witness', 'rekey', 'nonsense'])).code).toBe(2);
  });
});

describe('log', () => {
  it('head shows the newest verified head', async () => {
    const world = await template();
    const { stdout } = await world.ok('log', 'head');
    const id = await world.vaultId();
    expect(stdout).toContain(`log         ${id}.vault.strongroom.invalid/default\n`);
    expect(stdout).toMatch(/\nsize {8}\d+\nroot {8}[0-9a-f]{64}\nstate time {2}\S+Z\nlog key/);
    const head = (await world.json('log', 'head')) as { checkpoint: string; size: number };
    expect(head.checkpoint.split('\n').slice(1, 2)).toEqual([String(head.size)]);
  });

  it('entries lists them, from the newest or from where one says', async () => {
    const world = await template();
    const { size } = (await world.json('log', 'head')) as { size: number };
    const newest = (await world.json('log', 'entries', '--limit', '2')) as { index: number }[];
    expect(newest.map(({ index }) => index)).toEqual([size - 2, size - 1]);
    const first = await world.json('log', 'entries', '--from', '0', '--limit', '3');
    expect(first).toMatchObject([
      { index: 0, kind: 'genesis' },
      { index: 1, kind: 'delegate' },
      { index: 2, kind: 'delegate' },
    ]);
    const { stdout } = await world.ok('log', 'entries', '--from', '0', '--limit', '1');
    expect(stdout).toMatch(
      /^index {2}kind {5}time {18}bytes {2}signer {8}subject\n0 {6}genesis {2}/,
    );
  });

  it('export copies the log in its public layout', async () => {
    const world = await template();
    const { size } = (await world.json('log', 'head')) as { size: number };
    expect(await world.json('log', 'export', 'copy')).toMatchObject({ size, files: 4 });
    const files = await readdir(world.at('copy'), { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining(['checkpoint', 'keys.json', `tile/0/000.p/${size}`]),
    );
    expect(await world.read('copy/checkpoint')).toBe(
      await world.read('vault/store/log/default/checkpoint'),
    );
  });
});

describe('fsck and verify --all', () => {
  it('end with 0 on a whole vault, with the same counts', async () => {
    const world = await template();
    const { stdout } = await world.ok('fsck');
    expect(stdout).toMatch(
      /^log entries {2}\d+, 0 void\nobjects {6}\d+\nleftovers {4}0 objects, 0 keys\naudit head {3}\d+:[0-9a-f]{64} .*\nproblems {5}none\n$/,
    );
    const verified = await world.ok('verify', '--all');
    expect(verified.stdout).toMatch(/^documents {11}5\nchunks and vectors {2}6\nsealed bytes/);
  });

  it('end with 3 when a stored byte was changed, and name what', async () => {
    const world = await template();
    await damage(world, 'news/canteen.md');
    const checked = await world.run(['fsck']);
    expect([checked.code, checked.stdout]).toEqual([
      3,
      expect.stringMatching(/\nINTEGRITY .*obj\/doc\//),
    ]);
    const verified = await world.run(['verify', '--all', '--json']);
    expect([verified.code, verified.json()]).toEqual([
      3,
      expect.objectContaining({ failures: [expect.objectContaining({ code: 'INTEGRITY' })] }),
    ]);
    const shown = await world.run(['inspect', 'news/canteen.md']);
    expect([shown.code, shown.stdout]).toEqual([3, '']);
    const found = await world.run(['search', 'canteen', '--as', 'dan']);
    expect([found.code, found.stdout]).toEqual([0, expect.not.stringContaining('canteen.md')]);
    expect(found.stderr).toMatch(/^INTEGRITY {2}/);
  });

  it('--audit-head finds that the end of the audit trail is gone', async () => {
    const world = await template();
    await world.ok('search', 'canteen', '--as', 'dan');
    const { auditHead } = (await world.json('fsck')) as { auditHead: string };
    await world.ok('search', 'leave', '--as', 'ben');
    await world.ok('fsck', '--audit-head', auditHead);
    await rm(world.at('home/audit'), { recursive: true });
    await world.ok('fsck');
    const gone = await world.run(['fsck', '--audit-head', auditHead]);
    expect([gone.code, gone.stdout]).toEqual([3, expect.stringContaining('the chain is broken')]);
    for (const wrong of ['12', `x:${'a'.repeat(64)}`, `1:${'A'.repeat(64)}`, '1:aa']) {
      expect((await world.run(['fsck', '--audit-head', wrong])).code).toBe(2);
    }
  });

  it('--repair leaves a whole vault as it is', async () => {
    const world = await template();
    expect(await world.json('fsck', '--repair')).toMatchObject({ problems: [], repaired: true });
    expect(await world.json('verify', '--all')).toMatchObject({ documents: 5, failures: [] });
  });
});

describe('keys', () => {
  it('rotate, rewrap and forget: documents stay readable', async () => {
    const world = await template();
    await world.ok('keys', 'rotate');
    const { stdout } = await world.ok('keys', 'rewrap', '--forget-old');
    expect(stdout).toMatch(/^\d+ keys rewrapped, 1 version forgotten\n$/);
    const list = await world.json('keys', 'list');
    expect(list).toMatchObject({ branches: [{ rows: expect.any(Number) as number }] });
    expect(await world.finds('dan', 'canteen')).toContain('news/canteen.md');
    expect(await world.json('fsck')).toMatchObject({ problems: [] });
  });

  it('delegate makes another key for a role, which new entries are signed by', async () => {
    const world = await template();
    const before = await keyOf(world, 'ingest');
    const { keyid } = (await world.json('keys', 'delegate', 'ingest')) as { keyid: string };
    expect(keyid).not.toBe(before);
    await world.write('documents/news/new.md', '# New\n');
    await world.ok('ingest', 'documents');
    const described = await world.json('inspect', 'news/new.md');
    expect(described).toMatchObject({ provenance: { signer: keyid } });
  });

  it('revoke ends a key; back in time, what it signed is distrusted until it is signed again', async () => {
    const world = await template();
    const old = await keyOf(world, 'ingest');
    const argv = ['keys', 'revoke', old.slice(0, 12), '--reason', 'compromised', '--from-index'];
    const { stdout } = await world.ok(...argv, '9');
    expect(stdout).toContain('distrusted documents  5\n');
    expect(await world.finds('ada', 'canteen')).toEqual([]);
    const failed = await world.run(['ingest', 'documents']);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('KEY_UNAVAILABLE')]);
    expect(failed.stderr).toContain('delegate a key for the role');
    await world.ok('keys', 'delegate', 'ingest');
    await world.ok('ingest', 'documents');
    await world.ok('access', 'apply');
    expect(await world.finds('dan', 'canteen')).toContain('news/canteen.md');
  });

  it('revoke wants exactly one key', async () => {
    const world = await template();
    const none = await world.run(['keys', 'revoke', 'zz']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no key has an id')]);
    const all = await world.run(['keys', 'revoke', '']);
    expect([all.code, all.stderr]).toEqual([2, expect.stringContaining('several keys')]);
  });
});

describe('trust', () => {
  it('show tells the fingerprint, export holds public keys only', async () => {
    const world = await template();
    const { stdout } = await world.ok('trust', 'show');
    expect(stdout).toMatch(/\nfingerprint {2}[0-9a-f]{64}-[0-9a-f]{8}\n/);
    expect(stdout).toContain('trusted by   founding the vault\n');
    const exported = await world.json('trust', 'export');
    expect(Object.keys(exported as object).sort()).toEqual([
      'head',
      'logVkey',
      'maxAge',
      'origin',
      'rootSpki',
      'tenantId',
      'v',
      'vaultId',
      'witnesses',
    ]);
  });

  it('add wants the fingerprint by another way, and takes no other', async () => {
    const world = await template();
    await world.ok('trust', 'export', '--out', 'trust.json');
    const { stdout } = await world.ok('trust', 'show');
    const fingerprint = /fingerprint {2}(\S+)/.exec(stdout)?.[1] ?? '';
    const elsewhere = { env: { STRONGROOM_HOME: world.at('other-home') } };
    const add = (...argv: string[]): ReturnType<CliWorld['run']> =>
      world.run(['trust', 'add', 'trust.json', ...argv], elsewhere);
    const unsaid = await add();
    expect([unsaid.code, unsaid.stderr]).toEqual([2, expect.stringContaining('ask the owner')]);
    const wrong = await add(
      '--fingerprint',
      fingerprint.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
    );
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('TRUST_INVALID')]);
    expect(wrong.stderr).not.toContain(fingerprint);
    expect((await add('--fingerprint', fingerprint)).code).toBe(0);
    const again = await add('--tofu');
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringContaining('trusts keys of this vault'),
    ]);
    const shown = await world.run(['trust', 'show'], elsewhere);
    expect(shown.stdout).toContain('trusted by   fingerprint\n');
  });

  it('add --tofu believes, and says so loudly', async () => {
    const world = await template();
    await world.ok('trust', 'export', '--out', 'trust.json');
    await rm(world.at('home/trust'), { recursive: true });
    const { code, stderr } = await world.run(['trust', 'add', 'trust.json', '--tofu', '--quiet']);
    expect([code, stderr]).toEqual([0, 'TOFU  the keys were believed without comparison\n']);
    const { stdout } = await world.ok('doctor');
    expect(stdout).toMatch(/^warning {2}trust .*believed on first use/m);
  });
});
