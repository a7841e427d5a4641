// SPDX-License-Identifier: Apache-2.0
// Tokens that identify somebody, and every other kind.
import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { initialPolicy, parsePolicy, type Policy } from '../../src/access/index.ts';
import { isPrincipal } from '../../src/core/index.ts';
import { openIssuers } from '../../src/identity/issuers.ts';
import { tokenRefusalReason, TokenVerifier } from '../../src/identity/token-verifier.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { fc } from '../support/property.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';

const ISS = 'https://id.acme.example';
const AUD = 'strongroom';

interface KeyPair {
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly jwk: JWK;
  readonly spki: string;
}

async function pair(kid: string, alg = 'EdDSA'): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg };
  return { privateKey, jwk, spki: await exportSPKI(publicKey) };
}

const clock = new FixedClock();
const [one, two, rsa, stranger] = await Promise.all([
  pair('one'),
  pair('two'),
  pair('rsa', 'RS256'),
  pair('one'),
]);

function issuer(more: Partial<Policy['issuers'][number]> = {}): Policy['issuers'][number] {
  return {
    iss: ISS,
    aud: [AUD],
    algs: ['EdDSA'],
    jwks: JSON.stringify({ keys: [one.jwk] }),
    prefix: 'acme',
    groups: false,
    maxTokenAge: 900,
    ...more,
  };
}

const verifierOf = (...issuers: Policy['issuers']): TokenVerifier =>
  new TokenVerifier({ issuers }, clock);

interface TokenOptions {
  readonly claims?: JWTPayload;
  readonly by?: KeyPair;
  readonly header?: { alg: string; kid?: string };
}

