// SPDX-License-Identifier: Apache-2.0
// People who are known by tokens, before a vault.
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { initialPolicy } from '../../src/access/index.ts';
import { setPolicy, type Vault } from '../../src/vault/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { OFFICE_ACCESS, VaultWorld } from '../support/vault-world.ts';

const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };

const ISSUER = {
  iss: 'https://id.acme.example',
  aud: ['strongroom'],
  algs: ['EdDSA' as const],
  jwks: JSON.stringify({ keys: [jwk] }),
  prefix: 'acme',
  groups: true,
  maxTokenAge: 900,
};

const ACCESS = {
  ...OFFICE_ACCESS,
  people: { ...OFFICE_ACCESS.people, 'acme.zoe': {} },
  groups: { ...OFFICE_ACCESS.groups, 'acme.staff': [] },
  rules: [
    { path: 'news/**', allow: ['everyone'] },
    { path: 'staff/**', allow: ['staff', 'acme.staff'] },
    { path: '{people,board}/**', allow: ['board'], classification: 3 },
  ],
};

async function world(): Promise<VaultWorld> {
  const made = await VaultWorld.ingested({ access: ACCESS });
  await made.use((vault) =>
    setPolicy(vault.session, { ...initialPolicy('refuse'), issuers: [ISSUER] }),
  );
  return made;
}

function tokenOf(at: VaultWorld, sub: string, groups: readonly string[] = []): Promise<string> {
  return new SignJWT({ groups })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'one' })
    .setIssuer(ISSUER.iss)
    .setAudience('strongroom')
    .setSubject(sub)
    .setIssuedAt(at.clock.seconds)
    .setExpirationTime(at.clock.seconds + 300)
    .sign(privateKey);
}

async function reads(vault: Vault, token: string): Promise<string[]> {
  const caller = await vault.identify(token);
  const { passages } = await vault.search({ caller, query: 'leave soup merger salaries office' });
  return [...new Set(passages.map(({ source }) => source.uri.split('/')[0] ?? ''))].sort();
}

describe('a person who is known by a token', () => {
  it('reads what the directory and the groups of the token allow', async () => {
    const at = await world();
    await at.use(async (vault) => {
      expect(await reads(vault, await tokenOf(at, 'zoe'))).toEqual(['news']);
      expect(await reads(vault, await tokenOf(at, 'zoe', ['staff']))).toEqual(['news', 'staff']);
      expect(await reads(vault, await tokenOf(at, 'zoe', ['board']))).toEqual(['news']);
      expect(await reads(vault, await tokenOf(at, 'ada', ['staff']))).toEqual([]);
    });
  });

  it('gets a receipt that says how the person was known', async () => {
    const at = await world();
    await at.use(async (vault) => {
      const caller = await vault.identify(await tokenOf(at, 'zoe'));
      const { receipt } = await vault.context({ caller, query: 'soup', receipt: true });
      expect(receipt?.caller?.principal).toBe('acme.zoe');
      expect(receipt?.attest).not.toBeNull();
    });
  });

  it('INV-CALLER-EXPIRED: is served no more once the token has expired', async () => {
    const at = await world();
    await at.use(async (vault) => {
      const caller = await vault.identify(await tokenOf(at, 'zoe'));
      const search = (): Promise<unknown> => vault.search({ caller, query: 'soup' });
      at.clock.seconds += 359;
      await search();
      at.clock.seconds += 1;
      await expectRejection(search(), 'TOKEN_INVALID');
    });
  });

  it('is nobody once the policy drops the issuer, and the refusal is audited without a name', async () => {
    const at = await world();
    await at.use(async (vault) => {
      const token = await tokenOf(at, 'zoe');
      await vault.identify(token);
      await setPolicy(vault.session, initialPolicy('refuse'));
      await expectRejection(vault.identify(token), 'TOKEN_INVALID');
    });
  });

  it('cannot be brought in by a policy whose keys could be anybody’s', async () => {
    const at = await VaultWorld.founded();
    const issuer = { ...ISSUER, jwks: '{"keys":[{"kty":"oct","k":"AAAA"}]}' };
    await at.use(async ({ session }) => {
      const policy = { ...initialPolicy('refuse'), issuers: [issuer] };
      await expectRejection(setPolicy(session, policy), 'CONFIG_INVALID');
    });
  });
});
