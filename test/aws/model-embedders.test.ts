// SPDX-License-Identifier: Apache-2.0
// Embedders over Bedrock and SageMaker, by the real clients, against a stand-in that knows the service models.
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type AwsConnection,
  bedrockEmbedder,
  type BedrockOptions,
  sageMakerEmbedder,
  type SageMakerOptions,
} from '../../src/aws/index.ts';
import type { ErrorCode } from '../../src/core/index.ts';
import type { Embedder } from '../../src/embed/index.ts';
import { describeEmbedder } from '../embed/conformance.ts';
import { TEST_CREDENTIALS } from '../support/aws/answering-server.ts';
import { type FakeModels, startFakeModels } from '../support/aws/fake-models.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';

const REGION = 'eu-central-1';
const TITAN = 'amazon.titan-embed-text-v2:0';
const COHERE = 'cohere.embed-multilingual-v3';
const ENDPOINT = `arn:aws:sagemaker:${REGION}:123456789012:endpoint/e5-small`;
const PAYLOAD = { texts: '$.inputs', vectors: '$.embeddings[*]', tokens: '$.usage.tokens' };

const connectionTo = (
  url: string,
  more: Partial<AwsConnection> = {},
): BedrockOptions['connection'] => ({
  endpoint: url,
  credentials: TEST_CREDENTIALS,
  attempts: 1,
  connectTimeout: 60_000,
  ...more,
  region: REGION,
});

async function models(protocol?: 'h1' | 'h2c'): Promise<FakeModels> {
  const fake = await startFakeModels(protocol);
  onTestFinished(() => fake.close());
  return fake;
}
const bedrock = ({ url }: FakeModels, more: Partial<BedrockOptions> = {}) =>
  bedrockEmbedder({ connection: connectionTo(url), model: TITAN, ...more });
const sageMaker = ({ url }: FakeModels, more: Partial<SageMakerOptions> = {}) =>
  sageMakerEmbedder({
    connection: connectionTo(url),
    endpoint: ENDPOINT,
    model: 'e5-small',
    dims: 256,
    payload: PAYLOAD,
    ...more,
  });
/** Texts one by one, as the service was asked for them. */
const textsOf = ({ calls }: FakeModels): unknown[] =>
  calls.map(({ body }) => (body as { texts: unknown }).texts);

// These stay for the whole file.
const [plain, multiplexed] = await Promise.all([startFakeModels('h1'), startFakeModels('h2c')]);
const HASH_256 = [
  '6fe3002ee993aecd',
  '3d4adfc1b16126aa',
  'eb355807135441aa',
  'ecdde957bd73fddc',
  'aac040d530486da1',
];
describeEmbedder('Titan', bedrock(plain, { dims: 256 }), HASH_256);
const http2 = connectionTo(multiplexed.url, { http2: true });
describeEmbedder(
  'Titan over HTTP/2',
  bedrock(multiplexed, { connection: http2, dims: 256 }),
  HASH_256,
);
describeEmbedder('Cohere v4', bedrock(plain, { model: 'cohere.embed-v4:0', dims: 256 }), HASH_256);
describeEmbedder('SageMaker', sageMaker(plain), HASH_256);
describeEmbedder('SageMaker, text by text', sageMaker(plain, { batch: 1 }), HASH_256);

