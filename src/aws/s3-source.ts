// SPDX-License-Identifier: Apache-2.0
// Documents in S3 buckets: found by listing, or announced by notifications.
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import type { AccessFile } from '../access/index.ts';
import { concat, fail, isStrongroomError, lp, sha256, utf8 } from '../core/index.ts';
import {
  type Change,
  type Discovered,
  type DiscoverOptions,
  type DocumentSource,
  matcher,
  MAX_SIDECAR_BYTES,
  type Present,
  SIDECAR_ENDING,
  type SourceContent,
  type SourceFile,
  type WatchedSource,
} from '../ingest/index.ts';
import { awsCall, isNamed } from './aws-error.ts';
import { type AwsConnection, awsClient } from './connection.ts';
import { again, bodyOf, nextPage } from './s3-answers.ts';
import { changesIn } from './s3-events.ts';
import { s3Uri, uriOfS3 } from './s3-uri.ts';

/** What a catalogue says of a location; see `lakeFormationTags`. */
export type Catalogue = (uri: string) => Promise<NonNullable<SourceContent['restrictions']>>;

/** How to read documents from buckets. */
export interface S3SourceOptions extends AwsConnection {
  /** Account that must own the buckets, 12 digits. */
  readonly owner?: string | undefined;
  /** Asked for every document; what it throws keeps the document out. */
  readonly catalogue?: Catalogue;
  readonly signal?: AbortSignal;
}

/** Documents of S3 by the URIs of {@link uriOfS3}, for workers that are told of changes. */
export class S3Documents implements WatchedSource {
  readonly kind = 's3';
  readonly namespace = 's3';
  readonly isCountedFirst = false;
  readonly #client: S3Client;
  readonly #options: S3SourceOptions;

  constructor(options: S3SourceOptions) {
    this.#options = options;
    this.#client = awsClient(S3Client, options, { forcePathStyle: options.endpoint !== undefined });
  }

  changesIn(body: string): readonly Change[] {
    return changesIn(body);
  }

  async look(uri: string): Promise<Present | null> {
    const head = new HeadObjectCommand(this.#at(uri));
    const answer = await this.#present(() =>
      awsCall('s3', () => this.#whenThere(() => this.#client.send(head, this.#sending))),
    );
    if (answer === null) return null;
    return { revision: revisionOf(answer), bytes: answer.ContentLength ?? 0 };
  }

  async read(source: SourceFile, access: AccessFile, maxBytes: number): Promise<SourceContent> {
    const found = await this.#get(source.uri, maxBytes);
    if (found === null) throw fail('SOURCE_CHANGED', 'a document is no longer in its bucket');
    const { revision = null } = source;
    if (revision !== null && found.revision !== revision) {
      throw fail('SOURCE_CHANGED', 'a document was replaced in its bucket meanwhile');
    }
    const beside = access.sidecars
      ? await this.#get(`${source.uri}${SIDECAR_ENDING}`, MAX_SIDECAR_BYTES)
      : null;
    const sidecar = beside?.bytes ?? new Uint8Array(0);
    const restrictions = await this.#options.catalogue?.(source.uri);
    const demanded = restrictions === undefined ? [] : [lp(utf8(JSON.stringify(restrictions)))];
    return {
      bytes: found.bytes,
      sidecar,
      content: sha256(concat(lp(found.bytes), lp(sidecar), ...demanded)),
      ...(restrictions !== undefined && { restrictions }),
    };
  }

  /** Objects of a bucket whose keys begin so, page by page. */
  async *list({ bucket, key }: { bucket: string; key: string }): AsyncGenerator<SourceFile> {
    const root = uriOfS3(bucket, key);
    let token: string | undefined;
    do {
      const from = { ...this.#bucket(bucket), Prefix: key, ContinuationToken: token };
      const page = await awsCall('s3', () =>
        this.#client.send(new ListObjectsV2Command(from), this.#sending),
      );
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        yield { uri: uriOfS3(bucket, Key), file: Key, bytes: Size, root };
      }
      token = nextPage(token, page.IsTruncated === true ? page.NextContinuationToken : undefined);
    } while (token !== undefined);
  }

  /** Ends the connections. */
  close(): void {
    this.#client.destroy();
  }

  async #get(
    uri: string,
    maxBytes: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly revision: string } | null> {
    return this.#present(() =>
      again(this.#options.signal, async () => {
        const get = new GetObjectCommand({ ...this.#at(uri), ChecksumMode: 'ENABLED' });
        const answer = await this.#whenThere(() => this.#client.send(get, this.#sending));
        if (answer === null) return null;
        const isLarge = (answer.ContentLength ?? 0) > maxBytes;
        const bytes = await bodyOf(answer, maxBytes + 1);
        if (isLarge || bytes.length > maxBytes) {
          throw fail('SOURCE_TOO_LARGE', 'an object is larger than the limit', { maxBytes });
        }
        return { bytes, revision: revisionOf(answer) };
      }),
    );
  }

