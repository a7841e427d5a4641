// SPDX-License-Identifier: Apache-2.0
// Vaults whose heads others vouch for.
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { initialPolicy, stricterPolicy } from '../../src/access/index.ts';
import { systemRandom, utf8 } from '../../src/core/index.ts';
import { signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { rawKeyOf, vkeyOf } from '../../src/provenance/note.ts';
import { FileTrustStore } from '../../src/store/index.ts';
import {
  compareHead,
  cosignHead,
  planLogKey,
  rotateLogKey,
  setPolicy,
} from '../../src/vault/index.ts';
import { Witness, witnessServer } from '../../src/witness/index.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';
import { VaultWorld } from '../support/vault-world.ts';

interface Running {
  readonly url: string;
  readonly witness: Witness;
  stop(): Promise<void>;
}

async function running(world: VaultWorld, name = 'one'): Promise<Running> {
  const directory = path.join(world.folder, `witness-${name}`);
  await Witness.create({ directory }, `witness.example/${name}`, systemRandom);
  const witness = await Witness.open({ directory, clock: world.clock, onAlarm: () => undefined });
  await witness.addLog(await logVkey(world));
  const server = witnessServer(witness).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    witness.close();
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, witness, stop };
}

function logVkey(world: VaultWorld): Promise<string> {
  return world.use((vault) => Promise.resolve(vault.session.ledger.trust.file.logVkey));
}

async function configure(world: VaultWorld, more: object): Promise<void> {
  const file = path.join(world.vault, 'strongroom.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...config, ...more }));
}

const checkpointFile = (world: VaultWorld): string =>
  path.join(world.vault, 'store', 'log', world.options.tenantId ?? 'default', 'checkpoint');

async function policyWith(world: VaultWorld, ...vkeys: string[]): Promise<boolean> {
  const policy = { ...initialPolicy('refuse'), witnesses: { vkeys, k: vkeys.length } };
  return world.use((vault) => setPolicy(vault.session, policy));
}

const search = (world: VaultWorld): Promise<string[]> => world.finds('ada', 'soup on Mondays');

describe('a vault whose policy demands a witness', () => {
  it('has every head cosigned and answers', async () => {
    const world = await VaultWorld.ingested();
    const { url, witness } = await running(world);
    await configure(world, { witnesses: [url] });
    expect(await policyWith(world, witness.vkey)).toBe(true);
    expect(await policyWith(world, witness.vkey)).toBe(false);
    await world.write('news/garden.md', '# Garden\n\nThe garden has a pond with soup bowls.\n');
    await world.ingest();
    expect(await search(world)).toContain('news/canteen.md');
    expect(await readFile(checkpointFile(world), 'utf8')).toContain('witness.example/one');
  });

  it('answers nobody from a head without the line of the witness, until it is cosigned again', async () => {
    const world = await VaultWorld.ingested();
    const { url, witness } = await running(world);
    await configure(world, { witnesses: [url] });
    await policyWith(world, witness.vkey);
    const lines = (await readFile(checkpointFile(world), 'utf8')).split('\n');
    await writeFile(checkpointFile(world), lines.filter((l) => !l.includes('witness')).join('\n'));
    await expectRejection(search(world), 'WITNESS_QUORUM');
    expect(await world.use((vault) => cosignHead(vault.session))).toBe(1);
    expect(await search(world)).toContain('news/canteen.md');
  });

  it('acknowledges nothing while the witness is away, and finishes the batch when it is back', async () => {
    const world = await VaultWorld.ingested();
    const { url, witness, ...rest } = await running(world);
    await configure(world, { witnesses: [url] });
    await policyWith(world, witness.vkey);
    const { vkey } = witness;
    await rest.stop();
    const before = await readFile(checkpointFile(world), 'utf8');
    await expectRejection(
      world.use((vault) => vault.delete(['news/canteen.md'])),
      'WITNESS_QUORUM',
    );
    expect(await readFile(checkpointFile(world), 'utf8')).toBe(before);
    expect(world.codes).toContain('WITNESS_UNREACHABLE');
    const directory = path.join(world.folder, 'witness-one');
    const again = await Witness.open({ directory, clock: world.clock, onAlarm: () => undefined });
    expect(again.vkey).toBe(vkey);
    const server = witnessServer(again).listen(Number(new URL(url).port), '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
      again.close();
    });
    await world.use(async (vault) => {
      await vault.session.writer();
      await expectRejection(vault.delete(['news/canteen.md']), 'NOT_FOUND');
    });
    expect(await search(world)).not.toContain('news/canteen.md');
  });

  it('goes on under another log key once the witness knows it', async () => {
    const world = await VaultWorld.ingested();
    const { url, witness } = await running(world);
    await configure(world, { witnesses: [url] });
    await policyWith(world, witness.vkey);
    await world.use(({ session }) => cosignHead(session));
    await expectRejection(
      world.use(({ session }) => rotateLogKey(session, 'routine')),
      'WITNESS_QUORUM',
    );
    expect(await search(world)).toContain('news/canteen.md');
    const before = await logVkey(world);
    const next = await world.use(async ({ session }) => {
      const { ring } = session.context;
      const held = await ring.nextLogKey(rawKeyOf(session.ledger.trust.logKey));
      return vkeyOf(session.ledger.trust.log, held);
    });
    await witness.changeLogKey(next);
    await world.use(({ session }) => session.writer());
    expect(await logVkey(world)).toBe(next);
    expect(next).not.toBe(before);
    const second = await world.use(({ session }) => planLogKey(session));
    expect(second.from).toBe(next);
    await witness.changeLogKey(second.to);
    await world.use(({ session }) => rotateLogKey(session, 'once more'));
    expect(await logVkey(world)).toBe(second.to);
    expect(await search(world)).toContain('news/canteen.md');
  });

  it('refuses policies that no head could meet', async () => {
    const world = await VaultWorld.founded();
    const { witness } = await running(world);
    const vkeys = [witness.vkey];
    await world.use(async ({ session }) => {
      const policy = initialPolicy('refuse');
      const set = (witnesses: object): Promise<boolean> =>
        setPolicy(session, { ...policy, witnesses });
      await expectRejection(set({ vkeys, k: 2 }), 'USAGE');
      await expectRejection(set({ vkeys: [...vkeys, ...vkeys], k: 2 }), 'USAGE');
      await expectRejection(set({ vkeys: ['nonsense'], k: 1 }), 'TRUST_INVALID');
      await expectRejection(setPolicy(session, { ...policy, extra: 1 }), 'FORMAT_INVALID');
    });
  });

  it('INV-POLICY-WITNESSES: refuses a local file that demands fewer witnesses than the policy', () => {
    const signed = { ...initialPolicy('refuse'), witnesses: { vkeys: ['a', 'b'], k: 2 } };
    expectRefusal(() => stricterPolicy(signed, { witnesses: { k: 1 } }), 'CONFIG_INVALID');
    expect(stricterPolicy(signed, { witnesses: { k: 3 } }).witnesses.k).toBe(3);
    expect(stricterPolicy(signed, {}).witnesses.k).toBe(2);
  });
});

