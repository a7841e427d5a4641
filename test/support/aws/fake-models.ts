// SPDX-License-Identifier: Apache-2.0
// Bedrock's and SageMaker's model runtimes on this machine, over HTTP/1.1 or HTTP/2: requests are routed and checked by the
// service models of botocore, bodies by what the user guide says of each model; vectors come from the built-in embedder.
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { z } from 'zod';
import { hashEmbedder } from '../../../src/embed/index.ts';
import model from './model-services.json' with { type: 'json' };

/** A request as the model got it. */
export interface ModelCall {
  /** `bedrock-runtime` or `sagemaker-runtime`. */
  readonly service: string;
  /** Model id, or name of the endpoint. */
  readonly target: string;
  readonly body: unknown;
}

/** An answer that a test wants instead: an error of the service by name, a body, or no answer. */
export type ModelReply = { readonly error: string } | { readonly body: unknown } | 'cut' | 'hang';

/** A running stand-in. */
export interface FakeModels {
  readonly url: string;
  readonly calls: ModelCall[];
  /** Asked before each answer; null gives the model's own. */
  reply: (call: ModelCall) => ModelReply | null;
  close(): Promise<void>;
}

interface Shape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<
    Record<string, { shape: string; location?: string; locationName?: string }>
  >;
  readonly error?: { readonly httpStatusCode: number };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}
interface Service {
  readonly operation: {
    readonly http: { readonly method: string; readonly requestUri: string };
    readonly input: string;
    readonly errors: readonly string[];
  };
  readonly shapes: Readonly<Record<string, Shape>>;
}
type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

const SERVICES = Object.entries(model.services as unknown as Record<string, Service>);
const EMBEDDER = hashEmbedder();
/** Dimensions of the vectors that a test model gives unless it is asked for others. */
const OWN_DIMS = EMBEDDER.identity.dims;

/** Starts a stand-in on a free port of the loopback interface. */
export async function startFakeModels(protocol: 'h1' | 'h2c' = 'h1'): Promise<FakeModels> {
  const listener = (request: Request, response: Response): void => {
    void serve(request, response).catch((error: unknown) => {
      const body = { message: `STUB BUG ${String(error)}` };
      send(response, 500, { error: 'InternalServerException', body });
    });
  };
  const serve = async (request: Request, response: Response): Promise<void> => {
    const bytes = await bodyOf(request);
    const found = route(request);
    if (found === null) {
      send(response, 404, { error: 'UnknownOperationException', body: {} });
      return;
    }
    const { service, target } = found;
    const refusal = complaint(found, request, bytes);
    if (refusal !== null) {
      refuse(response, service, 'ValidationException', refusal);
      return;
    }
    const call = { service: found.name, target, body: JSON.parse(bytes.toString()) as unknown };
    fake.calls.push(call);
    const reply = fake.reply(call);
    if (reply === 'hang') return;
    if (reply === 'cut') {
      const { socket } = request as { readonly socket: Socket };
      if ('stream' in request) request.stream.close(2);
      else socket.destroy();
      return;
    }
    if (reply !== null && 'error' in reply) {
      refuse(response, service, reply.error, '');
      return;
    }
    const answer: Answer = reply ?? (await answerOf(call));
    if ('error' in answer) refuse(response, service, 'ValidationException', answer.error);
    else send(response, 200, answer);
  };
  const server = protocol === 'h1' ? createHttp1(listener) : createHttp2(listener);
  // A busy machine must not let connections grow old between two calls.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 600_000;
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session: { destroy(): void }) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const fake: FakeModels = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    reply: () => null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
  return fake;
}

interface Routed {
  readonly name: string;
  readonly service: Service;
  readonly target: string;
}

function route({ method, url = '' }: Request): Routed | null {
  for (const [name, service] of SERVICES) {
    const { http } = service.operation;
    const form = new RegExp(`^${http.requestUri.replace(/\{[^}]+\}/, '([^/]+)')}$`);
    const target = method === http.method ? form.exec(url)?.[1] : undefined;
    if (target !== undefined) return { name, service, target: decodeURIComponent(target) };
  }
  return null;
}