  /** An object that these credentials may not read is the fault of that object, not of the others. */
  async #present<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isStrongroomError(error, 'SERVICE_DENIED')) throw error;
      throw fail('SOURCE_UNREADABLE', 'the service does not let this process read an object');
    }
  }

  async #whenThere<T>(send: () => Promise<T>): Promise<T | null> {
    try {
      return await send();
    } catch (error) {
      if (isNamed(error, 'NoSuchKey', 'NotFound')) return null;
      throw error;
    }
  }

  #at(uri: string): { Bucket: string; Key: string } {
    const { bucket, key } = s3Uri(uri);
    return { ...this.#bucket(bucket), Key: key };
  }

  #bucket(name: string): { Bucket: string } {
    const { owner } = this.#options;
    return { Bucket: name, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
  }

  get #sending(): { abortSignal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { abortSignal: signal };
  }
}

/** The objects below prefixes of buckets, found by listing; no more than a page of names is held at a time. */
export function s3Source(uris: readonly string[], documents: S3Documents): DocumentSource {
  const roots = [...new Set(uris)].map(s3Uri);
  return {
    kind: documents.kind,
    namespace: documents.namespace,
    isCountedFirst: false,
    discover: (options) => discover(roots, documents, options),
    read: (source, access, maxBytes) => documents.read(source, access, maxBytes),
  };
}

async function* discover(
  roots: readonly { readonly bucket: string; readonly key: string }[],
  documents: S3Documents,
  options: DiscoverOptions,
): AsyncGenerator<Discovered> {
  const include = matcher(options.include ?? ['**']);
  const exclude = matcher(options.exclude ?? []);
  for (const root of roots) {
    let isEmpty = true;
    for await (const source of documents.list(root)) {
      isEmpty = false;
      const { uri, file } = source;
      const below = file.slice(root.key.length);
      if (file.endsWith(SIDECAR_ENDING)) continue;
      if (file.endsWith('/')) yield { kind: 'skipped', uri, reason: 'unsupported' };
      else if (/(?:^|\/)\./.test(below)) yield { kind: 'skipped', uri, reason: 'hidden' };
      else if (!include(below) || exclude(below))
        yield { kind: 'skipped', uri, reason: 'excluded' };
      else yield { kind: 'file', source };
    }
    // A slip in the prefix must not delete everything when documents that are gone are pruned.
    if (isEmpty) throw fail('SOURCE_MISSING', 'no object of the bucket has this prefix');
    yield { kind: 'folder', root: uriOfS3(root.bucket, root.key) };
  }
}

/** The version where the bucket keeps versions, else what changes with the content. */
function revisionOf({
  VersionId,
  ETag,
}: Pick<GetObjectCommandOutput, 'VersionId' | 'ETag'>): string {
  if (VersionId !== undefined && VersionId !== 'null') return VersionId;
  return (ETag ?? '').replaceAll('"', '');
}
