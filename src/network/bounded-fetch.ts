// SPDX-License-Identifier: Apache-2.0
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { fail } from '../core/index.ts';
import type { NetworkBoundary } from './boundary.ts';

/** What is used here of `fetch`. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
  /** Redirects are never followed. */
  readonly redirect: 'error';
}

/** A `fetch` for calls that send a body and follow no redirect. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** A {@link Fetch} within a boundary; it knows no proxy. The answer's body is not read ahead. */
export function boundedFetch(boundary: NetworkBoundary): Fetch {
  const { httpAgent, httpsAgent } = boundary.agents();
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const isSecure = new URL(url).protocol === 'https:';
      const [request, agent] = isSecure ? [requestHttps, httpsAgent] : [requestHttp, httpAgent];
      const call = request(url, { method, headers, signal, agent }, (answer) => {
        const status = answer.statusCode ?? 0;
        if (status >= 300 && status < 400) {
          answer.destroy();
          reject(fail('NETWORK_REFUSED', 'a service answered with a redirect'));
          return;
        }
        const told = Object.entries(answer.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]);
        const isEmpty = status === 204 || status === 205;
        const stream = isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
        resolve(new Response(stream, { status, headers: told }));
      });
      call.on('error', reject);
      call.end(body);
    });
}
