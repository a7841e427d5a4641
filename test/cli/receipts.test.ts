// SPDX-License-Identifier: Apache-2.0
// Contexts and receipts by the command line, and what the exit codes of verify mean.
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cliTemplate } from '../support/cli-world.ts';

const template = cliTemplate();

describe('context and verify', () => {
  it('give a cited context whose receipt an outsider verifies with the trust file alone', async () => {
    const world = await template();
    const made = await world.ok('context', 'days of leave', '--as', 'ben', '--receipt', 'r.json');
    expect(made.stdout).toContain('Everybody may take thirty days of leave.');
    expect(made.stderr).toContain('[1] staff/leave.md v1, bytes 0-');
    expect(made.stderr).toContain('strongroom verify r.json --trust FILE');
    const told = await world.ok('trust', 'export', '--out', 'trust.json');
    expect(told.stdout).toBe('');
    expect(told.stderr).toMatch(/compares the fingerprint.*\n {2}[0-9a-f]{64}-[0-9a-f]{8}\n$/);
    await rm(world.at('vault'), { recursive: true });
    await rm(world.home, { recursive: true });
    const { stdout } = await world.ok('verify', 'r.json', '--trust', 'trust.json');
    expect(stdout).toMatch(
      /^PROVED {7}\d+ passages?: bytes, version, current at the head, signer\n/,
    );
    expect(stdout).toContain('ATTESTED     the retriever says that the caller was allowed');
    expect(stdout).toContain('same as trusted');
    expect(await world.json('verify', 'r.json', '--trust', 'trust.json')).toMatchObject({
      proved: true,
      attested: true,
      identity: 'impersonated',
      caller: { principal: 'ben', query: 'days of leave' },
      rootKey: 'trusted',
    });
  });

  it('show a change of the log key to who holds a trust file from before', async () => {
    const world = await template();
    await world.ok('trust', 'export', '--out', 'trust.json');
    await world.ok('keys', 'rotate', 'log', '--reason', 'routine', '--yes');
    await world.ok('context', 'days of leave', '--as', 'ben', '--receipt', 'r.json');
    const { stdout } = await world.ok('verify', 'r.json', '--trust', 'trust.json');
    expect(stdout).toMatch(
      /\nrecovery {5}\S+Z, at \d+ entries, root .*, another log key: "routine"\n/,
    );
    const { head, recoveries } = (await world.json(
      'verify',
      'r.json',
      '--trust',
      'trust.json',
    )) as {
      head: { size: number };
      recoveries: { index: number; reason: string }[];
    };
    expect(recoveries).toMatchObject([{ index: head.size - 2, reason: 'routine' }]);
  });

  it('keep the budget', async () => {
    const world = await template();
    const small = await world.json('context', 'leave', '--as', 'ada', '--budget', '60');
    const large = await world.json('context', 'leave', '--as', 'ada', '--budget', '600');
    const tokens = [small, large].map((made) => (made as { tokens: number }).tokens);
    expect(tokens[0]).toBeLessThanOrEqual(60);
    expect(tokens[1]).toBeGreaterThan(60);
  });

  it('end with 0 proved, 1 false, 2 without usable trust, 3 proved but not attested', async () => {
    const world = await template();
    await world.ok('context', 'days of leave', '--as', 'ben', '--receipt', 'r.json');
    await world.ok('trust', 'export', '--out', 'trust.json');
    const verify = async (...argv: string[]): Promise<[number, string]> => {
      const { code, stdout, stderr } = await world.run(['verify', ...argv]);
      return [code, stdout + stderr];
    };
    const receipt = await world.read('r.json');
    await world.write('forged.json', receipt.replace('thirty days', 'ninety days'));
    await world.write('torn.json', receipt.slice(0, -100));
    await world.write('bare.json', receipt.replace(/"attest":"[^"]*"/, '"attest":null'));
    await world.write('none.json', '{}');
    const trust = ['--trust', 'trust.json'];
    expect(await verify('r.json', ...trust)).toEqual([0, expect.stringContaining('ATTESTED')]);
    expect(await verify('forged.json', ...trust)).toEqual([1, expect.stringMatching(/^FALSE {2}/)]);
    expect(await verify('torn.json', ...trust)).toEqual([1, expect.stringMatching(/^FALSE {2}/)]);
    expect(await verify('bare.json', ...trust)).toEqual([
      3,
      expect.stringContaining('NOT ATTESTED'),
    ]);
    expect(await verify('r.json')).toEqual([2, expect.stringContaining('give --trust FILE')]);
    expect(await verify('r.json', '--trust', 'absent')).toEqual([
      2,
      expect.stringContaining('the trust file does not exist'),
    ]);
    expect(await verify('r.json', '--trust', 'none.json')).toEqual([
      2,
      expect.stringContaining('is no trust file'),
    ]);
    expect(await verify('r.json', '--vkey', 'nonsense')).toEqual([
      2,
      expect.stringContaining('--vkey is not the public key of a log'),
    ]);
    expect(await verify('absent.json', ...trust)).toEqual([
      2,
      expect.stringContaining('the receipt does not exist'),
    ]);
  });

  it('can do with the key of the log alone, and say so', async () => {
    const world = await template();
    await world.ok('context', 'days of leave', '--as', 'ben', '--receipt', 'r.json');
    const { vkey } = (await world.json('log', 'head')) as { vkey: string };
    const { stdout } = await world.ok('verify', 'r.json', '--vkey', vkey);
    expect(stdout).toContain('taken from genesis: give --trust for more');
    expect(stdout).toContain('not compared with a trusted head');
  });

  it('show continuity from a head that the verifier is known to hold', async () => {
    const world = await template();
    const { size } = (await world.json('log', 'head')) as { size: number };
    await world.ok('trust', 'export', '--out', 'old-trust.json');
    await world.write('documents/news/more.md', '# More\n\nMore leave for everybody.\n');
    await world.ok('ingest', 'documents');
    const context = ['context', 'leave', '--as', 'ben', '--receipt', 'r.json'];
    await world.ok(...context, '--since', String(size));
    const { stdout } = await world.ok('verify', 'r.json', '--trust', 'old-trust.json');
    expect(stdout).toContain('continues the trusted head');
  });

  it('refuse a receipt to somebody without the right, by exit code 4', async () => {
    const world = await template();
    await world.ok('access', 'people', 'dan', '--actions', 'read');
    const argv = ['context', 'canteen', '--as', 'dan'];
    expect((await world.run(argv)).code).toBe(0);
    const { code, stdout, stderr } = await world.run([...argv, '--receipt', 'r.json']);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/^ACCESS_DENIED {2}.*\n {2}Ask an administrator/);
    await expect(world.read('r.json')).rejects.toThrow();
  });
});