/** What the service model says against a request, or null. */
function complaint({ service, target }: Routed, request: Request, body: Buffer): string | null {
  const { shapes, operation } = service;
  if (!/^AWS4-HMAC-SHA256 /.test(request.headers.authorization ?? '')) return 'unsigned';
  const members = Object.entries((shapes[operation.input] as Shape).members ?? {});
  for (const [name, { shape, location, locationName = name }] of members) {
    const header = request.headers[locationName.toLowerCase()];
    const value = location === 'uri' ? target : location === 'header' ? header : body.toString();
    if (value === undefined) continue;
    const {
      min = 0,
      max = Number.POSITIVE_INFINITY,
      pattern,
      enum: words,
    } = shapes[shape] as Shape;
    if (value.length < min || value.length > max) return `${name}: length`;
    if (words !== undefined && !words.includes(String(value))) return `${name}: not in enum`;
    const form = pattern === undefined ? null : patternOf(pattern);
    if (form?.test(String(value)) === false) return `${name}: pattern`;
  }
  if (request.headers['content-type'] !== 'application/json') return 'content type';
  return null;
}

/** Java's `\p{ASCII}` and its kind need the mode `u`, in which others are no patterns. */
function patternOf(pattern: string): RegExp {
  const whole = `^(?:${pattern})$`;
  return new RegExp(whole, pattern.includes('\\p{') ? 'su' : 's');
}

const titan = z.strictObject({
  inputText: z.string().min(1).max(50_000),
  dimensions: z.union([z.literal(256), z.literal(512), z.literal(1024)]).optional(),
  normalize: z.boolean().optional(),
  embeddingTypes: z.array(z.enum(['float', 'binary'])).optional(),
});
const cohereV3 = z.strictObject({
  texts: z.array(z.string().min(1).max(2048)).min(1).max(96),
  input_type: z.enum(['search_document', 'search_query', 'classification', 'clustering']),
  truncate: z.enum(['NONE', 'START', 'END']).optional(),
  embedding_types: z.array(z.enum(['float', 'int8', 'uint8', 'binary', 'ubinary'])).optional(),
});
const cohereV4 = cohereV3.extend({
  texts: z.array(z.string().min(1)).min(1).max(96),
  output_dimension: z
    .union([z.literal(256), z.literal(512), z.literal(1024), z.literal(1536)])
    .optional(),
});

type Answer = { readonly body: unknown; readonly tokens?: number } | { readonly error: string };

async function answerOf({ service, target, body }: ModelCall): Promise<Answer> {
  if (service === 'sagemaker-runtime') {
    const { inputs } = body as { inputs: string | string[] };
    return { body: { embeddings: await vectors([inputs].flat(), OWN_DIMS), usage: { tokens: 7 } } };
  }
  if (target.includes('titan-embed-text-v2')) {
    const parsed = titan.safeParse(body);
    if (!parsed.success) return { error: parsed.error.message };
    const { inputText, dimensions = 1024 } = parsed.data;
    const [embedding] = await vectors([inputText], dimensions);
    return { body: { embedding, inputTextTokenCount: inputText.split(/\s+/).length } };
  }
  const isV4 = target.includes('embed-v4');
  const parsed = (isV4 ? cohereV4 : cohereV3).safeParse(body);
  if (!parsed.success) return { error: parsed.error.message };
  const dims = (isV4 && (parsed.data as z.infer<typeof cohereV4>).output_dimension) || 1024;
  const { texts, embedding_types } = parsed.data;
  const float = await vectors(texts, dims);
  const embeddings = embedding_types === undefined ? float : { float };
  return { body: { id: 'x', texts, embeddings }, tokens: texts.length * 5 };
}

/** The built-in embedder's vectors, repeated up to the wanted length. */
async function vectors(texts: readonly string[], dims: number): Promise<number[][]> {
  const made = await EMBEDDER.embedDocuments(texts);
  return made.map((vector) => Array.from({ length: dims }, (_, at) => vector[at % OWN_DIMS] ?? 0));
}

function refuse(response: Response, service: Service, error: string, message: string): void {
  const status = service.shapes[error]?.error?.httpStatusCode ?? 400;
  send(response, status, { error, body: { message } });
}

function send(
  response: Response,
  status: number,
  answer: { readonly error?: string; readonly body: unknown; readonly tokens?: number },
): void {
  const { error, body, tokens } = answer;
  const headers = {
    'content-type': 'application/json',
    ...(error !== undefined && { 'x-amzn-errortype': error }),
    ...(tokens !== undefined && { 'x-amzn-bedrock-input-token-count': String(tokens) }),
  };
  (response as ServerResponse).writeHead(status, headers);
  (response as ServerResponse).end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function bodyOf(request: Request): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
