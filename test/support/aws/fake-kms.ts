// SPDX-License-Identifier: Apache-2.0
// A key management service on this machine, behind the wire of the real one (awsJson 1.1), for the real client. Unlike
// the emulators it is right where security depends on it: states of keys, encryption contexts, key ids, policies, grants.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TEST_CREDENTIALS } from './answering-server.ts';
import { KmsAccount, type KmsCaller } from './kms-account.ts';
import { ADMIN } from './kms-admin.ts';
import { ACCOUNT, ROOT } from './kms-authority.ts';
import { CRYPTO } from './kms-crypto.ts';
import { KmsError, KmsInput } from './kms-input.ts';

/** What a client needs to sign requests. */
export interface FakeCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** One request, as it arrived. */
export interface KmsCall {
  readonly operation: string;
  readonly region: string;
  readonly principal: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What happens to a request instead of an answer. */
export type KmsFault =
  | { readonly type: string; readonly status: number }
  | 'cut'
  | 'hang'
  | { readonly answer: unknown };

/** A running fake. */
export interface FakeKms {
  readonly url: string;
  /** Every request that was authenticated, in order. */
  readonly calls: KmsCall[];
  /** Asked before each operation; null lets it through. */
  fault: (call: KmsCall) => KmsFault | null;
  /** How often operations were asked for. */
  count(...operations: string[]): number;
  /** Credentials of a new principal, who may do what policies and grants say. */
  principal(name: string): { readonly arn: string; readonly credentials: FakeCredentials };
  close(): Promise<void>;
}

/** Credentials of the account's root. */
export const ROOT_CREDENTIALS: FakeCredentials = TEST_CREDENTIALS;
/** A session token with this value has expired. */
export const EXPIRED = 'expired';

const OPERATIONS = { ...ADMIN, ...CRYPTO };

/** Starts a fake on a free port of the loopback interface. */
export async function startFakeKms(): Promise<FakeKms> {
  const account = new KmsAccount();
  const principals = new Map([[ROOT_CREDENTIALS.accessKeyId, ROOT]]);
  const calls: KmsCall[] = [];
  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => {
      const known = error instanceof KmsError;
      const [type, status] = known ? [error.type, error.status] : ['KMSInternalException', 500];
      const message = error instanceof Error ? error.message : '';
      answer(response, status, { __type: type, message });
    });
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const caller = authenticate(request, principals);
    const operation = /^TrentService\.(\w+)$/.exec(String(request.headers['x-amz-target']))?.[1];
    const work = Object.hasOwn(OPERATIONS, operation ?? '') ? OPERATIONS[operation ?? ''] : null;
    if (request.method !== 'POST' || operation === undefined || work == null)
      throw new KmsError('UnknownOperationException', '');
    const members = JSON.parse(body) as Record<string, unknown>;
    const call = { operation, ...caller, input: members };
    calls.push(call);
    const fault = fake.fault(call);
    if (fault === 'cut') return void request.socket.destroy();
    if (fault === 'hang') return;
    if (fault !== null && 'type' in fault) throw new KmsError(fault.type, '', fault.status);
    if (fault !== null) {
      answer(response, 200, fault.answer);
      return;
    }
    answer(response, 200, work(account, { operation, input: new KmsInput(members), caller }));
  };
  // A busy machine must not let connections grow old between two calls.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeKms = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    fault: () => null,
    count: (...operations) => calls.filter((call) => operations.includes(call.operation)).length,
    principal(name) {
      const arn = `arn:aws:iam::${ACCOUNT}:role/${name}`;
      const accessKeyId = `AKIA${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')}`;
      principals.set(accessKeyId, arn);
      return { arn, credentials: { accessKeyId, secretAccessKey: 'testsecret' } };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Who signed: the signature itself is not computed again, its scope and its key id are looked at. */
function authenticate(
  { headers }: IncomingMessage,
  principals: ReadonlyMap<string, string>,
): KmsCaller {
  const scope = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/kms\/aws4_request, /.exec(
    headers.authorization ?? '',
  );
  if (scope === null) throw new KmsError('MissingAuthenticationTokenException', '');
  if (headers['x-amz-security-token'] === EXPIRED)
    throw new KmsError(
      'ExpiredTokenException',
      'The security token included in the request is expired',
    );
  const [, accessKeyId = '', region = ''] = scope;
  const principal = principals.get(accessKeyId);
  if (principal === undefined) throw new KmsError('UnrecognizedClientException', '');
  return { principal, region };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}
