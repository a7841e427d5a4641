// SPDX-License-Identifier: Apache-2.0
// The life of keys: what wraps is rotated and rewrapped, what signs is delegated and revoked.
import { copyFile, cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hex, type Signer } from '../../src/core/index.ts';
import { LocalKeyRing } from '../../src/keys/index.ts';
import { parseVkey, rawKeyOf, signStatement, stateKey } from '../../src/provenance/index.ts';
import {
  delegateKey,
  listKeys,
  planLogKey,
  readConfig,
  revokeKey,
  rewrapKeys,
  rotateBranchKey,
  rotateLogKey,
  type Vault,
} from '../../src/vault/index.ts';
import { FileTrustStore } from '../../src/store/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { finds, OFFICE, worldTemplate } from '../support/vault-world.ts';

const LEAVE = 'staff/leave.md';
const EVERYTHING = 'salary, leave, merger, canteen, bell';
const world = worldTemplate();

async function keyOf(
  { session }: Pick<Vault, 'session'>,
  role: string,
): Promise<{ keyid: string; firstIndex: number }> {
  const { signing } = await listKeys(session);
  const key = signing.find((each) => each.role === role && each.endIndex === null);
  if (key === undefined) throw new Error(`the vault has a key for ${role}`);
  return key;
}

describe('branch keys', () => {
  it('are rotated without touching a document; new ones wrap what comes later', async () => {
    const at = await world();
    const vault = await at.open();
    const before = await listKeys(vault.session);
    expect(before.branches).toHaveLength(1);
    await rotateBranchKey(vault.session);
    await at.write('news/new.md', '# New\n\nA new thing.\n');
    await vault.ingest([at.documents], { access: at.access });
    const { branches } = await listKeys(vault.session);
    expect(branches).toHaveLength(2);
    expect(branches.every(({ rows }) => rows > 0)).toBe(true);
    expect((await vault.verifyAll()).failures).toEqual([]);
    vault.close();
    expect(await at.finds('dan', 'new thing')).toContain('news/new.md');
  });

  it('are rewrapped: every key moves, no object changes, and an old copy of the table opens nothing any more', async () => {
    const at = await world();
    const copy = path.join(at.folder, 'keys.copy');
    await copyFile(path.join(at.vault, 'keys.sqlite'), copy);
    const objects = (await at.storedFiles()).filter((file) => file.includes('/obj/doc/'));
    await at.use(async ({ session }) => {
      const to = await rotateBranchKey(session);
      const report = await rewrapKeys(session, true);
      expect(report).toMatchObject({ to, forgotten: [expect.any(String)] });
      expect(report.rows).toBeGreaterThan(5);
      expect(await rewrapKeys(session, true)).toMatchObject({ rows: 0, forgotten: [] });
      const { branches } = await listKeys(session);
      expect(branches).toMatchObject([{ version: to }]);
    });
    expect((await at.storedFiles()).filter((file) => file.includes('/obj/doc/'))).toEqual(objects);
    expect(await at.use((vault) => vault.verifyAll())).toMatchObject({
      documents: 5,
      failures: [],
    });
    expect((await at.use((vault) => vault.fsck())).problems).toEqual([]);
    await copyFile(copy, path.join(at.vault, 'keys.sqlite'));
    await expectRejection(at.open(), 'KEY_UNAVAILABLE');
  });

  it('that rewrapping leaves in the ring still open the old table', async () => {
    const at = await world();
    const vault = await at.open();
    await rotateBranchKey(vault.session);
    expect(await rewrapKeys(vault.session, false)).toMatchObject({ forgotten: [] });
    expect((await listKeys(vault.session)).branches).toMatchObject([{ rows: 0 }, {}]);
  });

  it('are rewrapped while documents come in, and none of them loses its key', async () => {
    const at = await world();
    for (let i = 0; i < 40; i++) {
      await at.write(
        `news/many-${i}.md`,
        `# Many ${i}\n\nThe ${i}th of many notes on the harbour.\n`,
      );
    }
    const vault = await at.open();
    const ingesting = vault.ingest([at.documents], { access: at.access });
    for (let i = 0; i < 3; i++) {
      await rotateBranchKey(vault.session);
      await rewrapKeys(vault.session, true);
    }
    expect(await ingesting).toMatchObject({ added: 40, failures: [] });
    expect(await vault.verifyAll()).toMatchObject({ documents: 45, failures: [] });
    expect((await vault.fsck()).problems).toEqual([]);
  });
});