describe('a model of Bedrock', () => {
  it.each([
    [TITAN, 1024, [256, 512, 1024], [1536, 100]],
    [COHERE, 1024, [1024], [512]],
    ['cohere.embed-v4:0', 1536, [256, 512, 1024, 1536], [768]],
  ])('%s gives %i components, or others that it knows', async (model, own, known, unknown) => {
    const fake = await models();
    expect(await bedrock(fake, { model }).embedQuery('a')).toHaveLength(own);
    for (const dims of known)
      expect(await bedrock(fake, { model, dims }).embedQuery('a')).toHaveLength(dims);
    for (const dims of unknown) expectRefusal(() => bedrock(fake, { model, dims }), 'USAGE');
  });

  it('gets as many texts at once as it takes, in their order, and is told what they are', async () => {
    const fake = await models();
    const embedder = bedrock(fake, { model: COHERE });
    const texts = Array.from({ length: 200 }, (_, at) => `text ${at}`);
    const vectors = await embedder.embedDocuments(texts);
    expect(fake.calls.map(({ body }) => (body as { texts: string[] }).texts.length).sort()).toEqual(
      [8, 96, 96],
    );
    expect(vectors[150]).toEqual((await embedder.embedDocuments(['text 150']))[0]);
    await embedder.embedQuery('a question');
    const uses = fake.calls.map(({ body }) => (body as { input_type: string }).input_type);
    expect(new Set(uses.slice(0, 4))).toEqual(new Set(['search_document']));
    expect(uses.at(-1)).toBe('search_query');
    expect(new Set(fake.calls.map(({ target }) => target))).toEqual(new Set([COHERE]));
  });

  it('gets no text that it would refuse', async () => {
    const fake = await models();
    await bedrock(fake, { model: COHERE }).embedDocuments(['', ' \n', 'x'.repeat(5000), '\ud800']);
    expect(textsOf(fake)).toEqual([['-', '-', 'x'.repeat(2048), '\ufffd']]);
    await bedrock(fake).embedDocuments(['y'.repeat(60_000)]);
    const { inputText } = fake.calls.at(-1)?.body as { inputText: string };
    expect(inputText).toHaveLength(50_000);
  });

  it('is known by its id with any prefix, by its ARN, or by the family that is named', async () => {
    const fake = await models();
    const profile = `arn:aws:bedrock:${REGION}:123456789012:inference-profile/eu.${TITAN}`;
    for (const model of [
      `eu.${TITAN}`,
      profile,
      `arn:aws:bedrock:${REGION}::foundation-model/${TITAN}`,
    ])
      expect(await bedrock(fake, { model }).embedQuery('a')).toHaveLength(1024);
    expectRefusal(() => bedrock(fake, { model: 'anthropic.claude-v9' }), 'USAGE');
    expectRefusal(() => bedrock(fake, { model: 'amazon.titan-embed-text-v1' }), 'USAGE');
    const provisioned = `arn:aws:bedrock:${REGION}:123456789012:provisioned-model/0123456789ab`;
    expectRefusal(() => bedrock(fake, { model: provisioned }), 'USAGE');
    bedrock(fake, { model: provisioned, family: 'titan-v2' });
  });

  it('has an identity that model and dimensions decide, and nothing else', async () => {
    const fake = await models();
    const at = (more: Partial<BedrockOptions>) => bedrock(fake, more).identity;
    expect(at({})).toEqual(at({ concurrency: 2, connection: connectionTo('http://127.0.0.1:1') }));
    const others = [at({}), at({ dims: 256 }), at({ model: COHERE }), at({ model: `eu.${TITAN}` })];
    expect(new Set(others.map(({ space }) => space)).size).toBe(4);
  });

  it('is counted: calls, texts, tokens as the service counts them, cost by the given price', async () => {
    const fake = await models();
    const titan = bedrock(fake, { pricePerMillion: 250_000 });
    expect(titan.usage).toEqual({ calls: 0, texts: 0, tokens: 0, cost: 0 });
    await titan.embedDocuments(['one two three', 'four']);
    expect(titan.usage).toEqual({ calls: 2, texts: 2, tokens: 4, cost: 1 });
    const cohere = bedrock(fake, { model: COHERE });
    await cohere.embedDocuments(['a', 'b', 'c']);
    expect(cohere.usage).toEqual({ calls: 1, texts: 3, tokens: 15, cost: null });
  });
});

describe('an endpoint of SageMaker', () => {
  it('gets and gives what its mapping says', async () => {
    const fake = await models();
    fake.reply = ({ body }) => {
      const { request } = body as { request: { texts: string[] } };
      return { body: { data: request.texts.map((_, at) => ({ vector: [at + 1, 2] })) } };
    };
    const embedder = sageMaker(fake, {
      dims: 2,
      batch: 2,
      payload: {
        constant: { request: { normalise: true }, version: 3 },
        texts: '$.request.texts',
        vectors: "$.data[*]['vector']",
        use: { path: '$.request.prefix', document: 'passage', query: 'query' },
      },
    });
    const vectors = await embedder.embedDocuments(['a', 'b', 'c']);
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 2],
      [2, 2],
      [1, 2],
    ]);
    expect(fake.calls[0]).toEqual({
      service: 'sagemaker-runtime',
      target: 'e5-small',
      body: { request: { normalise: true, texts: ['a', 'b'], prefix: 'passage' }, version: 3 },
    });
    await embedder.embedQuery('q');
    expect(fake.calls.at(-1)?.body).toMatchObject({ request: { prefix: 'query' } });
    expect(embedder.usage).toEqual({ calls: 3, texts: 4, tokens: 4, cost: null });
  });

  it.each<Partial<SageMakerOptions>>([
    { endpoint: 'e5-small' },
    { endpoint: ENDPOINT.replace('endpoint/', 'model/') },
    { dims: 0 },
    { batch: 0 },
    { maxCharacters: 0 },
    { payload: { ...PAYLOAD, texts: 'inputs' } },
    { payload: { ...PAYLOAD, texts: '$.inputs[*]' } },
    { payload: { ...PAYLOAD, vectors: '$..embeddings' } },
    { payload: { ...PAYLOAD, vectors: '$.__proto__' } },
    { concurrency: 0 },
    { tokensPerMinute: 0 },
  ])('is not made from %j', (more) => {
    expectRefusal(() => sageMaker(plain, more), 'USAGE');
  });
});

