// SPDX-License-Identifier: Apache-2.0
// The one way to the search engine: bounded in time, bytes and attempts; nothing that the client throws gets out.
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientOptions } from '@opensearch-project/opensearch';
import { AwsSigv4Signer } from '@opensearch-project/opensearch/aws-v3';
import { isStrongroomError, need, type Random, readU32, systemRandom } from '../core/index.ts';
import type { NetworkBoundary } from '../network/index.ts';
import { serviceError } from './service-error.ts';

/** Credentials of AWS, as its default chain gives them. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** How the process shows who it is: by password, or by signed requests (AWS Signature Version 4). */
export type SearchIdentity =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'sigv4';
      readonly region: string;
      /** `es` for a domain, which is the default; `aoss` for a collection. */
      readonly service?: 'es' | 'aoss';
      /** Default: the AWS default chain (environment, profile, role of the machine or task). */
      readonly credentials?: () => Promise<SigningCredentials>;
    }
  | { readonly kind: 'none' };

/** Where the search engine is and how to talk to it. */
export interface SearchConnection {
  /** `https://host:port`; `http` on this machine only. */
  readonly node: string;
  readonly identity: SearchIdentity;
  /** Certificates that the server's must lead to, PEM; default: those of Node.js. */
  readonly ca?: string;
  /** Calls made for one that fails in passing, the first included; default 4. */
  readonly attempts?: number;
  /** Milliseconds until an answer is complete; default 30,000. */
  readonly timeout?: number;
  /** Bytes of one answer; default 64 MiB. */
  readonly answerBytes?: number;
  /** Connections at the same time; default 32. */
  readonly connections?: number;
  /** Where connections may go; what it refuses is not connected to. */
  readonly boundary?: NetworkBoundary | undefined;
  readonly random?: Random;
}

/** A request to the search engine. */
export interface SearchCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** One JSON document, or the lines of a bulk request. */
  readonly body?: object;
  readonly lines?: readonly object[];
  /** Statuses that are answers and no failures. */
  readonly expected?: readonly number[];
  readonly timeout?: number;
}

/** An answer of the search engine: nothing in it has been verified. */
export interface SearchAnswer {
  readonly status: number;
  /** The JSON of the body; `{}` when there is none. */
  readonly body: unknown;
}

const ATTEMPTS = 4;
const TIMEOUT = 30_000;
const ANSWER_BYTES = 64 * 1024 * 1024;
/** Milliseconds before the second attempt at most; doubled for each further one. */
const BACK_OFF = 200;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Talks to one cluster. Redirects are not followed, proxy variables ignored, nodes not discovered. */
export class SearchService {
  readonly #client: Client;
  readonly #attempts: number;
  readonly #timeout: number;
  readonly #answerBytes: number;
  readonly #random: Random;
  readonly #boundary: NetworkBoundary | undefined;
  readonly #host: string;

  /** @throws {CONFIG_INVALID} for an address that is none, or that would send credentials in clear */
  constructor(connection: SearchConnection) {
    const { attempts, timeout, answerBytes, random } = connection;
    this.#attempts = attempts ?? ATTEMPTS;
    this.#timeout = timeout ?? TIMEOUT;
    this.#answerBytes = answerBytes ?? ANSWER_BYTES;
    this.#random = random ?? systemRandom;
    this.#boundary = connection.boundary;
    this.#client = new Client({ ...clientOptions(connection), requestTimeout: this.#timeout });
    this.#host = new URL(connection.node).hostname;
  }

  /**
   * Makes a call, again if it failed in passing: every call here may be repeated.
   * @throws {INDEX_UNAVAILABLE} when it still fails after the last attempt, {INDEX_REFUSED} for other failures
   * @throws {NETWORK_REFUSED} when it would leave the boundary
   */
  call(call: SearchCall): Promise<SearchAnswer> {
    return this.read(call, (answer) => answer);
  }

  /**
   * {@link call}, and reading the answer is part of the attempt: parts of an answer can fail in passing too.
   * @param read throws what the answer tells of failures
   */
  async read<T>(call: SearchCall, read: (answer: SearchAnswer) => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return read(await this.#once(call));
      } catch (error) {
        if (!isStrongroomError(error, 'INDEX_UNAVAILABLE') || attempt >= this.#attempts)
          throw error;
      }
      await sleep(this.pause(attempt));
    }
  }

