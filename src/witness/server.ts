// SPDX-License-Identifier: Apache-2.0
// C2SP tlog-witness over HTTP: POST /add-checkpoint.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isStrongroomError } from '../core/index.ts';
import { decodeAddCheckpoint, MAX_REQUEST_BYTES } from './wire.ts';
import type { Witness, WitnessAnswer } from './witness.ts';

const REQUEST_TIMEOUT = 10_000;

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

/** An HTTP server that answers for a witness; the caller lets it listen and closes it. */
export function witnessServer(witness: Witness): Server {
  const options = { requestTimeout: REQUEST_TIMEOUT, maxHeaderSize: 8192 };
  return createServer(options, (request, response) => {
    void answer(witness, request, response);
  });
}

async function answer(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const {
    status,
    type = 'text/plain; charset=utf-8',
    body = '',
  } = await answerTo(witness, request);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function answerTo(witness: Witness, request: IncomingMessage): Promise<Answer> {
  if (request.url !== '/add-checkpoint') return { status: 404 };
  if (request.method !== 'POST') return { status: 405 };
  try {
    const body = await bodyOf(request);
    if (body === null) return { status: 413 };
    return answerFor(await witness.addCheckpoint(decodeAddCheckpoint(body)));
  } catch (error) {
    return { status: isStrongroomError(error, 'FORMAT_INVALID') ? 400 : 500 };
  }
}

function answerFor(result: WitnessAnswer): Answer {
  switch (result.kind) {
    case 'cosigned':
      return { status: 200, body: result.line };
    case 'other-size':
      return { status: 409, type: 'text/x.tlog.size', body: `${result.size}\n` };
    case 'conflict':
      return { status: 422 };
    case 'unknown-log':
      return { status: 404 };
    case 'wrong-signature':
      return { status: 403 };
    case 'bad-request':
      return { status: 400 };
  }
}

/** The body, or null when it is longer than any request may be. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_REQUEST_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
