// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { endpointEmbedder, type EndpointOptions, hashEmbedder } from '../../src/embed/index.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';

const KEY = 'sk-very-secret';
const model = hashEmbedder();
const { dims } = model.identity;

interface Request {
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly model: string; readonly input: string[]; readonly dimensions?: number };
}
type Reply = (request: Request, response: ServerResponse) => Promise<void> | void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A service on this machine; what it was asked, and an embedder over it. */
async function serve(reply: Reply, options: Partial<EndpointOptions> = {}) {
  const requests: Request[] = [];
  const server = createServer((incoming, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const body = JSON.parse(Buffer.concat(parts).toString()) as Request['body'];
      const request = { headers: incoming.headers, body };
      requests.push(request);
      await reply(request, response);
    })();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings`;
  const fast = { url, model: 'test-model', dims, apiKey: KEY, retryDelay: 1 };
  return { requests, embedder: endpointEmbedder({ ...fast, ...options }) };
}

/** What a service should do; the vectors stand in reverse order, as the API allows. */
const honest: Reply = async ({ body }, response) => {
  const vectors = await model.embedDocuments(body.input);
  const data = vectors.map((vector, index) => ({ index, embedding: [...vector] })).reverse();
  response.end(JSON.stringify({ object: 'list', data }));
};

const answering =
  (value: unknown): Reply =>
  (_, response) =>
    void response.end(typeof value === 'string' ? value : JSON.stringify(value));

describe('an embedder over a service', () => {
  it('gives its vectors in the order of the texts, batch by batch', async () => {
    const { embedder, requests } = await serve(honest, { batch: 3 });
    const texts = Array.from({ length: 7 }, (_, at) => `text ${at}`);
    expect(await embedder.embedDocuments(texts)).toEqual(await model.embedDocuments(texts));
    expect(requests.map(({ body }) => body.input.length)).toEqual([3, 3, 1]);
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(requests[0]?.body).toMatchObject({ model: 'test-model', encoding_format: 'float' });
    expect(await embedder.embedDocuments([])).toEqual([]);
  });

  it('puts the wanted words before questions and passages', async () => {
    const prefixes = { document: 'passage: ', query: 'query: ' };
    const { embedder, requests } = await serve(honest, { prefixes, shorten: true });
    await embedder.embedDocuments(['a']);
    expect(await embedder.embedQuery('b')).toEqual(await model.embedQuery('query: b'));
    expect(requests.map(({ body }) => body.input[0])).toEqual(['passage: a', 'query: b']);
    expect(requests[0]?.body.dimensions).toBe(dims);
  });

  it('has an identity that its options decide, and the key does not', () => {
    const at = (more: Partial<EndpointOptions>) =>
      endpointEmbedder({ url: 'http://localhost/', model: 'm', dims: 8, ...more }).identity;
    expect(at({})).toEqual(at({ apiKey: KEY, batch: 2, url: 'https://elsewhere.example/' }));
    const others = [at({}), at({ model: 'n' }), at({ dims: 9 }), at({ shorten: true })];
    expect(new Set(others.map(({ space }) => space)).size).toBe(4);
    expect(JSON.stringify(at({ apiKey: KEY }))).not.toContain(KEY);
  });

  it.each([429, 503])('tries again after %i', async (status) => {
    let refusals = 2;
    const { embedder, requests } = await serve((request, response) => {
      if (refusals-- <= 0) return honest(request, response);
      response.writeHead(status, { 'retry-after': '0' }).end('later');
    });
    expect(await embedder.embedQuery('a')).toEqual(await model.embedQuery('a'));
    expect(requests).toHaveLength(3);
  });

  it('gives up after the last attempt, and at once when another would not help', async () => {
    const busy = await serve((_, response) => void response.writeHead(500).end(), { retries: 2 });
    await expectRejection(busy.embedder.embedQuery('a'), 'EMBEDDER_FAILED');
    expect(busy.requests).toHaveLength(3);
    const closed = await serve((_, response) => void response.writeHead(401).end());
    await expectRejection(closed.embedder.embedQuery('a'), 'EMBEDDER_FAILED');
    expect(closed.requests).toHaveLength(1);
  });

  it.each([
    ['no JSON', 'oops'],
    ['another shape', { vectors: [] }],
    ['too few vectors', { data: [] }],
    [
      'a vector twice',
      { data: [0, 0].map((index) => ({ index, embedding: Array(dims).fill(1) })) },
    ],
    ['a place that is none', { data: [{ index: 1, embedding: Array(dims).fill(1) }] }],
    ['other dimensions', { data: [{ index: 0, embedding: [1, 2] }] }],
    ['nothing but zeros', { data: [{ index: 0, embedding: Array(dims).fill(0) }] }],
    ['a number that is none', { data: [{ index: 0, embedding: Array(dims).fill(null) }] }],
    ['an answer without end', `"${'x'.repeat(400_000)}"`],
  ])('refuses %s', async (_, value) => {
    const { embedder, requests } = await serve(answering(value));
    await expectRejection(embedder.embedQuery('a'), 'EMBEDDER_FAILED');
    expect(requests).toHaveLength(1);
  });

  it('shows in its errors neither key nor text nor address', async () => {
    const secret = 'a confidential passage';
    const { embedder } = await serve((_, response) => void response.writeHead(400).end(secret));
    const error = (await embedder.embedQuery(secret).catch((e: unknown) => e)) as Error;
    const shown = JSON.stringify([error.message, error, String(error.cause)]);
    for (const word of [KEY, secret, '127.0.0.1']) expect(shown).not.toContain(word);
  });

  it('follows no redirect', async () => {
    const other = await serve(honest);
    const { embedder } = await serve(
      (_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      { retries: 0 },
    );
    await expectRejection(embedder.embedQuery('a'), 'EMBEDDER_FAILED');
    expect(other.requests).toHaveLength(0);
  });

  it('waits no longer than it may', async () => {
    const { embedder } = await serve(() => undefined, { timeout: 50, retries: 0 });
    await expectRejection(embedder.embedQuery('a'), 'EMBEDDER_FAILED');
  });

  it('stops when it is told to, also while it waits', async () => {
    const { embedder } = await serve(() => undefined);
    await expectRejection(embedder.embedQuery('a', { signal: AbortSignal.abort() }), 'ABORTED');
    const controller = new AbortController();
    const waiting = embedder.embedQuery('a', { signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 20);
    await expectRejection(waiting, 'ABORTED');
  });

  it.each([
    { url: 'ftp://a/', dims: 8 },
    { url: 'nonsense', dims: 8 },
    { url: 'http://a/', dims: 0 },
    { url: 'http://a/', dims: 8, batch: 0 },
  ])('is not made from %j', (options) => {
    expectRefusal(() => endpointEmbedder({ model: 'm', ...options }), 'USAGE');
  });
});