describe('comparing heads with others', () => {
  it('knows the same head and earlier ones', async () => {
    const world = await VaultWorld.ingested();
    const early = await readFile(checkpointFile(world));
    await world.use(async (vault) => {
      expect((await compareHead(vault.session, early)).relation).toBe('same');
      await vault.delete(['news/canteen.md']);
      expect((await compareHead(vault.session, early)).relation).toBe('earlier');
    });
  });

  it('INV-COMPARE-NEWER: says that somebody has seen more than the store shows here', async () => {
    const world = await VaultWorld.ingested();
    const behind = await world.copy();
    await world.use((vault) => vault.delete(['news/canteen.md']));
    const newer = await readFile(checkpointFile(world));
    const compared = behind.use((vault) => compareHead(vault.session, newer));
    // Not any rollback: the one that names what somebody has seen.
    await expect(compared).rejects.toMatchObject({
      code: 'ROLLBACK',
      message: expect.stringContaining('somebody has seen') as string,
    });
  });

  it('keeps the evidence of two histories, signed by one log key', async () => {
    const world = await VaultWorld.ingested();
    await world.use(async ({ session }) => {
      const { head, trust } = session.ledger;
      const forged = { size: head.size - 1, root: new Uint8Array(32).fill(9) };
      const { ring } = session.context;
      const note = await signCheckpoint(trust.log, forged, trust.logKey, (text) =>
        ring.signNote(text, ring.logPublicKey),
      );
      await expectRejection(compareHead(session, utf8(note)), 'SPLIT_VIEW');
      const folder = path.join(world.home, 'evidence', session.context.config.vaultId);
      const [file = ''] = await readdir(folder);
      expect(JSON.parse(await readFile(path.join(folder, file), 'utf8'))).toMatchObject({
        v: 'sr/evidence/v1',
        seen: { size: head.size - 1, note },
        found: { size: head.size, note: head.note },
      });
    });
    expect(world.codes).toContain('SPLIT_VIEW');
  });

  it('keeps the note of the newest head beside the trust file, for the day when the store shows another', async () => {
    const world = await VaultWorld.ingested();
    await world.use(async ({ session }) => {
      const { head } = session.ledger;
      const trust = new FileTrustStore(world.home, session.context.config.vaultId);
      expect(await trust.seenNote(head)).toBe(head.note);
      expect(await trust.seenNote({ ...head, size: head.size + 1 })).toBeNull();
    });
  });
});
