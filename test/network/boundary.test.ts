// SPDX-License-Identifier: Apache-2.0
// A network boundary as clients meet it, over real connections on this machine.
import { execFile } from 'node:child_process';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import { awsCall, awsClient } from '../../src/aws/index.ts';
import { isStrongroomError } from '../../src/core/index.ts';
import { endpointEmbedder } from '../../src/embed/index.ts';
import { boundedFetch, NetworkBoundary } from '../../src/network/index.ts';
import { SearchService } from '../../src/opensearch/connection.ts';
import { serve, testConnection } from '../support/aws/answering-server.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';

/** Answers names with these addresses, in turn; the last one for ever. What it was asked. */
function resolving(...answers: (readonly string[])[]): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const resolver: LookupFunction = (name, options, done) => {
    asked.push(name);
    const addresses = answers.length > 1 ? answers.shift()! : answers[0]!;
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all === true) done(null, all);
    else done(null, all[0]!.address, all[0]!.family);
  };
  return Object.assign(resolver, { asked });
}

async function server(): Promise<{ port: string; requests: string[] }> {
  const requests: string[] = [];
  const running = await serve((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  onTestFinished(() => running.close());
  return { port: new URL(running.url).port, requests };
}

const init = {
  method: 'POST',
  headers: {},
  body: 'a body',
  redirect: 'error',
  signal: AbortSignal.timeout(10_000),
} as const;

/** How each kind of client reaches a host. */
const CLIENTS: Readonly<
  Record<string, (boundary: NetworkBoundary, host: string) => Promise<unknown>>
> = {
  fetch: (boundary, host) => boundedFetch(boundary)(`http://${host}/`, init),
  'fetch over TLS': (boundary, host) => boundedFetch(boundary)(`https://${host}/`, init),
  AWS: (boundary, host) => {
    const kms = awsClient(KMSClient, testConnection(`http://${host}`, { boundary }));
    return awsCall('kms', () => kms.send(new DescribeKeyCommand({ KeyId: 'k' })));
  },
  'AWS over TLS': (boundary, host) => {
    const kms = awsClient(KMSClient, testConnection(`https://${host}`, { boundary }));
    return awsCall('kms', () => kms.send(new DescribeKeyCommand({ KeyId: 'k' })));
  },
  'AWS over HTTP/2': (boundary, host) => {
    const more = { boundary, http2: true };
    const kms = awsClient(KMSClient, testConnection(`http://${host}`, more));
    return awsCall('kms', () => kms.send(new DescribeKeyCommand({ KeyId: 'k' })));
  },
  OpenSearch: async (boundary, host) => {
    const node = `https://${host}`;
    const client = new SearchService({ node, identity: { kind: 'none' }, boundary, attempts: 1 });
    await client.call({ method: 'GET', path: '/' }).finally(() => client.close());
  },
};

const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'reached',
    (error: unknown) => (isStrongroomError(error) ? error.code : 'another failure'),
  );

describe.each(Object.entries(CLIENTS))('a boundary around %s', (name, reach) => {
  const isPlain = !/TLS|HTTP\/2|OpenSearch/.test(name);

  it('INV-NETWORK-ADDRESS: makes no connection to a name whose address is public', async () => {
    const { port, requests } = await server();
    for (const addresses of [
      ['203.0.113.7'],
      ['2606:4700::1111'],
      ['::ffff:203.0.113.7'],
      ['127.0.0.1', '203.0.113.7'],
      ['203.0.113.7', '127.0.0.1'],
    ]) {
      const boundary = new NetworkBoundary({
        hosts: ['*.vpce.test'],
        resolver: resolving(addresses),
      });
      expect(await outcome(reach(boundary, `kms.vpce.test:${port}`))).toBe('NETWORK_REFUSED');
    }
    expect(requests).toEqual([]);
  });

  it('INV-NETWORK-HOST: neither resolves nor reaches a host that is not named', async () => {
    const { port, requests } = await server();
    const resolver = resolving(['127.0.0.1']);
    const boundary = new NetworkBoundary({ hosts: ['*.vpce.test', '203.0.113.7'], resolver });
    for (const host of [
      'kms.test',
      'vpce.test',
      'kms.vpce.test.evil.test',
      'kmsvpce.test',
      '127.0.0.1',
      '[::1]',
      '203.0.113.7',
      '[::ffff:127.0.0.1]',
      'localhost',
    ])
      expect(await outcome(Promise.resolve().then(() => reach(boundary, `${host}:${port}`)))).toBe(
        'NETWORK_REFUSED',
      );
    expect(resolver.asked).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('looks at each connection anew: a name that was private may be public a moment later', async () => {
    const { port, requests } = await server();
    const resolver = resolving(['127.0.0.1'], ['203.0.113.7']);
    const boundary = new NetworkBoundary({ hosts: ['*.vpce.test'], resolver });
    const first = await outcome(reach(boundary, `kms.vpce.test:${port}`));
    // The server speaks neither TLS nor HTTP/2.
    if (isPlain) expect(first).toBe('reached');
    if (isPlain) expect(requests).toHaveLength(1);
    expect(await outcome(reach(boundary, `kms.vpce.test:${port}`))).toBe('NETWORK_REFUSED');
    expect(requests).toHaveLength(isPlain ? 1 : 0);
  });
});

describe('a boundary', () => {
  it('takes a name in any case, with a dot at its end, and literal addresses that are named', () => {
    const boundary = new NetworkBoundary({ hosts: ['*.VPCE.test', '127.0.0.1', '::1', 'a.test.'] });
    const yes = ['kms.vpce.TEST', 'kms.vpce.test.', '127.0.0.1', '::1', '[::1]', 'A.test'];
    expect(yes.filter((host) => !boundary.permits(host))).toEqual([]);
    for (const host of ['127.0.0.2', 'b.test', '', '.', 'vpce.test'])
      expectRefusal(() => boundary.check(host), 'NETWORK_REFUSED');
    for (const hosts of [[''], ['*'], ['*.'], ['a b'], ['http://a.test'], ['a.*.test'], ['a/b']])
      expectRefusal(() => new NetworkBoundary({ hosts }), 'USAGE');
  });

  it('is that of Amazon’s hosts when none is named', () => {
    const boundary = new NetworkBoundary();
    expect(boundary.permits('kms.eu-central-1.amazonaws.com')).toBe(true);
    expect(boundary.permits('amazonaws.com.evil.test')).toBe(false);
  });

  it('tells before the first call whether a host can be reached', async () => {
    const hosts = ['*.vpce.test', '127.0.0.1'];
    const inside = new NetworkBoundary({ hosts, resolver: resolving(['10.0.0.1']) });
    await inside.verify('kms.vpce.test');
    await inside.verify('127.0.0.1');
    await expectRejection(inside.verify('8.8.8.8'), 'NETWORK_REFUSED');
    const outside = new NetworkBoundary({ hosts, resolver: resolving(['8.8.8.8']) });
    await expectRejection(outside.verify('kms.vpce.test'), 'NETWORK_REFUSED');
    const none = new NetworkBoundary({ hosts, resolver: resolving([]) });
    await expectRejection(none.verify('kms.vpce.test'), 'NETWORK_REFUSED');
  });

  it('carries HTTP/2', async () => {
    const http2 = createHttp2((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end('{"KeyMetadata":{"KeyId":"k"}}');
    });
    await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve));
    const { port } = http2.address() as AddressInfo;
    const boundary = new NetworkBoundary({
      hosts: ['*.vpce.test'],
      resolver: resolving(['127.0.0.1']),
    });
    const connection = { boundary, http2: true };
    const kms = awsClient(KMSClient, testConnection(`http://kms.vpce.test:${port}`, connection));
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'k' }));
    expect(KeyMetadata?.KeyId).toBe('k');
    kms.destroy();
    http2.close();
  });

  it('keeps the texts of an embedding service inside', async () => {
    const { port, requests } = await server();
    const url = `http://embed.vpce.test:${port}/v1/embeddings`;
    const boundary = new NetworkBoundary({
      hosts: ['*.vpce.test'],
      resolver: resolving(['203.0.113.7']),
    });
    const options = { url, model: 'm', dims: 4, retries: 0, fetch: boundedFetch(boundary) };
    await expectRejection(endpointEmbedder(options).embedQuery('a'), 'NETWORK_REFUSED');
    expect(requests).toEqual([]);
  });

  it('follows no redirect', async () => {
    const { port, requests } = await server();
    const running = await serve((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end();
    });
    onTestFinished(() => running.close());
    const bounded = boundedFetch(new NetworkBoundary({ hosts: ['127.0.0.1'] }));
    await expectRejection(bounded(running.url, init), 'NETWORK_REFUSED');
    expect(requests).toEqual([]);
  });

  it('ignores the proxy that the environment names', async () => {
    const proxied: string[] = [];
    const proxy = await serve((request, response) => {
      proxied.push(request.url ?? '');
      response.end('from the proxy');
    });
    const direct = await serve((_, response) => void response.end('direct'));
    onTestFinished(() => Promise.all([proxy.close(), direct.close()]).then(() => undefined));
    const code = `
      import { get } from 'node:http';
      import { Readable } from 'node:stream';
      import { boundedFetch, NetworkBoundary } from './src/network/index.ts';
      const bounded = boundedFetch(new NetworkBoundary({ hosts: ['127.0.0.1'] }));
      const signal = AbortSignal.timeout(10_000);
      const init = { method: 'POST', headers: {}, body: 'x', redirect: 'error', signal };
      const plain = new Promise((resolve) => {
        get('${direct.url}', (answer) => resolve(new Response(Readable.toWeb(answer))));
      });
      const answers = [await bounded('${direct.url}', init), await plain];
      console.log((await Promise.all(answers.map((answer) => answer.text()))).join());
      process.exit();`;
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
    const env = {
      ...process.env,
      NODE_USE_ENV_PROXY: '1',
      ...Object.fromEntries(names.map((name) => [name, proxy.url])),
      NO_PROXY: '',
      no_proxy: '',
    };
    const args = ['--input-type=module', '-e', code];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout.trim()).toBe('direct,from the proxy');
    expect(proxied).toHaveLength(1);
  });
});
