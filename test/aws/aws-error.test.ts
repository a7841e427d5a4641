// SPDX-License-Identifier: Apache-2.0
// Failures of services, made by a real server and seen through real clients.
import { inspect } from 'node:util';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import type { RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AwsCall, awsCall, awsClient, type AwsConnection } from '../../src/aws/index.ts';
import { type ErrorCode, isStrongroomError } from '../../src/core/index.ts';
import { serve, TEST_CREDENTIALS, testConnection } from '../support/aws/answering-server.ts';

const SECRET_TEXT = 'text-that-nobody-may-see';

/** What a call of S3 or KMS ends with against a server that answers as told. */
async function failureOf(
  service: 's3' | 'kms',
  answer: RequestListener,
  more: Partial<AwsConnection> = {},
): Promise<unknown> {
  const server = await serve(answer);
  onTestFinished(() => server.close());
  return callFailure(service, testConnection(server.url, more));
}

async function callFailure(service: 's3' | 'kms', connection: AwsConnection): Promise<unknown> {
  const call = (): Promise<unknown> => {
    if (service === 's3') {
      const s3 = awsClient(S3Client, connection, { forcePathStyle: true });
      return s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: SECRET_TEXT }));
    }
    const kms = awsClient(KMSClient, connection);
    return kms.send(new DecryptCommand({ CiphertextBlob: Buffer.from(SECRET_TEXT) }));
  };
  return awsCall(service, call).then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

const xml =
  (status: number, code: string): RequestListener =>
  (_, response) => {
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  };
const json =
  (status: number, type: string): RequestListener =>
  (_, response) => {
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    response.writeHead(status, headers).end(JSON.stringify({ __type: type, message: 'm' }));
  };
const html =
  (status: number): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html><br>sorry</html>');
  };

function expectCode(error: unknown, code: ErrorCode): void {
  expect(isStrongroomError(error, code), inspect(error)).toBe(true);
}