describe.each<[string, (fake: FakeModels, more?: { models?: string[] }) => Embedder, string]>([
  ['Bedrock', bedrock, `arn:aws:bedrock:${REGION}::foundation-model/${TITAN}`],
  ['SageMaker', sageMaker, ENDPOINT],
])('a call of %s', (service, embedderOf, arn) => {
  it('INV-MODEL-ALLOWED: is made to an allowed model only', async () => {
    const fake = await models();
    for (const allowed of [[], [`${arn}0`], [arn.replace(REGION, 'us-east-1')], ['*']])
      expectRefusal(() => embedderOf(fake, { models: allowed }), 'MODEL_REFUSED');
    const list = [arn];
    const embedder = embedderOf(fake, { models: list });
    await embedder.embedQuery('a');
    list.pop();
    await expectRejection(embedder.embedQuery('a confidential text'), 'MODEL_REFUSED');
    expect(fake.calls).toHaveLength(1);
  });

  it.each<[string, ErrorCode]>([
    ['ThrottlingException', 'SERVICE_BUSY'],
    ['ModelNotReadyException', 'SERVICE_BUSY'],
    ['ServiceUnavailableException', 'SERVICE_BUSY'],
    ['AccessDeniedException', 'SERVICE_DENIED'],
    ['ResourceNotFoundException', 'SERVICE_MISSING'],
    ['ExpiredTokenException', 'CREDENTIALS_REFUSED'],
    [service === 'Bedrock' ? 'ModelErrorException' : 'ModelError', 'EMBEDDER_FAILED'],
    [service === 'Bedrock' ? 'ValidationException' : 'ValidationError', 'EMBEDDER_FAILED'],
  ])('that ends with %s is %s', async (error, code) => {
    const fake = await models();
    fake.reply = () => ({ error });
    await expectRejection(embedderOf(fake).embedQuery('a'), code);
  });

  it.each([
    ['no JSON', 'oops'],
    ['another shape', { vectors: [] }],
    ['no vector', { embedding: [], embeddings: [], inputTextTokenCount: 1 }],
    ['other dimensions', { embedding: [1, 2], embeddings: [[1, 2]], inputTextTokenCount: 1 }],
    [
      'nothing but zeros',
      { embedding: Array(1024).fill(0), embeddings: [Array(256).fill(0)], inputTextTokenCount: 1 },
    ],
    [
      'a number too large for its form',
      {
        embedding: Array(1024).fill(1e39),
        embeddings: [Array(256).fill(1e39)],
        inputTextTokenCount: 1,
      },
    ],
    [
      'no numbers',
      {
        embedding: Array(1024).fill('1'),
        embeddings: [Array(256).fill(null)],
        inputTextTokenCount: 1,
      },
    ],
    ['an answer without end', `"${'x'.repeat(200_000)}"`],
  ])('is refused when it gives %s', async (_, body) => {
    const fake = await models();
    fake.reply = () => ({ body });
    await expectRejection(embedderOf(fake).embedQuery('a'), 'EMBEDDER_FAILED');
  });

  it('that is cut off is typed, and shows neither text nor credentials', async () => {
    const fake = await models();
    fake.reply = () => 'cut';
    const text = 'a confidential passage';
    await expectRejection(embedderOf(fake).embedQuery(text), 'SERVICE_UNREACHABLE');
    fake.reply = () => ({ error: text });
    const error: unknown = await embedderOf(fake)
      .embedQuery(text)
      .catch((e: unknown) => e);
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
    for (const word of [text, TEST_CREDENTIALS.secretAccessKey, 'AWS4-HMAC'])
      expect(shown).not.toContain(word);
  });

  it('ends when it is told to', async () => {
    const fake = await models();
    const controller = new AbortController();
    fake.reply = () => {
      controller.abort();
      return 'hang';
    };
    const waiting = embedderOf(fake).embedDocuments(['a', 'b'], { signal: controller.signal });
    await expectRejection(waiting, 'ABORTED');
  });
});
