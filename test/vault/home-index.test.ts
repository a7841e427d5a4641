// SPDX-License-Identifier: Apache-2.0
// The search engine of a home, as far as it needs none: what its configuration admits and to whom a password goes.
import { expect, it } from 'vitest';
import { utf8 } from '../../src/core/index.ts';
import { homeIndex, type HomeIndexOptions } from '../../src/vault/home-index.ts';
import { parseHome } from '../../src/vault/index.ts';
import { bodyOf, serve } from '../support/aws/answering-server.ts';
import { homeAt } from '../support/aws/s3-home.ts';
import { codeRejectedBy, expectRefusal } from '../support/tampering.ts';

const options = (env: HomeIndexOptions['env']): HomeIndexOptions => ({
  config: { vaultId: '0'.repeat(32), tenantId: 'default' },
  access: { attempts: 1 },
  aws: {},
  env,
});
const wanted = { dims: 4, space: 'x', tokenKey: new Uint8Array(32), logSize: () => 1 };

it('INV-OPENSEARCH-PASSWORD: a password goes to the address that it was given for alone', async () => {
  const seen: (string | undefined)[] = [];
  const server = await serve((request, response) => {
    seen.push(request.headers.authorization);
    void bodyOf(request).then(() => {
      response.writeHead(403);
      response.end('{}');
    });
  });
  const engine = { endpoint: server.url, identity: 'basic' } as const;
  const withUser = server.url.replace('//', '//reader:pass%40word@');
  const given = await homeIndex(engine, options({ STRONGROOM_OPENSEARCH: withUser }));
  expect(await codeRejectedBy(given.open(wanted))).toBe('INDEX_REFUSED');
  expect(seen).toEqual([`Basic ${Buffer.from('reader:pass@word').toString('base64')}`]);
  for (const other of [
    'https://reader:password@search.example.org',
    withUser.replace('127', '128'),
  ]) {
    const opened = homeIndex(engine, options({ STRONGROOM_OPENSEARCH: other }));
    expect(await codeRejectedBy(opened)).toBe('CONFIG_INVALID');
  }
  expect(await codeRejectedBy(homeIndex(engine, options({})))).toBe('CONFIG_INVALID');
  expect(seen).toHaveLength(1);
  await server.close();
});

it('the section of an engine is closed', () => {
  const home = homeAt('https://s3.example.org', { objects: 'ooo', keys: 'kkk', locks: 'lll' });
  const parsed = (opensearch: object): unknown =>
    parseHome(utf8(JSON.stringify({ ...home, index: { opensearch } })));
  const engine = { endpoint: 'https://search.example.org', identity: 'basic' };
  expect(() => parsed(engine)).not.toThrow();
  expect(() => parsed({ ...engine, identity: 'sigv4', region: 'eu-central-1' })).not.toThrow();
  for (const change of [
    { identity: 'sigv4' },
    { region: 'eu-central-1' },
    { password: 'secret' },
    { endpoint: 'http://search.example.org' },
    { endpoint: 'https://me:secret@search.example.org' },
    { name: '*' },
    { writes: true },
    { identity: undefined },
  ]) {
    expectRefusal(() => parsed({ ...engine, ...change }), 'CONFIG_INVALID');
  }
});
