// SPDX-License-Identifier: Apache-2.0
// The way to a search engine that is somebody else's: what it answers may be anything.
import { createHash } from 'node:crypto';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import util from 'node:util';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, it } from 'vitest';
import { isStrongroomError, type StrongroomError } from '../../src/core/index.ts';
import { type SearchConnection, SearchService } from '../../src/opensearch/index.ts';
import { bodyOf, serve, TEST_CREDENTIALS } from '../support/aws/answering-server.ts';
import { expectRefusal } from '../support/tampering.ts';

const PASSWORD = 'correct-horse-battery-staple';
const BASIC = Buffer.from(`operator:${PASSWORD}`).toString('base64');
const identity = { kind: 'basic', username: 'operator', password: PASSWORD } as const;
const PRIVATE = 'salaries of the board';

function serviceAt(node: string, changes: Partial<SearchConnection> = {}): SearchService {
  return new SearchService({ node, identity, attempts: 1, timeout: 2000, ...changes });
}

const ask = (service: SearchService): Promise<unknown> =>
  service.call({ method: 'POST', path: '/x/_search', body: { query: PRIVATE } });

/** The typed error of a call, after a look into every corner of it. */
async function failureOf(work: Promise<unknown>): Promise<StrongroomError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isStrongroomError(error)) throw new Error('the call should have failed in a typed way');
  const shown = util.inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
  for (const secret of [PASSWORD, BASIC, PRIVATE]) expect(shown).not.toContain(secret);
  return error;
}

it('errors hold status and type, and nothing of the request or of what the engine says', async () => {
  for (const [status, type, code] of [
    [401, 'security_exception', 'INDEX_REFUSED'],
    [403, 'security_exception', 'INDEX_REFUSED'],
    [404, 'index_not_found_exception', 'INDEX_REFUSED'],
    [400, 'mapper_parsing_exception', 'INDEX_REFUSED'],
    [429, 'rejected_execution_exception', 'INDEX_UNAVAILABLE'],
    [503, 'cluster_block_exception', 'INDEX_UNAVAILABLE'],
  ] as const) {
    const server = await serve((request, response) => {
      const reason = `${request.headers.authorization ?? ''} ${PRIVATE}`;
      response.writeHead(status, { 'content-type': 'application/json', 'x-echo': reason });
      response.end(JSON.stringify({ error: { type, reason, [reason]: reason }, status }));
    });
    const error = await failureOf(ask(serviceAt(server.url)));
    expect([error.code, error.details]).toEqual([code, { service: 'opensearch', status, type }]);
    await server.close();
  }
});

it('a refusal in plain text is known by its status', async () => {
  const server = await serve((_, response) => {
    response.writeHead(401);
    response.end('Unauthorized');
  });
  const error = await failureOf(ask(serviceAt(server.url)));
  expect([error.code, error.details]).toEqual([
    'INDEX_REFUSED',
    { service: 'opensearch', status: 401, type: null },
  ]);
  await server.close();
});

it('a type that the engine made up is not repeated', async () => {
  const server = await serve((request, response) => {
    response.writeHead(400);
    response.end(JSON.stringify({ error: { type: request.headers.authorization } }));
  });
  const error = await failureOf(ask(serviceAt(server.url)));
  expect(error.details).toMatchObject({ status: 400, type: 'other' });
  await server.close();
});

it('what fails in passing is tried again, so often and no more', async () => {
  let calls = 0;
  const server = await serve((_, response) => {
    calls += 1;
    response.writeHead(calls < 3 ? 503 : 200);
    response.end('{"took":1}');
  });
  expect(await ask(serviceAt(server.url, { attempts: 3 }))).toEqual({
    status: 200,
    body: { took: 1 },
  });
  calls = -100;
  const error = await failureOf(ask(serviceAt(server.url, { attempts: 4 })));
  expect(error.code).toBe('INDEX_UNAVAILABLE');
  expect(calls).toBe(-96);
  await server.close();
});

it('a refusal is not tried again', async () => {
  let calls = 0;
  const server = await serve((_, response) => {
    calls += 1;
    response.writeHead(403);
    response.end('{}');
  });
  await failureOf(ask(serviceAt(server.url, { attempts: 4 })));
  expect(calls).toBe(1);
  await server.close();
});

it('an answer that breaks off, is endless, late or no JSON is a typed failure', async () => {
  const cases: Record<
    string,
    (write: (text: string) => void, cut: (isEnd?: boolean) => void) => void
  > = {
    answer_cut_off: (write, cut) => {
      write('{"took":');
      setTimeout(cut, 20);
    },
    answer_malformed: (write, cut) => {
      write('<html>');
      setTimeout(() => cut(true), 20);
    },
    timeout_error: (write) => {
      write('{');
    },
    answer_too_large: (write) => {
      for (let i = 0; i < 40; i++) write('[['.repeat(1000));
    },
  };
  for (const [type, answer] of Object.entries(cases)) {
    const server = await serve((_, response) => {
      response.writeHead(200);
      const cut = (isEnd = false): void => {
        if (isEnd) response.end();
        else response.destroy();
      };
      answer((text) => response.write(text), cut);
    });
    const service = serviceAt(server.url, { timeout: 300, answerBytes: 50_000 });
    const error = await failureOf(ask(service));
    expect([error.code, error.details]).toEqual([
      'INDEX_UNAVAILABLE',
      { service: 'opensearch', status: null, type },
    ]);
    await server.close();
  }
});

