// SPDX-License-Identifier: Apache-2.0
// What the S3 of tests keeps: buckets, versions, retention, uploads; and the rules by which it refuses.
import { createHash, randomUUID } from 'node:crypto';

/** An answer that S3 gives instead of doing what it was asked. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** One version of an object, or with `bytes` null the mark of a deletion. */
export interface FakeVersion {
  readonly versionId: string;
  readonly bytes: Buffer | null;
  readonly etag: string;
  readonly modified: Date;
  /** Response headers that repeat what the writer sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly lockedUntil: Date | null;
}

/** Headers of a write, in lower case. */
export type Sent = Readonly<Record<string, string | undefined>>;

/** Headers that come back with the object. */
const KEPT = /^(?:x-amz-meta-.*|x-amz-server-side-encryption.*|x-amz-checksum-sha256)$/;

/** One bucket. Every method throws {@link S3Refusal}. */
export class FakeBucket {
  versioning: 'Enabled' | 'Suspended' | null = null;
  readonly hasObjectLock: boolean;
  /** Content of the answers about public access and encryption. */
  readonly settings = new Map<'publicAccessBlock' | 'encryption', string>();
  readonly objects = new Map<string, FakeVersion[]>();
  readonly uploads = new Map<
    string,
    { readonly sent: Sent; readonly parts: Map<number, Buffer> }
  >();

  constructor(hasObjectLock: boolean) {
    this.hasObjectLock = hasObjectLock;
    if (hasObjectLock) this.versioning = 'Enabled';
  }

  /** The current version of a key; a deletion mark counts as none. */
  current(key: string): FakeVersion | null {
    const newest = this.objects.get(key)?.[0];
    return newest?.bytes === null ? null : (newest ?? null);
  }

  /** The current version. */
  get(key: string): FakeVersion {
    const version = this.current(key);
    if (version === null) throw new S3Refusal(404, 'NoSuchKey');
    return version;
  }

  put(key: string, bytes: Buffer, sent: Sent): FakeVersion {
    this.checkCondition(key, sent);
    checkDigest(bytes, sent);
    return this.#add(key, bytes, sent, `"${digest('md5', bytes, 'hex')}"`);
  }

  /** Throws unless the conditions of a write hold. */
  checkCondition(key: string, sent: Sent): void {
    const present = this.current(key);
    const expected = sent['if-match'];
    if (expected !== undefined && present === null) throw new S3Refusal(404, 'NoSuchKey');
    const isLost = sent['if-none-match'] === '*' && present !== null;
    if (isLost || (expected !== undefined && present?.etag !== expected))
      throw new S3Refusal(412, 'PreconditionFailed');
  }

  /** Without a version id: a deletion mark where versions are kept, else the object is gone. */
  delete(key: string, versionId: string | null): void {
    const versions = this.objects.get(key) ?? [];
    if (versionId === null && this.versioning !== null) {
      const mark = { bytes: null, etag: '', headers: {}, lockedUntil: null, modified: new Date() };
      this.#insert(key, { ...mark, versionId: this.#newId() });
      return;
    }
    const isMeant = (each: FakeVersion): boolean => each.versionId === (versionId ?? 'null');
    const locked = versions.find(isMeant)?.lockedUntil ?? null;
    if (locked !== null && locked > new Date()) throw new S3Refusal(403, 'AccessDenied');
    const left = versions.filter((each) => !isMeant(each));
    if (left.length > 0) this.objects.set(key, left);
    else this.objects.delete(key);
  }

  startUpload(sent: Sent): string {
    const id = randomUUID();
    this.uploads.set(id, { sent, parts: new Map() });
    return id;
  }

  putPart(uploadId: string, no: number, bytes: Buffer, sent: Sent): string {
    checkDigest(bytes, sent);
    this.#upload(uploadId).parts.set(no, bytes);
    return `"${digest('md5', bytes, 'hex')}"`;
  }

  completeUpload(key: string, uploadId: string, sent: Sent): FakeVersion {
    const { parts, sent: begun } = this.#upload(uploadId);
    this.checkCondition(key, sent);
    const bytes = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    if (bytes.slice(0, -1).some((part) => part.length < 5 * 2 ** 20))
      throw new S3Refusal(400, 'EntityTooSmall');
    this.uploads.delete(uploadId);
    const etag = `"${digest('md5', Buffer.concat(bytes), 'hex')}-${bytes.length}"`;
    return this.#add(key, Buffer.concat(bytes), begun, etag);
  }

  #upload(id: string): { readonly sent: Sent; readonly parts: Map<number, Buffer> } {
    const upload = this.uploads.get(id);
    if (upload === undefined) throw new S3Refusal(404, 'NoSuchUpload');
    return upload;
  }

  #add(key: string, bytes: Buffer, sent: Sent, etag: string): FakeVersion {
    const until = sent['x-amz-object-lock-retain-until-date'];
    if (until !== undefined && !this.hasObjectLock) throw new S3Refusal(400, 'InvalidRequest');
    const headers = Object.entries(sent).filter(([name]) => KEPT.test(name));
    const version = {
      versionId: this.#newId(),
      bytes,
      etag,
      modified: new Date(),
      headers: Object.fromEntries(headers) as Record<string, string>,
      lockedUntil: until === undefined ? null : new Date(until),
    };
    this.#insert(key, version);
    return version;
  }

  #insert(key: string, version: FakeVersion): void {
    const others = this.objects.get(key) ?? [];
    // Unversioned writes replace the version `null`.
    const kept = others.filter((each) => each.versionId !== version.versionId);
    this.objects.set(key, [version, ...kept]);
  }

  #newId(): string {
    return this.versioning === 'Enabled' ? randomUUID() : 'null';
  }
}

function checkDigest(bytes: Buffer, sent: Sent): void {
  const expected = sent['x-amz-checksum-sha256'];
  if (expected !== undefined && expected !== digest('sha256', bytes, 'base64'))
    throw new S3Refusal(400, 'BadDigest');
}

function digest(name: string, bytes: Buffer, form: 'hex' | 'base64'): string {
  return createHash(name).update(bytes).digest(form);
}