function token({ claims = {}, by = one, header }: TokenOptions = {}): Promise<string> {
  const now = clock.seconds;
  const all = { iss: ISS, aud: AUD, sub: 'alice', iat: now, exp: now + 300, ...claims };
  return new SignJWT(all)
    .setProtectedHeader(header ?? { alg: 'EdDSA', kid: by.jwk.kid ?? '' })
    .sign(by.privateKey);
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  it('identifies its subject under the prefix of its issuer, until it expires', async () => {
    const found = await verifierOf(issuer()).identify(await token());
    expect(found).toEqual({
      id: 'acme.alice',
      identity: 'token',
      groups: [],
      expiresAt: clock.seconds + 300 + 60,
    });
    const long = await token({ claims: { exp: clock.seconds + 100_000 } });
    const { expiresAt } = await verifierOf(issuer()).identify(long);
    expect(expiresAt).toBe(clock.seconds + 900 + 60);
  });

  it('names groups only where the policy lets its issuer', async () => {
    const claims = { groups: ['staff', 'board', 'staff', 'two words'] };
    const named = await token({ claims });
    expect((await verifierOf(issuer()).identify(named)).groups).toEqual([]);
    const { groups } = await verifierOf(issuer({ groups: true })).identify(named);
    expect(groups.slice(0, 1)).toEqual(['acme.board']);
    expect(groups).toContain('acme.staff');
    expect(groups.length).toBe(3);
    expect(groups.every(isPrincipal)).toBe(true);
  });

  it.each([
    ['of an unknown issuer', { claims: { iss: 'https://id.other.example' } }],
    ['without issuer', { claims: { iss: undefined } }],
    ['for another audience', { claims: { aud: 'elsewhere' } }],
    ['without audience', { claims: { aud: undefined } }],
    ['without subject', { claims: { sub: undefined } }],
    ['without expiry', { claims: { exp: undefined } }],
    ['without time of issue', { claims: { iat: undefined } }],
    ['that expired', { claims: { exp: clock.seconds - 61 } }],
    ['that is not valid yet', { claims: { nbf: clock.seconds + 61 } }],
    ['issued in the future', { claims: { iat: clock.seconds + 61, exp: clock.seconds + 300 } }],
    ['that is too old', { claims: { iat: clock.seconds - 961 } }],
    ['whose signer has the right key id and another key', { by: stranger }],
    ['by a key that is not in the set', { by: two }],
  ] as [string, TokenOptions][])('%s is refused', async (_name, options) => {
    const verifier = verifierOf(issuer());
    await expectRejection(
      token(options).then((t) => verifier.identify(t)),
      'TOKEN_INVALID',
    );
  });

  it('with clocks a minute apart still counts', async () => {
    for (const claims of [{ exp: clock.seconds - 59 }, { nbf: clock.seconds + 59 }]) {
      const found = await verifierOf(issuer()).identify(await token({ claims }));
      expect(found.id).toBe('acme.alice');
    }
  });

  it('without a signature, or with one of another algorithm than the policy allows, is refused', async () => {
    const { iat, ...claims } = {
      iss: ISS,
      aud: AUD,
      sub: 'alice',
      iat: clock.seconds,
      exp: clock.seconds + 300,
    };
    const payload = encoded({ ...claims, iat });
    const none = `${encoded({ alg: 'none' })}.${payload}.`;
    const unsigned = `${encoded({ alg: 'EdDSA', kid: 'one' })}.${payload}.`;
    const both = verifierOf(issuer({ jwks: JSON.stringify({ keys: [one.jwk, rsa.jwk] }) }));
    const byRsa = await token({ by: rsa, header: { alg: 'RS256', kid: 'rsa' } });
    for (const bad of [none, unsigned, byRsa])
      await expectRejection(both.identify(bad), 'TOKEN_INVALID');
    const lenient = issuer({ jwks: JSON.stringify({ keys: [rsa.jwk] }), algs: ['RS256'] });
    expect((await verifierOf(lenient).identify(byRsa)).id).toBe('acme.alice');
  });

  it('signed with the public key as a shared secret is refused', async () => {
    const lenient = verifierOf(
      issuer({ jwks: JSON.stringify({ keys: [rsa.jwk] }), algs: ['RS256'] }),
    );
    const claims = {
      iss: ISS,
      aud: AUD,
      sub: 'alice',
      iat: clock.seconds,
      exp: clock.seconds + 300,
    };
    for (const secret of [rsa.spki, JSON.stringify(rsa.jwk), rsa.jwk.n ?? '']) {
      const input = `${encoded({ alg: 'HS256', kid: 'rsa' })}.${encoded(claims)}`;
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      await expectRejection(lenient.identify(`${input}.${mac}`), 'TOKEN_INVALID');
    }
  });

  it('cannot choose its key: other ids, paths, URLs and embedded keys are refused', async () => {
    const verifier = verifierOf(issuer());
    for (const kid of ['two', '../one', "one' OR '1", '', 'https://evil.example/key']) {
      const bad = await token({ header: { alg: 'EdDSA', kid } });
      await expectRejection(verifier.identify(bad), 'TOKEN_INVALID');
    }
    const injected = await new SignJWT({ sub: 'alice' })
      .setProtectedHeader({
        alg: 'EdDSA',
        jwk: stranger.jwk,
        jku: 'https://evil.example',
        kid: 'one',
      })
      .setIssuer(ISS)
      .setAudience(AUD)
      .setIssuedAt(clock.seconds)
      .setExpirationTime(clock.seconds + 300)
      .sign(stranger.privateKey);
    await expectRejection(verifier.identify(injected), 'TOKEN_INVALID');
  });

  it('of an old key counts until the policy drops the key', async () => {
    const old = await token();
    const fresh = await token({ by: two });
    const during = verifierOf(issuer({ jwks: JSON.stringify({ keys: [one.jwk, two.jwk] }) }));
    for (const t of [old, fresh]) expect((await during.identify(t)).id).toBe('acme.alice');
    const after = verifierOf(issuer({ jwks: JSON.stringify({ keys: [two.jwk] }) }));
    expect((await after.identify(fresh)).id).toBe('acme.alice');
    await expectRejection(after.identify(old), 'TOKEN_INVALID');
  });

  it('of one issuer never passes for one of another', async () => {
    const other = issuer({
      iss: 'https://id.partner.example',
      prefix: 'partner',
      jwks: JSON.stringify({ keys: [two.jwk] }),
    });
    const verifier = verifierOf(issuer(), other);
    const theirs = await token({ by: two, claims: { iss: other.iss } });
    expect((await verifier.identify(theirs)).id).toBe('partner.alice');
    await expectRejection(verifier.identify(await token({ by: two })), 'TOKEN_INVALID');
  });

  it('INV-TOKEN-LENGTH: longer than 16 KiB is refused', async () => {
    const long = await token({ claims: { pad: 'x'.repeat(16_384) } });
    await expectRejection(verifierOf(issuer()).identify(long), 'TOKEN_INVALID');
  });

  it('INV-TOKEN-SUBJECT: of an empty or broken subject is refused', async () => {
    for (const sub of ['', '\ud800']) {
      const verifier = verifierOf(issuer());
      await expectRejection(
        token({ claims: { sub } }).then((t) => verifier.identify(t)),
        'TOKEN_INVALID',
      );
    }
  });

  it('INV-TOKEN-GROUPS: whose groups are no list of names is refused', async () => {
    const verifier = verifierOf(issuer({ groups: true }));
    const lists = [
      'staff',
      { a: 1 },
      [1],
      [''],
      ['a', null],
      Array.from({ length: 257 }, (_, i) => `g${i}`),
    ];
    for (const groups of lists) {
      await expectRejection(
        token({ claims: { groups } }).then((t) => verifier.identify(t)),
        'TOKEN_INVALID',
      );
    }
  });

  it('that is noise is refused with a typed error', async () => {
    const verifier = verifierOf(issuer());
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 200, unit: 'binary' }), async (text) => {
        await expectRejection(verifier.identify(text), 'TOKEN_INVALID');
      }),
    );
  });

  it('tells nobody why it was refused but the audit trail', async () => {
    const verifier = verifierOf(issuer());
    const refusals = await Promise.all(
      [{ claims: { aud: 'elsewhere' } }, { claims: { exp: 1 } }].map(async (options) =>
        verifier.identify(await token(options)).catch((error: unknown) => error as Error),
      ),
    );
    const [first, second] = refusals as [Error, Error];
    expect(first.message).toBe(second.message);
    expect(tokenRefusalReason(first)).toBe('ERR_JWT_CLAIM_VALIDATION_FAILED');
    expect(tokenRefusalReason(second)).toBe('ERR_JWT_EXPIRED');
    expect(tokenRefusalReason('x')).toBe('UNKNOWN');
  });
});

