// SPDX-License-Identifier: Apache-2.0
// An S3 for tests: real HTTP for the real SDK client, with the parts of the API that Strongroom uses. It passes the same
// suites as the other object stores, and what it gets right is compared with other servers by `npm run test:services`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf, type RunningServer, serve } from './answering-server.ts';
import { FakeBucket, type FakeVersion, S3Refusal, type Sent } from './fake-s3-buckets.ts';

/** A request as tests see it. */
export interface SeenRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Sent;
}

/** What goes wrong with a request. */
export type Fault =
  | { readonly refuse: number; readonly code: string }
  /** The connection ends before anything is done. */
  | 'cut'
  /** It is done, but the answer gets lost. */
  | 'lose the answer'
  /** Half of the body is sent. */
  | 'cut the body'
  /** The body is sent with one bit turned over. */
  | 'flip a bit';

/** A running S3 of tests. */
export interface FakeS3 extends RunningServer {
  readonly buckets: Map<string, FakeBucket>;
  readonly requests: SeenRequest[];
  /** Asked for every request; undefined lets it pass. */
  fault: ((request: SeenRequest) => Fault | undefined) | null;
  /** Waited for before a request is answered. */
  hold: ((request: SeenRequest) => Promise<void>) | null;
  /** Most entries on a page of a listing; 3, so that every listing has pages. */
  pageSize: number;
}

/** Account that owns every bucket. */
export const FAKE_OWNER = '000000000000';

const CHECKSUM = 'x-amz-checksum-sha256';

/** Starts an S3 without buckets on a free port. */
export async function startFakeS3(): Promise<FakeS3> {
  const server = await serve((request, response) => {
    void answer(fake, request, response);
  });
  const fake: FakeS3 = {
    ...server,
    buckets: new Map(),
    requests: [],
    fault: null,
    hold: null,
    pageSize: 3,
  };
  return fake;
}

/** What is answered about settings that were never made. */
const UNSET = {
  publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
} as const;

type Reply = readonly [status: number, headers: Record<string, string>, body: Buffer | string];

async function answer(
  fake: FakeS3,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request).catch(() => Buffer.alloc(0));
  const seen = seenOf(request);
  fake.requests.push(seen);
  await fake.hold?.(seen);
  const fault = fake.fault?.(seen);
  if (fault === 'cut') return void response.destroy();
  let reply: Reply;
  try {
    if (typeof fault === 'object') throw new S3Refusal(fault.refuse, fault.code);
    reply = dispatch(fake, seen, body);
  } catch (error) {
    if (!(error instanceof S3Refusal)) throw error;
    reply = [error.status, {}, `<Error><Code>${error.code}</Code><Message>m</Message></Error>`];
  }
  if (fault === 'lose the answer') return void response.destroy();
  const [status, headers, content] = reply;
  const bytes = seen.method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(content);
  if (fault === 'flip a bit') bytes[0] = (bytes[0] ?? 0) ^ 1;
  response.writeHead(status, { 'content-length': String(bytes.length), ...headers });
  if (fault !== 'cut the body') return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

function seenOf({ method = '', url = '', headers }: IncomingMessage): SeenRequest {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, bucket = '', ...key] = pathname.split('/').map(decodeURIComponent);
  return { method, bucket, key: key.join('/'), query: searchParams, headers: headers as Sent };
}

function dispatch(fake: FakeS3, seen: SeenRequest, body: Buffer): Reply {
  const { method, bucket: name, key, headers } = seen;
  if (key === '' && method === 'PUT' && seen.query.size === 0) {
    const hasLock = headers['x-amz-bucket-object-lock-enabled'] === 'true';
    fake.buckets.set(name, new FakeBucket(hasLock));
    return [200, {}, ''];
  }
  const bucket = fake.buckets.get(name);
  if (bucket === undefined) throw new S3Refusal(404, 'NoSuchBucket');
  const owner = headers['x-amz-expected-bucket-owner'];
  if (owner !== undefined && owner !== FAKE_OWNER) throw new S3Refusal(403, 'AccessDenied');
  if (key === '') return onBucket(fake, bucket, seen, body);
  if (seen.query.has('uploads') || seen.query.has('uploadId')) return onUpload(bucket, seen, body);
  return onObject(bucket, seen, body);
}

function onBucket(fake: FakeS3, bucket: FakeBucket, seen: SeenRequest, body: Buffer): Reply {
  const { query, method } = seen;
  if (query.has('versioning')) {
    if (method === 'PUT') {
      bucket.versioning = body.includes('Enabled') ? 'Enabled' : 'Suspended';
      return [200, {}, ''];
    }
    const status = bucket.versioning === null ? '' : `<Status>${bucket.versioning}</Status>`;
    return xml('VersioningConfiguration', status);
  }
  if (query.has('object-lock')) {
    if (!bucket.hasObjectLock) throw new S3Refusal(404, 'ObjectLockConfigurationNotFoundError');
    return xml('ObjectLockConfiguration', '<ObjectLockEnabled>Enabled</ObjectLockEnabled>');
  }
  for (const setting of ['publicAccessBlock', 'encryption'] as const) {
    if (!query.has(setting)) continue;
    const content = bucket.settings.get(setting);
    if (content === undefined) throw new S3Refusal(404, UNSET[setting]);
    return xml(`${setting}Configuration`, content);
  }
  if (query.has('versions')) return listVersions(fake, bucket, query);
  if (query.get('list-type') === '2') return listObjects(fake, bucket, query);
  throw new S3Refusal(501, 'NotImplemented');
}

