// SPDX-License-Identifier: Apache-2.0
// People, classes and policy: believed only as the ledger names them.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { encodeClassRecord } from '../../src/access/index.ts';
import { signStatement } from '../../src/provenance/index.ts';
import { objectPath, putList, putRecord } from '../../src/store/index.ts';
import { delegateKey, revokeKey, type Vault } from '../../src/vault/index.ts';
import { aclRef, directoryRef, policyRef } from '../../src/vault/inside.ts';
import { expectRejection } from '../support/tampering.ts';
import { finds, OFFICE_ACCESS, type VaultWorld, worldTemplate } from '../support/vault-world.ts';

const MERGER = 'board/merger.md';
const QUERY = 'merger with Bluebird, canteen, leave';
const world = worldTemplate();

const every = (vault: Vault): { log: string; time: number } => ({
  log: vault.session.ledger.trust.log,
  time: Math.floor(vault.session.context.clock.now() / 1000),
});

/** Puts another sealed object in the place of one that the log names. */
async function exchange(at: VaultWorld, named: string, other: string): Promise<void> {
  const store = path.join('vault', 'store');
  let bytes: Uint8Array = new Uint8Array(0);
  await at.alter(path.join(store, other), (found) => (bytes = found));
  await at.alter(path.join(store, named), () => bytes);
}

describe('a class record', () => {
  it('INV-CLASS-DIGEST: that an acl key published under the digest of another one admits nobody', async () => {
    const at = await world();
    const vault = await at.open();
    const { session } = vault;
    const { docId } = await vault.describe(MERGER);
    const { aclDigest = '' } = session.ledger.lookup('doc', docId) ?? {};
    const { access } = await vault.describe(MERGER);
    if (access.record === null) throw new Error('the document has a class');
    const wider = { ...access.record, allowGroups: ['everyone'], classification: 0 };
    const ref = aclRef('default', aclDigest);
    const bytes = encodeClassRecord(wider);
    const objectDigest = await putRecord(session.context.stores, ref, 'record', bytes);
    const predicate = { ...every(vault), aclDigest, objectDigest };
    const signer = (await session.writer()).signer('acl');
    await session.commitAll([await signStatement('acl', predicate, signer)]);
    for (const person of ['ada', 'dan'])
      expect(await finds(vault, person, QUERY)).not.toContain(MERGER);
    expect(at.codes).toContain('INTEGRITY');
    expect(await finds(vault, 'dan', QUERY)).toContain('news/canteen.md');
    vault.close();
    expect(await at.finds('dan', QUERY)).not.toContain(MERGER);
  });

  it('that is missing admits nobody, and the rest of the vault goes on', async () => {
    const at = await world();
    await rm(path.join(at.vault, 'store/obj/acl'), { recursive: true });
    expect(await at.finds('ada', QUERY)).toEqual([]);
    expect(at.codes).toContain('INTEGRITY');
    expect((await at.use((vault) => vault.verifyAll())).failures).toEqual([]);
  });
});

describe('the directory', () => {
  it('INV-DIRECTORY-TRUSTED: names nobody once its key is revoked for that time, until a new one is signed', async () => {
    const at = await world();
    const vault = await at.open();
    const keys = [...vault.session.ledger.view.state.keys.values()];
    const key = keys.find(({ role }) => role === 'directory');
    if (key === undefined) throw new Error('the vault has a directory key');
    await delegateKey(vault.session, 'directory');
    await revokeKey(vault.session, key.keyid, 'compromised', key.firstIndex);
    expect(await finds(vault, 'ada', QUERY)).toEqual([]);
    vault.close();
    expect(await at.finds('ada', QUERY)).toEqual([]);
    expect((await at.use((again) => again.setAccess(at.access))).people).toBe(true);
    expect(await at.finds('ada', QUERY)).toContain(MERGER);
  });

  it('of an older epoch in the place of the present one is refused', async () => {
    const at = await world();
    const old = await at.use((vault) =>
      Promise.resolve(vault.session.ledger.lookup('dir', 'people')),
    );
    const without = {
      ...OFFICE_ACCESS,
      groups: { ...OFFICE_ACCESS.groups, staff: ['people-ops'] },
    };
    await at.use((vault) => vault.setAccess(at.setAccess(without)));
    const now = await at.use((vault) =>
      Promise.resolve(vault.session.ledger.lookup('dir', 'people')),
    );
    if (old === null || now === null) throw new Error('the vault has people');
    const file = ({ epoch, objectDigest }: typeof old): string =>
      objectPath(directoryRef('default', epoch), objectDigest);
    await exchange(at, file(now), file(old));
    await expectRejection(at.open(), 'POLICY_TAMPERED');
  });

  it('that a holder of the data keys sealed anew is refused', async () => {
    const at = await world();
    const [named, forged] = await at.use(async ({ session }) => {
      const dir = session.ledger.lookup('dir', 'people');
      const ref = directoryRef('default', dir?.epoch ?? 0);
      const people = session.access.directory.records.map((person) => ({
        ...person,
        clearance: 9,
      }));
      const other = await putList(session.context.stores, ref, people);
      return [
        objectPath(ref, dir?.objectDigest ?? ''),
        objectPath(ref, other.objectDigest),
      ] as const;
    });
    await exchange(at, named, forged);
    await expectRejection(at.open(), 'POLICY_TAMPERED');
  });
});

describe('the policy', () => {
  it('that is missing, or was sealed anew, is refused', async () => {
    const at = await world();
    const [named, forged] = await at.use(async ({ session }) => {
      const config = session.ledger.lookup('config', 'policy');
      const ref = policyRef('default', config?.epoch ?? 0);
      const weaker = { ...session.access.policy, default: 'owner' as const };
      const other = await putList(session.context.stores, ref, [weaker]);
      return [
        objectPath(ref, config?.objectDigest ?? ''),
        objectPath(ref, other.objectDigest),
      ] as const;
    });
    await exchange(at, named, forged);
    await expectRejection(at.open(), 'POLICY_TAMPERED');
    await rm(path.join(at.vault, 'store', named));
    await expectRejection(at.open(), 'POLICY_TAMPERED');
  });
});

describe('the ledger database', () => {
  it.each([
    ['a document made live again', `'$.status'`, `'live'`],
    ['a version', `'$.version'`, '7'],
    ['an expiry', `'$.validUntil'`, '1'],
    ['a class', `'$.aclEpoch'`, '9'],
  ])('edited in %s is refused, told, and made anew from the log', async (_, field, value) => {
    const at = await world();
    await at.use((vault) => vault.delete(['news/canteen.md']));
    const before = await at.finds('dan', QUERY);
    const db = new DatabaseSync(path.join(at.vault, 'ledger.sqlite'));
    db.exec(`UPDATE leaf SET value = json_set(value, ${field}, ${value}) WHERE kind = 'doc'`);
    db.close();
    expect(await at.finds('dan', QUERY)).toEqual(before);
    expect(at.codes).toContain('LEDGER_TAMPERED');
    at.alarms.length = 0;
    expect(await at.finds('dan', QUERY)).toEqual(before);
    expect(at.codes).toEqual([]);
  });
});