describe('a policy', () => {
  const policy = (...issuers: unknown[]): unknown[] => [{ ...initialPolicy('refuse'), issuers }];

  it('allows no symmetric algorithm and none', () => {
    for (const alg of ['HS256', 'HS512', 'none', 'dir', 'A128KW']) {
      expectRefusal(() => parsePolicy(policy({ ...issuer(), algs: [alg] })), 'FORMAT_INVALID');
    }
    expect(parsePolicy(policy(issuer())).issuers.length).toBe(1);
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['no set', '{}'],
    ['an empty set', '{"keys":[]}'],
    ['a symmetric key', '{"keys":[{"kty":"oct","k":"AAAA"}]}'],
    ['a private key', JSON.stringify({ keys: [{ ...one.jwk, d: 'AAAA' }] })],
    ['two keys of one id', JSON.stringify({ keys: [one.jwk, stranger.jwk] })],
  ])('with %s as keys of an issuer is refused', (_name, jwks) => {
    expectRefusal(() => openIssuers({ issuers: [issuer({ jwks })] }), 'CONFIG_INVALID');
  });

  it('in which two issuers share a name or a prefix is refused', () => {
    const other = { iss: 'https://id.partner.example', prefix: 'partner' };
    openIssuers({ issuers: [issuer(), issuer(other)] });
    for (const more of [
      { ...other, prefix: 'acme' },
      { ...other, iss: ISS },
    ]) {
      expectRefusal(() => openIssuers({ issuers: [issuer(), issuer(more)] }), 'CONFIG_INVALID');
    }
  });
});
