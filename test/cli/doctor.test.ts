// SPDX-License-Identifier: Apache-2.0
// What `doctor` finds on a machine and in a vault, each case made real.
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { runtimeFinding } from '../../src/cli/doctor-machine.ts';
import { CliWorld, cliTemplate } from '../support/cli-world.ts';

const template = cliTemplate();

/** Runs doctor. @returns exit code and every line by its first words */
async function doctor(world: CliWorld, ...argv: string[]): Promise<[number, string[]]> {
  const { code, stdout } = await world.run(['doctor', ...argv]);
  return [code, stdout.trimEnd().split('\n')];
}

describe('doctor', () => {
  it('finds everything in order in a vault that is', async () => {
    const world = await template();
    const [code, lines] = await doctor(world);
    expect(code).toBe(0);
    expect(lines.map((line) => line.slice(0, 20).trimEnd())).toEqual([
      'ok       runtime',
      'ok       disk',
      'ok       home',
      'ok       access file',
      'ok       trust',
      'ok       vault',
      'ok       key ring',
      'ok       people',
      'ok       index',
      'ok       tier',
      'ok       audit',
    ]);
    expect(lines[8]).toContain('5 documents, 6 chunks, 4 classes');
    expect((await readdir(world.folder)).filter((name) => name.includes('doctor'))).toEqual([]);
    const findings = (await world.json('doctor')) as { state: string }[];
    expect(findings.every(({ state }) => state === 'ok')).toBe(true);
  });

  it('before init says what to run, and calls it no problem', async () => {
    const [code, lines] = await doctor(new CliWorld());
    expect(code).toBe(0);
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual([
      expect.stringMatching(/home .* does not exist yet: strongroom init$/),
      expect.stringMatching(/access file .*: strongroom init writes one$/),
      expect.stringMatching(/vault .*: strongroom init, or name one by --vault$/),
    ]);
  });

  it('knows which Node.js is too old', () => {
    expect(runtimeFinding('22.12.0')).toMatchObject({ state: 'problem' });
    expect(runtimeFinding('22.13.0')).toMatchObject({ state: 'ok' });
    expect(runtimeFinding('24.0.0')).toMatchObject({ state: 'ok' });
  });

  it.skipIf(process.platform === 'win32')('sees a home that others may read', async () => {
    const world = await template();
    await chmod(world.home, 0o755);
    const [code, lines] = await doctor(world);
    expect([code, lines[2]]).toEqual([1, expect.stringMatching(/^problem {2}home .*: chmod 700 /)]);
  });

  it('sees a place that cannot be written', async () => {
    const [code, lines] = await doctor(new CliWorld(), '--vault', 'no/such/folder');
    expect([code, lines[1]]).toEqual([1, expect.stringMatching(/^problem {2}disk .*check that/)]);
  });

  it('sees an access file that is malformed, and one that is not applied', async () => {
    const world = await template();
    const text = await world.read('strongroom.access.yaml');
    await world.write(
      'strongroom.access.yaml',
      text.replace('"ben": {}', '"ben": { "clearance": 1 }'),
    );
    const [, changed] = await doctor(world);
    expect(changed).toContain(
      'warning  people       the access file names other people: strongroom access apply',
    );
    await world.ok('access', 'apply');
    expect((await doctor(world))[1].filter((line) => !line.startsWith('ok'))).toEqual([]);
    await world.write('strongroom.access.yaml', 'v: 2\n');
    const [code, lines] = await doctor(world);
    expect([code, lines[3]]).toEqual([
      1,
      expect.stringMatching(/^problem {2}access file .*line 1/),
    ]);
  });

  it('sees trust and key ring that are missing, and says how to bring them back', async () => {
    const world = await template();
    await rm(world.at('home/keyrings'), { recursive: true });
    const [code, lines] = await doctor(world);
    expect([code, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(/^problem {2}vault .*KEYRING_MISSING: .* Point STRONGROOM_HOME/),
    ]);
    await rm(world.at('home/trust'), { recursive: true });
    expect((await doctor(world))[1].at(-1)).toMatch(
      /^problem {2}trust .*TRUST_UNKNOWN: .*trust add/,
    );
  });

  it('sees roles without a key and data keys under an older one', async () => {
    const world = await template();
    const { signing } = (await world.json('keys', 'list')) as {
      signing: { role: string; keyid: string }[];
    };
    const eraser = signing.find(({ role }) => role === 'eraser')?.keyid ?? '';
    await world.ok('keys', 'revoke', eraser);
    await world.ok('keys', 'rotate');
    const [code, lines] = await doctor(world);
    expect(code).toBe(0);
    expect(lines).toContain(
      'warning  key ring     no live key for eraser: strongroom keys delegate eraser',
    );
    expect(lines.join('\n')).toMatch(
      /warning {2}key ring {5}\d+ data keys under an older wrapping/,
    );
  });

  it('sees a document that fails its proof, and an audit trail that was altered', async () => {
    const world = await template();
    await world.ok('search', 'canteen', '--as', 'dan');
    const { docId } = (await world.json('inspect', 'news/canteen.md')) as { docId: string };
    await rm(world.at('vault/store/obj/doc', docId), { recursive: true });
    for (const kind of ['segment', 'pack']) {
      await rm(world.at('vault/store/obj', kind), { recursive: true, force: true });
      await mkdir(world.at('vault/store/obj', kind));
    }
    const [trail = ''] = await readdir(world.at('home/audit'));
    const db = new DatabaseSync(path.join(world.at('home/audit'), trail));
    db.exec("UPDATE event SET line = replace(line, 'dan', 'ben'), hash = hash WHERE seq = 0");
    db.exec("UPDATE event SET line = line || ' ' WHERE seq = 0");
    db.close();
    const [code, lines] = await doctor(world);
    expect(code).toBe(1);
    expect(lines.join('\n')).toMatch(
      /problem {2}index {8}4 documents, .*; 1 of 5 failed a proof: strongroom verify --all/,
    );
    expect(lines.join('\n')).toMatch(/problem {2}audit {8}the trail was altered at event 0: /);
  });
});
