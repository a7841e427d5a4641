// SPDX-License-Identifier: Apache-2.0
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { initialPolicy, type Policy } from '../../src/access/index.ts';
import { objectPath, putList } from '../../src/store/index.ts';
import { setPolicy } from '../../src/vault/index.ts';
import { directoryRef } from '../../src/vault/inside.ts';
import { eventsOf, expectStopped, onEachVault, type Target } from '../support/attack-world.ts';
import { withDataKeys } from '../support/insider.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { codeRejectedBy } from '../support/tampering.ts';
import { OFFICE_ACCESS, VaultWorld } from '../support/vault-world.ts';

/** Path of the sealed directory that the log names, on disk. */
async function directoryFile(world: VaultWorld): Promise<string> {
  return world.use(({ session }) => {
    const dir = session.ledger.lookup('dir', 'people')!;
    const name = objectPath(directoryRef('default', dir.epoch), dir.objectDigest);
    return Promise.resolve(path.join(world.vault, 'store', name));
  });
}

/** A vault in which dan was among the staff, and is not any more; and its directory of then. */
async function dismissed(target: Target): Promise<{ world: VaultWorld; oldFile: string }> {
  const world = await target.copy();
  const groups = { ...OFFICE_ACCESS.groups, staff: ['ben', 'dan', 'people-ops'] };
  await world.use((vault) => vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, groups })));
  const old = await world.copy();
  await world.use((vault) => vault.setAccess(world.setAccess(OFFICE_ACCESS)));
  return { world, oldFile: await directoryFile(old) };
}

const ISS = 'https://id.acme.example';
const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
const stranger = await generateKeyPair('EdDSA', { extractable: true });

/** The one issuer of the policy; it may not name groups. */
async function issuer(): Promise<Policy['issuers'][number]> {
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] });
  const names = { iss: ISS, aud: ['strongroom'], prefix: 'acme' };
  return { ...names, algs: ['EdDSA'], jwks, groups: false, maxTokenAge: 900 };
}

/** A token for dan, right unless something is said otherwise. */
function tokenOf(
  now: number,
  claims: JWTPayload = {},
  { key = privateKey, header = {} }: { key?: typeof privateKey | Uint8Array; header?: object } = {},
): Promise<string> {
  const times = { iat: now, exp: now + 300 };
  return new SignJWT({
    iss: ISS,
    aud: 'strongroom',
    sub: 'dan',
    groups: ['board'],
    ...times,
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'one', ...header })
    .sign(key);
}

/** Tokens of people who hold no key of the issuer, or whose tokens are not for here and now. */
async function forgedTokens(now: number): Promise<string[]> {
  const good = await tokenOf(now);
  const [head = '', body = '', signature = ''] = good.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const ada = Buffer.from(
    Buffer.from(body, 'base64url').toString().replace('"dan"', '"ada"'),
  ).toString('base64url');
  const jwk = await exportJWK(stranger.publicKey);
  return [
    '',
    'x.y.z',
    `${none}.${body}.`,
    `${none}.${body}.${signature}`,
    `${head}.${ada}.${signature}`,
    `${head}.${body}.`,
    await tokenOf(now, {}, { key: stranger.privateKey }),
    await tokenOf(now, {}, { key: stranger.privateKey, header: { jwk } }),
    await tokenOf(now, {}, { key: stranger.privateKey, header: { kid: '../../dev/null' } }),
    await tokenOf(
      now,
      {},
      { key: new TextEncoder().encode(await exportSPKI(publicKey)), header: { alg: 'HS256' } },
    ),
    await tokenOf(now, { aud: 'elsewhere' }),
    await tokenOf(now, { iss: 'https://id.evil.example' }),
    await tokenOf(now, { exp: now - 61 }),
    await tokenOf(now, { iat: now - 2000, exp: now + 300 }),
    await tokenOf(now, { iat: now + 1000, exp: now + 1300 }),
    await tokenOf(now, { sub: '' }),
  ];
}

move(
  {
    id: 'A34',
    title: 'add oneself to a group: edit, replace, replay or delete the directory; forge a token',
    by: 'the directory is sealed, signed and committed to in the log, epoch by epoch; issuers and keys are in the signed policy',
    codes: ['POLICY_TAMPERED', 'TOKEN_INVALID'],
  },
  () => {
    onEachVault((target) => {
      const stopped = { codes: ['POLICY_TAMPERED'], person: 'dan', passages: 'none' } as const;

      it('is refused with the directory of an older epoch, or without one', async () => {
        const { world, oldFile } = await dismissed(target);
        const gone = await world.copy();
        await copyFile(oldFile, await directoryFile(world));
        await expectStopped(target, world, stopped);
        await rm(await directoryFile(gone));
        await expectStopped(target, gone, stopped);
      });

      it('is refused when an insider with the data keys seals another one', async () => {
        const damaged = await target.copy();
        const file = await directoryFile(damaged);
        await withDataKeys(damaged, async ({ stores, session }) => {
          const { epoch, objectDigest } = session.ledger.lookup('dir', 'people')!;
          const people = session.access.directory.records.map((record) => ({
            ...record,
            groups: ['board', 'people-ops', 'staff'],
            clearance: 9,
          }));
          const ref = directoryRef('default', epoch);
          const forged = await putList(stores, ref, people);
          expect(forged.objectDigest).not.toBe(objectDigest);
          const name = path.join(damaged.vault, 'store', objectPath(ref, forged.objectDigest));
          await copyFile(name, file);
        });
        await expectStopped(target, damaged, stopped);
      });

      it('names the epoch that a decision was made from', async () => {
        const { world } = await dismissed(target);
        await world.use(async (vault) => {
          const name = target.documents.find((each) => each.startsWith('staff/'))!;
          const explained = await vault.explain(name, 'dan');
          expect(explained).toMatchObject({ allowed: false, directoryEpoch: 3 });
          tried();
        });
      });
    });

    it('is refused with every kind of forged token, and only the audit trail knows why', async () => {
      const world = await VaultWorld.ingested();
      const policy = { ...initialPolicy('refuse'), issuers: [await issuer()] };
      await world.use((vault) => setPolicy(vault.session, policy));
      const vault = await world.open();
      const tokens = await forgedTokens(world.clock.seconds);
      for (const token of tokens) {
        const code = await codeRejectedBy(vault.identify(token));
        expect(code).toBe('TOKEN_INVALID');
        refused(code);
      }
      const caller = await vault.identify(await tokenOf(world.clock.seconds));
      // The issuer may not name groups here: what the token says of them does not count.
      expect(caller).toMatchObject({ id: 'acme.dan', groups: [] });
      vault.close();
      const refusals = (await eventsOf(world)).filter(({ event, outcome }) => {
        return event === 'identify' && outcome === 'refused';
      });
      expect(refusals).toHaveLength(tokens.length);
    });

    it('is void in the log with an old epoch, a skipped one, or another key', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      replica.accept(await author.list('directory', 1));
      for (const epoch of [0, 1, 3, 2 ** 40]) {
        replica.refuse(await author.list('directory', epoch), 'EPOCH');
        tried();
      }
      for (const by of ['root', 'acl', 'ingest', 'sequencer', 'retriever', 'indexer', 'eraser']) {
        replica.refuse(await author.list('directory', 2, by), 'SCOPE');
        tried();
      }
      replica.refuse(await author.list('directory', 2, 'nobody'), 'SIGNATURE');
      tried();
    });
  },
);
