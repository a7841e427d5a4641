// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AwsConnection } from '../../../src/aws/index.ts';

/** Credentials of tests; every part is long enough to be found again in what must not hold it. */
export const TEST_CREDENTIALS = {
  accessKeyId: 'AKIATESTTESTTESTTEST',
  secretAccessKey: 'test-secret-access-key-of-no-account',
  sessionToken: 'test-session-token-of-no-account',
};

/** A server on this machine. */
export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of the loopback address. */
export async function serve(listener: RequestListener): Promise<RunningServer> {
  const server: Server = createServer(listener);
  // A busy machine must not let connections grow old between two calls.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** A connection of tests: fake credentials, one attempt, short waits. */
export function testConnection(endpoint: string, more: Partial<AwsConnection> = {}): AwsConnection {
  return {
    region: 'us-east-1',
    endpoint,
    credentials: TEST_CREDENTIALS,
    attempts: 1,
    connectTimeout: 60_000,
    ...more,
  };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