  /** Milliseconds to wait after a failed attempt: exponential, with full jitter. */
  pause(attempt: number): number {
    const most = BACK_OFF * 2 ** (attempt - 1);
    return readU32(this.#random.bytes(4), 0) % most;
  }

  /** Ends idle connections. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  async #once(call: SearchCall): Promise<SearchAnswer> {
    const { status, body } = await this.#send(call);
    if (status < 300 || call.expected?.includes(status) === true) return { status, body };
    throw serviceError(status, typeOf(body));
  }

  async #send({ method, path, query, body, lines, timeout }: SearchCall): Promise<SearchAnswer> {
    const requestTimeout = timeout ?? this.#timeout;
    const params = {
      method,
      path,
      ...(query !== undefined && { querystring: { ...query } }),
      ...(body !== undefined && { body }),
      ...(lines !== undefined && { bulkBody: lines as Record<string, unknown>[] }),
    };
    let answer;
    try {
      // As a stream, so that the client makes no error out of an answer and reads no more than is wanted.
      answer = await this.#client.transport.request(params, { asStream: true, requestTimeout });
    } catch (error) {
      await this.#boundary?.verify(this.#host).catch(throwRefusal);
      throw serviceError(null, connectionType(error));
    }
    const stream = answer.body as unknown as NodeJS.ReadableStream & { destroy(): void };
    const received = await this.#read(stream, requestTimeout);
    const status = answer.statusCode ?? 0;
    try {
      return { status, body: received === '' ? {} : (JSON.parse(received) as unknown) };
    } catch {
      // Refusals of a proxy or of the security plugin are often plain text, and their status tells enough.
      if (status >= 300) return { status, body: {} };
      throw serviceError(null, 'answer_malformed');
    }
  }

  async #read(
    stream: NodeJS.ReadableStream & { destroy(): void },
    timeout: number,
  ): Promise<string> {
    let bytes = 0;
    let failed = 'answer_cut_off';
    const stop = (type: string): void => {
      failed = type;
      stream.destroy();
    };
    const timer = setTimeout(() => stop('timeout_error'), timeout);
    stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > this.#answerBytes) stop('answer_too_large');
    });
    try {
      return await text(stream);
    } catch {
      throw serviceError(null, failed);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The client loses what a refused connection was refused for. */
function throwRefusal(error: unknown): void {
  if (isStrongroomError(error)) throw error;
}

function clientOptions(connection: SearchConnection): ClientOptions {
  const { node, identity, ca, connections = 32, boundary } = connection;
  const url = URL.canParse(node) ? new URL(node) : null;
  const isPlain = url !== null && url.username === '' && url.password === '';
  need('INV-OPENSEARCH-ADDRESS', isPlain, 'CONFIG_INVALID', 'the address of the search engine');
  const isPrivate =
    url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
  const message = 'the search engine must be reached by https, unless it is on this machine';
  need('INV-OPENSEARCH-TLS', isPrivate, 'CONFIG_INVALID', message);
  boundary?.check(url.hostname);
  const agents = boundary?.agents({ maxSockets: connections, ...(ca !== undefined && { ca }) });
  const agent = url.protocol === 'https:' ? agents?.httpsAgent : agents?.httpAgent;
  return {
    node: url.origin,
    maxRetries: 0,
    agent: agent === undefined ? { maxSockets: connections } : () => agent,
    ...(ca !== undefined && { ssl: { ca } }),
    ...identityOptions(identity),
  };
}

function identityOptions(identity: SearchIdentity): ClientOptions {
  if (identity.kind === 'none') return {};
  if (identity.kind === 'basic') {
    const { username, password } = identity;
    return { auth: { username, password } };
  }
  const { region, service = 'es', credentials } = identity;
  return AwsSigv4Signer({
    region,
    service,
    ...(credentials !== undefined && { getCredentials: credentials }),
  });
}

function typeOf(body: unknown): unknown {
  const { error } = (body ?? {}) as { readonly error?: { readonly type?: unknown } };
  return error?.type;
}

/** The client's name for a failure without an answer. */
function connectionType(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return 'timeout_error';
  return name === 'NoLivingConnectionsError' ? 'no_living_connections_error' : 'connection_error';
}
