// SPDX-License-Identifier: Apache-2.0
// An S3 whose buckets are folders, so that whoever edits files edits a bucket: the attacks on a vault in files then run
// against a vault in buckets as they are. Each world is an account, known by its access key.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { FileStore } from '../../../src/store/index.ts';
import type { AwsAccess, HomeConfig } from '../../../src/vault/index.ts';
import { collect } from '../collect.ts';
import { bodyOf, serve } from './answering-server.ts';
import { homeAt } from './s3-home.ts';

/** True when vaults of tests lie in buckets: `STRONGROOM_TEST_HOME=s3`. */
export const IN_BUCKETS = process.env['STRONGROOM_TEST_HOME'] === 's3';

/** Folders of a world that are its buckets. Locks lie beside the trust file, where no restored vault reaches them. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  objects: ['vault', 'store'],
  keys: ['vault', 'keys'],
  locks: ['home', 'locks'],
};

const accounts = new Map<string, string>();
let server: Promise<{ readonly url: string }> | null = null;

/** The configuration of every vault whose buckets are folders. */
export async function folderHome(): Promise<HomeConfig> {
  server ??= serve((request, response) => void answer(request, response));
  const { url } = await server;
  return homeAt(url, { objects: 'objects', keys: 'keys', locks: 'locks' }, '');
}

/** How a world calls its own buckets. */
export function accountOf(folder: string): AwsAccess {
  const id = createHash('sha256').update(folder).digest('hex').slice(0, 20).toUpperCase();
  accounts.set(id, folder);
  return { credentials: { accessKeyId: id, secretAccessKey: 'none' }, attempts: 1 };
}

type Reply = readonly [
  status: number,
  headers?: Record<string, string>,
  body?: Uint8Array | string,
];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://localhost');
  const [, bucket = '', ...rest] = pathname.split('/').map(decodeURIComponent);
  const id = /Credential=([0-9A-F]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const folder = path.join(accounts.get(id) ?? 'none', ...(FOLDERS[bucket] ?? ['none']));
  const store = new FileStore(folder);
  const key = rest.join('/');
  const [status, headers = {}, content = ''] =
    key === '' ? await onBucket(store, query) : await onObject(store, key, request, body);
  const sent = { 'content-length': String(Buffer.byteLength(content)), ...headers };
  response.writeHead(status, sent).end(request.method === 'HEAD' ? undefined : content);
}

async function onBucket(store: FileStore, query: URLSearchParams): Promise<Reply> {
  if (query.has('versioning')) return [200, {}, '<VersioningConfiguration/>'];
  if (query.has('object-lock')) return refusal(404, 'ObjectLockConfigurationNotFoundError');
  const prefix = query.get('prefix') ?? '';
  const found = (await collect(store.list(''))).filter((each) => each.path.startsWith(prefix));
  const time = new Date(0).toISOString();
  const element = query.has('versions') ? 'Version' : 'Contents';
  const rows = found.map(
    (each) =>
      `<${element}><Key>${each.path}</Key><VersionId>null</VersionId><Size>${each.bytes}</Size>` +
      `<LastModified>${time}</LastModified></${element}>`,
  );
  return [200, {}, `<Result><IsTruncated>false</IsTruncated>${rows.join('')}</Result>`];
}

// Store, key and the two parts of a request.
async function onObject(
  store: FileStore,
  key: string,
  { method, headers }: IncomingMessage,
  body: Buffer,
): Promise<Reply> {
  if (method === 'DELETE') {
    await store.delete(key);
    return [204];
  }
  const present = await store.get(key);
  if (method === 'PUT') {
    const expected = headers['if-match'];
    if (expected !== undefined && present === null) return refusal(404, 'NoSuchKey');
    const isLost = present !== null && expected !== etagOf(present.bytes);
    const isWritten = !isLost && (await store.compareAndSwap(key, present?.version ?? null, body));
    return isWritten ? [200, { etag: etagOf(body) }] : refusal(412, 'PreconditionFailed');
  }
  if (present === null) return refusal(404, 'NoSuchKey');
  const { bytes } = present;
  const facts = { etag: etagOf(bytes), 'last-modified': new Date().toUTCString() };
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  if (range === null) return [200, { ...facts, 'content-length': String(bytes.length) }, bytes];
  const [from, to] = [Number(range[1]), Number(range[2])];
  if (from >= bytes.length) return refusal(416, 'InvalidRange');
  const part = bytes.subarray(from, to + 1);
  const contentRange = `bytes ${from}-${from + part.length - 1}/${bytes.length}`;
  return [206, { ...facts, 'content-range': contentRange }, part];
}

function refusal(status: number, code: string): Reply {
  return [status, {}, `<Error><Code>${code}</Code></Error>`];
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