function onUpload(bucket: FakeBucket, seen: SeenRequest, body: Buffer): Reply {
  const { method, key, query, headers } = seen;
  const uploadId = query.get('uploadId') ?? '';
  if (method === 'PUT') {
    const etag = bucket.putPart(uploadId, Number(query.get('partNumber')), body, headers);
    return [200, { etag }, ''];
  }
  if (method === 'DELETE') {
    bucket.uploads.delete(uploadId);
    return [204, {}, ''];
  }
  if (query.has('uploads'))
    return xml(
      'InitiateMultipartUploadResult',
      `<UploadId>${bucket.startUpload(headers)}</UploadId>`,
    );
  const { etag } = bucket.completeUpload(key, uploadId, headers);
  return xml('CompleteMultipartUploadResult', `<ETag>${escaped(etag)}</ETag>`);
}

function onObject(bucket: FakeBucket, seen: SeenRequest, body: Buffer): Reply {
  const { method, key, query, headers } = seen;
  if (method === 'PUT') {
    const version = bucket.put(key, body, headers);
    return [200, { etag: version.etag, 'x-amz-version-id': version.versionId }, ''];
  }
  if (method === 'DELETE') {
    bucket.delete(key, query.get('versionId'));
    return [204, {}, ''];
  }
  const version = bucket.get(key);
  const bytes = version.bytes ?? Buffer.alloc(0);
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '');
  // The checksum is one of the whole object.
  const withChecksum = headers['x-amz-checksum-mode'] === 'ENABLED' && range === null;
  const facts = {
    ...Object.fromEntries(
      Object.entries(version.headers).filter(([name]) => withChecksum || name !== CHECKSUM),
    ),
    etag: version.etag,
    ...(bucket.versioning !== null && { 'x-amz-version-id': version.versionId }),
    'last-modified': version.modified.toUTCString(),
  };
  if (range === null) return [200, { ...facts, 'content-length': String(bytes.length) }, bytes];
  const [from, to] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
  if (from >= bytes.length) throw new S3Refusal(416, 'InvalidRange');
  const contentRange = `bytes ${from}-${to}/${bytes.length}`;
  return [206, { ...facts, 'content-range': contentRange }, bytes.subarray(from, to + 1)];
}

function listObjects(fake: FakeS3, bucket: FakeBucket, query: URLSearchParams): Reply {
  const from = query.get('continuation-token') ?? '';
  const keys = keysOf(bucket, query).filter((key) => key > from && bucket.current(key) !== null);
  const page = keys.slice(0, fake.pageSize);
  const contents = page.map((key) => {
    const { bytes, etag, modified } = bucket.get(key);
    const facts = `<Size>${bytes?.length}</Size><ETag>${escaped(etag)}</ETag>`;
    const time = `<LastModified>${modified.toISOString()}</LastModified>`;
    return `<Contents><Key>${escaped(key)}</Key>${facts}${time}</Contents>`;
  });
  const next = keys.length > page.length ? (page.at(-1) ?? '') : null;
  return xml('ListBucketResult', contents.join('') + more(next, 'NextContinuationToken'));
}

function listVersions(fake: FakeS3, bucket: FakeBucket, query: URLSearchParams): Reply {
  const after = Number(query.get('version-id-marker') ?? '0');
  const all = keysOf(bucket, query).flatMap((key) =>
    (bucket.objects.get(key) ?? []).map((version) => [key, version] as const),
  );
  const page = all.slice(after, after + fake.pageSize);
  const contents = page.map(([key, { bytes, versionId }]: readonly [string, FakeVersion]) => {
    const element = bytes === null ? 'DeleteMarker' : 'Version';
    return `<${element}><Key>${escaped(key)}</Key><VersionId>${versionId}</VersionId></${element}>`;
  });
  const next = all.length > after + page.length ? String(after + page.length) : null;
  const marker =
    next === null ? '' : `<NextKeyMarker>${escaped(page.at(-1)?.[0] ?? '')}</NextKeyMarker>`;
  return xml('ListVersionsResult', contents.join('') + marker + more(next, 'NextVersionIdMarker'));
}

function keysOf(bucket: FakeBucket, query: URLSearchParams): string[] {
  const prefix = query.get('prefix') ?? '';
  return [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
}

function more(next: string | null, element: string): string {
  if (next === null) return '<IsTruncated>false</IsTruncated>';
  return `<IsTruncated>true</IsTruncated><${element}>${escaped(next)}</${element}>`;
}

function xml(element: string, content: string): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?><${element}>${content}</${element}>`;
  return [200, { 'content-type': 'application/xml' }, body];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