describe('signing keys', () => {
  it('are listed with their role, their time and whether the ring holds them', async () => {
    const at = await world();
    const { signing } = await at.use(({ session }) => listKeys(session));
    expect(signing.map(({ role }) => role).sort()).toEqual(
      ['acl', 'directory', 'eraser', 'indexer', 'ingest', 'retriever', 'root', 'sequencer'].sort(),
    );
    expect(signing.every(({ held, endIndex }) => held && endIndex === null)).toBe(true);
  });

  it('are delegated, used from then on, and the former one can be retired without loss', async () => {
    const at = await world();
    const vault = await at.open();
    const old = await keyOf(vault, 'ingest');
    const keyid = await delegateKey(vault.session, 'ingest');
    expect(await revokeKey(vault.session, old.keyid, 'retired')).toMatchObject({ distrusted: 0 });
    await at.write(LEAVE, '# Leave\n\nForty days of leave.\n');
    await vault.ingest([at.documents], { access: at.access });
    expect((await vault.describe(LEAVE)).provenance.signer).toBe(keyid);
    expect((await finds(vault, 'ada', EVERYTHING, 50)).sort()).toEqual(Object.keys(OFFICE).sort());
    expect(await vault.verifyAll()).toMatchObject({ documents: 5, failures: [] });
  });

  it('cannot be delegated for root, nor the last root key revoked', async () => {
    const at = await world();
    const vault = await at.open();
    await expectRejection(delegateKey(vault.session, 'root'), 'USAGE');
    const root = await keyOf(vault, 'root');
    await expectRejection(revokeKey(vault.session, root.keyid, 'superseded'), 'ENTRY_REFUSED');
  });

  it('that are revoked leave the role without a key', async () => {
    const at = await world();
    const vault = await at.open();
    await revokeKey(vault.session, (await keyOf(vault, 'ingest')).keyid, 'retired');
    await expectRejection(vault.delete([LEAVE]), 'KEY_UNAVAILABLE');
    expect(await finds(vault, 'ben', 'sick leave')).toContain(LEAVE);
  });

  it('revoked for the past distrust what they signed, until the root key endorses it', async () => {
    const at = await world();
    const vault = await at.open();
    const { keyid, firstIndex } = await keyOf(vault, 'ingest');
    const revoked = await revokeKey(vault.session, keyid, 'compromised', firstIndex);
    expect(revoked).toEqual({ fromIndex: firstIndex, distrusted: 5 });
    expect(await finds(vault, 'ada', EVERYTHING)).toEqual([]);
    expect(await vault.describe(LEAVE)).toMatchObject({ status: 'distrusted', content: null });
    await endorse(vault, LEAVE);
    expect(await finds(vault, 'ada', EVERYTHING)).toEqual([LEAVE]);
    expect(await finds(vault, 'dan', EVERYTHING)).toEqual([]);
    vault.close();
    expect(await at.finds('ben', EVERYTHING)).toEqual([LEAVE]);
  });

  it('distrusted documents come back by being ingested and bound again under good keys', async () => {
    const at = await world();
    const vault = await at.open();
    for (const role of ['ingest', 'acl'] as const) {
      const { keyid, firstIndex } = await keyOf(vault, role);
      await delegateKey(vault.session, role);
      await revokeKey(vault.session, keyid, 'compromised', firstIndex);
    }
    expect(await finds(vault, 'ada', EVERYTHING)).toEqual([]);
    const report = await vault.ingest([at.documents], { access: at.access });
    expect(report.failures).toEqual([]);
    expect((await finds(vault, 'ada', EVERYTHING, 50)).sort()).toEqual(Object.keys(OFFICE).sort());
    expect(await finds(vault, 'dan', EVERYTHING, 50)).not.toContain(LEAVE);
  });
});

/** The root key vouches for head and permissions of a document. */
async function endorse(vault: Vault, name: string): Promise<void> {
  const { session } = vault;
  const { docId } = await vault.describe(name);
  const doc = session.ledger.lookup('doc', docId);
  const [root] = session.context.ring.signers('root');
  if (doc === null || root === undefined) throw new Error('the test has both');
  const predicate = {
    log: session.ledger.trust.log,
    time: Math.floor(session.context.clock.now() / 1000),
    stateKey: hex(stateKey(session.context.ring.lookupKey('id'), 'doc', docId)),
    head: { entry: doc.entry, leafHash: doc.entryLeafHash },
    aclEpoch: doc.aclEpoch,
    revokeEntry: session.ledger.head.size - 2,
  };
  await session.commitAll([await signStatement('endorse', predicate, root)]);
}

describe('the log key', () => {
  it('is rotated by the word of the root key; other machines follow, and the former key is gone', async () => {
    const at = await world();
    const elsewhere = await at.copy();
    const { head, from, to } = await at.use(({ session }) => planLogKey(session));
    const rotation = await at.use(async ({ session }) => {
      const done = await rotateLogKey(session, 'operator left');
      expect(session.ledger.head.size).toBe(head.size + 2);
      const former = rawKeyOf(parseVkey(from)!);
      await expectRejection(session.context.ring.signNote(former, former), 'KEY_UNAVAILABLE');
      return done;
    });
    expect(rotation).toEqual({ head, from, to });
    await at.write('news/new.md', '# New\n\nA new thing.\n');
    await at.ingest();
    expect(await at.finds('dan', 'new thing')).toContain('news/new.md');
    expect((await at.use((vault) => vault.fsck())).problems).toEqual([]);
    await rm(elsewhere.vault, { recursive: true });
    await cp(at.vault, elsewhere.vault, { recursive: true });
    expect(await elsewhere.finds('dan', 'new thing')).toContain('news/new.md');
    const { vaultId } = await readConfig(at.vault);
    const trust = await new FileTrustStore(elsewhere.home, vaultId).read();
    expect(trust.file.logVkey).toBe(to);
  });

  it('stays when the root key is not there', async () => {
    const at = await world();
    await at.use(async ({ session }) => {
      const key = await keyOf({ session }, 'root');
      const { ring } = session.context;
      const without = (role: string): readonly Signer[] =>
        LocalKeyRing.prototype.signers.call(ring, role).filter(({ keyid }) => keyid !== key.keyid);
      Object.assign(ring, { signers: without });
      const before = session.ledger.head;
      await expectRejection(rotateLogKey(session, 'attempt'), 'KEY_UNAVAILABLE');
      expect(session.ledger.head).toBe(before);
    });
    await at.write('news/new.md', '# New\n\nA new thing.\n');
    await at.ingest();
    expect(await at.finds('dan', 'new thing')).toContain('news/new.md');
  });
});