it('a server that is not there, and one that hangs up, are typed failures', async () => {
  const gone = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  const hung = await failureOf(ask(serviceAt(`http://127.0.0.1:${port}`)));
  await new Promise((resolve) => gone.close(resolve));
  const absent = await failureOf(ask(serviceAt(`http://127.0.0.1:${port}`)));
  for (const error of [hung, absent]) {
    expect(error.details).toEqual({
      service: 'opensearch',
      status: null,
      type: 'connection_error',
    });
  }
});

it('redirects are not followed', async () => {
  let strayed = 0;
  const elsewhere = await serve((_, response) => {
    strayed += 1;
    response.end('{}');
  });
  const server = await serve((_, response) => {
    response.writeHead(307, { location: `${elsewhere.url}/x` });
    response.end();
  });
  const error = await failureOf(ask(serviceAt(server.url)));
  expect(error.details).toMatchObject({ status: 307 });
  expect(strayed).toBe(0);
  await Promise.all([server.close(), elsewhere.close()]);
});

it('INV-OPENSEARCH-TLS: nothing goes to another machine in clear', () => {
  expectRefusal(() => serviceAt('http://search.example.org:9200'), 'CONFIG_INVALID');
  expectRefusal(() => serviceAt('ftp://127.0.0.1'), 'CONFIG_INVALID');
  expect(serviceAt('https://search.example.org')).toBeInstanceOf(SearchService);
});

it('INV-OPENSEARCH-ADDRESS: an address holds no credentials', () => {
  for (const node of ['https://me:secret@search.example.org', 'https://me@x', 'nowhere', '']) {
    expectRefusal(() => serviceAt(node), 'CONFIG_INVALID');
  }
});

it('signed requests carry the signature that AWS computes', async () => {
  const seen: { verified: boolean }[] = [];
  const region = 'eu-central-1';
  const server = await serve((request, response) => {
    void bodyOf(request).then(async (body) => {
      const { authorization = '', ...headers } = request.headers as Record<string, string>;
      const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
      const signer = new SignatureV4({
        service: 'es',
        region,
        credentials: TEST_CREDENTIALS,
        sha256: Sha256,
      });
      const url = new URL(request.url ?? '', 'http://x');
      const date = headers['x-amz-date'] ?? '';
      const signed = await signer.sign(
        {
          method: request.method ?? '',
          protocol: 'http:',
          hostname: '127.0.0.1',
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? ''])),
          body,
        },
        { signingDate: new Date(date.replace(/^(....)(..)(..T..)(..)(.*)$/, '$1-$2-$3:$4:$5')) },
      );
      const signature = (text: string | undefined): string | undefined =>
        /Signature=([0-9a-f]{64})/.exec(text ?? '')?.[1];
      const expected = signature(signed.headers['authorization']);
      seen.push({ verified: expected !== undefined && expected === signature(authorization) });
      response.end('{}');
    });
  });
  const credentials = (): Promise<typeof TEST_CREDENTIALS> => Promise.resolve(TEST_CREDENTIALS);
  const service = serviceAt(server.url, { identity: { kind: 'sigv4', region, credentials } });
  await service.call({ method: 'GET', path: '/x/_search', query: { size: 3, timeout: '1s' } });
  await service.call({ method: 'POST', path: '/x/_search', body: { query: 'Grüße' } });
  await service.call({ method: 'POST', path: '/_bulk', lines: [{ index: {} }, { a: 1 }] });
  expect(seen).toEqual([{ verified: true }, { verified: true }, { verified: true }]);
  await server.close();
});

/** The hash that the signer asks for. */
class Sha256 {
  readonly #chunks: Uint8Array[] = [];
  readonly #key: Uint8Array | null;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#key = key === undefined ? null : bytes(key);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#chunks.push(bytes(data));
  }

  digest(): Promise<Uint8Array> {
    const data = Buffer.concat(this.#chunks);
    if (this.#key === null) return Promise.resolve(sha256(data));
    // HMAC (RFC 2104), since the hash may be keyed.
    const key = Buffer.alloc(64);
    key.set(this.#key.length > 64 ? sha256(this.#key) : this.#key);
    const pad = (byte: number): Buffer => Buffer.from(key.map((k) => k ^ byte));
    const inner = sha256(Buffer.concat([pad(0x36), data]));
    return Promise.resolve(sha256(Buffer.concat([pad(0x5c), inner])));
  }

  reset(): void {
    this.#chunks.length = 0;
  }
}

function sha256(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest();
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