describe('a failed call', () => {
  it.each<[ErrorCode, 's3' | 'kms', RequestListener]>([
    ['SERVICE_BUSY', 's3', xml(503, 'SlowDown')],
    ['SERVICE_BUSY', 's3', xml(500, 'InternalError')],
    ['SERVICE_BUSY', 'kms', json(400, 'ThrottlingException')],
    ['SERVICE_BUSY', 'kms', json(400, 'com.amazonaws.kms#LimitExceededException')],
    ['CREDENTIALS_REFUSED', 's3', xml(400, 'ExpiredToken')],
    ['CREDENTIALS_REFUSED', 's3', xml(403, 'InvalidAccessKeyId')],
    ['CREDENTIALS_REFUSED', 's3', xml(403, 'SignatureDoesNotMatch')],
    ['CREDENTIALS_REFUSED', 'kms', json(400, 'ExpiredTokenException')],
    ['SERVICE_REGION', 's3', xml(301, 'PermanentRedirect')],
    ['SERVICE_REGION', 's3', xml(400, 'AuthorizationHeaderMalformed')],
    ['SERVICE_CLOCK', 's3', xml(403, 'RequestTimeTooSkewed')],
    ['SERVICE_DENIED', 's3', xml(403, 'AccessDenied')],
    ['SERVICE_DENIED', 'kms', json(400, 'AccessDeniedException')],
    ['SERVICE_MISSING', 's3', xml(404, 'NoSuchBucket')],
    ['SERVICE_FAILED', 's3', xml(400, 'SomethingNew')],
    ['SERVICE_FAILED', 'kms', json(400, 'SomethingNew')],
  ])('is %s for what %s answers', async (code, service, answer) => {
    expectCode(await failureOf(service, answer), code);
  });

  it.each<[ErrorCode, number]>([
    ['SERVICE_DENIED', 403],
    ['SERVICE_BUSY', 429],
    ['SERVICE_BUSY', 502],
    ['SERVICE_BUSY', 503],
    ['SERVICE_FAILED', 400],
  ])('is %s for a web page with status %d, also where JSON is due', async (code, status) => {
    expectCode(await failureOf('s3', html(status)), code);
    expectCode(await failureOf('kms', html(status)), code);
  });

  it('is SERVICE_DENIED for XML with status 403 where JSON is due', async () => {
    expectCode(await failureOf('kms', xml(403, 'AccessDenied')), 'SERVICE_DENIED');
  });

  it('is SERVICE_UNREACHABLE when the connection ends, is refused or takes too long', async () => {
    const cut: RequestListener = (request) => request.socket.destroy();
    expectCode(await failureOf('s3', cut), 'SERVICE_UNREACHABLE');
    const silent: RequestListener = () => undefined;
    expectCode(await failureOf('s3', silent, { requestTimeout: 50 }), 'SERVICE_UNREACHABLE');
    const closed = await serve(() => undefined);
    await closed.close();
    expectCode(await callFailure('s3', testConnection(closed.url)), 'SERVICE_UNREACHABLE');
  });

  it('is CREDENTIALS_REFUSED when the provider of credentials gives none', async () => {
    const credentials = (): Promise<never> => {
      const error = new Error(`no credentials in ${SECRET_TEXT}`);
      error.name = 'CredentialsProviderError';
      return Promise.reject(error);
    };
    expectCode(await failureOf('s3', html(200), { credentials }), 'CREDENTIALS_REFUSED');
  });

  it('is tried as often as configured and no more', async () => {
    let requests = 0;
    const error = await failureOf(
      's3',
      (request, response) => {
        requests += 1;
        xml(503, 'SlowDown')(request, response);
      },
      { attempts: 3 },
    );
    expect(requests).toBe(3);
    expect(isStrongroomError(error) && error.details['attempts']).toBe(3);
  });

  it('holds nothing of request, answer, header or credential, whatever the server echoes', async () => {
    const echo: RequestListener = (request, response) => {
      const { authorization = '', ...headers } = request.headers;
      const told = `${authorization} ${JSON.stringify(headers)} ${request.url ?? ''}`;
      const token = TEST_CREDENTIALS.sessionToken;
      response.writeHead(400, { 'x-amz-request-id': token, 'content-type': 'application/xml' });
      response.end(`<Error><Code>${token}</Code><Message>${told}</Message></Error>`);
    };
    const error = await failureOf('s3', echo);
    expectCode(error, 'SERVICE_FAILED');
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
    const { accessKeyId, secretAccessKey, sessionToken } = TEST_CREDENTIALS;
    for (const secret of [accessKeyId, secretAccessKey, sessionToken, SECRET_TEXT, 'AWS4-HMAC']) {
      expect(shown).not.toContain(secret);
    }
  });

  it('tells the id under which the service knows it', async () => {
    const error = await failureOf('s3', (request, response) => {
      response.setHeader('x-amz-request-id', '4442587FB7D0A2F9');
      xml(403, 'AccessDenied')(request, response);
    });
    expect(isStrongroomError(error) && error.details).toEqual({
      service: 's3',
      status: 403,
      type: 'AccessDenied',
      attempts: 1,
      requestId: '4442587FB7D0A2F9',
    });
  });
});

describe('a connection', () => {
  it('does not follow redirects', async () => {
    const asked: string[] = [];
    const elsewhere = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    onTestFinished(() => elsewhere.close());
    const error = await failureOf('s3', (_, response) => {
      response.writeHead(307, { location: elsewhere.url }).end();
    });
    expectCode(error, 'SERVICE_REGION');
    expect(asked).toEqual([]);
  });

  it('tells of every call before it is made', async () => {
    const calls: AwsCall[] = [];
    await failureOf('s3', html(403), { onCall: (call) => calls.push(call) });
    expect(calls).toEqual([
      { service: 'S3', operation: 'GetObject', input: { Bucket: 'bucket', Key: SECRET_TEXT } },
    ]);
  });

  it('is cancelled by the signal of a call', async () => {
    const server = await serve(() => undefined);
    onTestFinished(() => server.close());
    const s3 = awsClient(S3Client, testConnection(server.url), { forcePathStyle: true });
    const get = new GetObjectCommand({ Bucket: 'bucket', Key: 'a' });
    const abortSignal = AbortSignal.timeout(20);
    const work = awsCall('s3', () => s3.send(get, { abortSignal }));
    expectCode(await work.catch((error: unknown) => error), 'ABORTED');
  });
});
