// SPDX-License-Identifier: Apache-2.0
// Documentation that nobody here wrote, by the command line: ingested under an access file by guide folder, checked end to
// end, and its exported log and a receipt before verifiers that share no code with us. Three of its eleven guides, since a
// test should take seconds; the whole collection goes the same way.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CliWorld } from '../support/cli-world.ts';
import { goTools, pythonTools, reasonOf } from '../support/foreign-tools.ts';
import { hasShared, reasonIfAbsent, sharedPath } from '../support/shared-vectors.ts';
import { sharedTemporaryFolder } from '../support/temporary-folder.ts';

const DOCUMENTS = 'data/awsdocs-small/documents';
const NETWORK = ['aws-transit-gateway-guide', 'elb-application-load-balancers-user-guide'];
const SECURITY = ['amazon-guardduty-user-guide'];
const ACCESS = `
v: 1
default: refuse
owner: ada
people: { ada: { clearance: 3, actions: all }, nora: {}, sam: {} }
groups: { network: [nora, ada], security: [sam, ada] }
rules:
${NETWORK.map((guide) => `  - { path: "${guide}/**", allow: [network] }`).join('\n')}
${SECURITY.map((guide) => `  - { path: "${guide}/**", allow: [security] }`).join('\n')}
`;

/** Files below the guides. */
function count(): number {
  return [...NETWORK, ...SECURITY]
    .flatMap((guide) =>
      readdirSync(sharedPath(`${DOCUMENTS}/${guide}`), { recursive: true, withFileTypes: true }),
    )
    .filter((entry) => entry.isFile()).length;
}

describe.skipIf(!hasShared(DOCUMENTS))(`real documents${reasonIfAbsent(DOCUMENTS)}`, () => {
  const world = new CliWorld(sharedTemporaryFolder());

  beforeAll(async () => {
    await world.write('strongroom.access.yaml', ACCESS);
    await world.ok('init');
    const include = [...NETWORK, ...SECURITY].flatMap((guide) => ['--include', `${guide}/**`]);
    await world.ok('ingest', sharedPath(DOCUMENTS), ...include);
    await world.ok('log', 'export', 'log');
    await world.ok('trust', 'export', '--out', 'trust.json');
    const question = 'how are findings of a threat reported';
    await world.ok('context', question, '--as', 'sam', '--receipt', 'receipt.json');
  }, 180_000);

  it('are verified end to end, and the vault holds what the log says', async () => {
    const verified = await world.json('verify', '--all');
    expect(verified).toMatchObject({ documents: count(), failures: [] });
    expect(await world.json('fsck')).toMatchObject({ problems: [], voids: [] });
    // The second time nothing is embedded again.
    const include = [...NETWORK, ...SECURITY].flatMap((guide) => ['--include', `${guide}/**`]);
    const again = await world.json('ingest', sharedPath(DOCUMENTS), ...include);
    expect(again).toMatchObject({ unchanged: count(), added: 0, chunks: 0, signatures: 0 });
  }, 120_000);

  it('are found by those whose guides they are, and by nobody else', async () => {
    const of = async (person: string): Promise<Set<string>> => {
      const uris = await world.finds(person, 'how do I create a load balancer or a detector');
      return new Set(uris.map((uri) => uri.split('/')[0] ?? ''));
    };
    expect([...NETWORK, ...SECURITY]).toEqual(expect.arrayContaining([...(await of('ada'))]));
    expect(NETWORK).toEqual(expect.arrayContaining([...(await of('nora'))]));
    expect(await of('sam')).toEqual(new Set(SECURITY));
    expect(await of('stranger')).toEqual(new Set());
  });

  it('cost the log kilobytes, not megabytes of partial tiles', () => {
    const folder = world.at('vault/store/log');
    const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce(
        (sum, { parentPath, name }) => sum + readFileSync(path.join(parentPath, name)).length,
        0,
      );
    expect(bytes).toBeLessThan(count() * 8192);
  });

  const go = hasShared(DOCUMENTS) ? goTools() : { run: null, missing: 'no documents' };
  it.skipIf(go.run === null)(`stand in a log that the Go verifier accepts${reasonOf(go)}`, () => {
    const { stdout } = go.run?.('verify-log', [
      '-keys',
      world.at('log/keys.json'),
      '-log',
      world.at('log'),
    ]) ?? { stdout: '' };
    const size = checkpointSize(world);
    expect(stdout).toMatch(new RegExp(`^GO OK origin=\\S+ size=${size} entries=${size}\\n$`));
  });

  const python = hasShared(DOCUMENTS) ? pythonTools() : { run: null, missing: 'no documents' };
  it.skipIf(python.run === null)(
    `answer with a receipt that the Python verifier accepts${reasonOf(python)}`,
    () => {
      const ask = (receipt: string): string =>
        python.run?.('verify_receipt.py', ['--trust', world.at('trust.json'), receipt]).stdout ??
        '';
      expect(ask(world.at('receipt.json'))).toMatch(/^PROVED \d+ passages, attested/);
      const text = readFileSync(world.at('receipt.json'), 'utf8');
      writeFileSync(world.at('forged.json'), text.replace('GuardDuty', 'SnoozeDuty'));
      expect(ask(world.at('forged.json'))).toMatch(/^FALSE /);
    },
  );
});

/** Size that the exported checkpoint names. */
function checkpointSize(world: CliWorld): number {
  return Number(readFileSync(world.at('log/checkpoint'), 'utf8').split('\n')[1]);
}
