// SPDX-License-Identifier: Apache-2.0
// Identity policies: what each duty needs, and nothing else.
import { bucketArn, type Deployment, type Duty, objectsArn, type Place } from './deployment.ts';
import { allow, type Conditions, type PolicyDocument, policyOf, type Statement } from './policy.ts';

/** Writing an object, in parts where it is large. */
const PUT = ['s3:AbortMultipartUpload', 's3:PutObject'];
const DELETE = ['s3:DeleteObject', 's3:DeleteObjectVersion'];

/** The least-privilege identity policy of a duty. */
export function dutyPolicy(deployment: Deployment, duty: Duty): PolicyDocument {
  return policyOf(...STATEMENTS[duty](deployment));
}

const STATEMENTS: Readonly<Record<Duty, (deployment: Deployment) => Statement[]>> = {
  ingest: (d) => [
    ...reading(d, ['objects', 'keys']),
    allow('WriteDocuments', PUT, objects(d, 'doc', 'acl', 'segment', 'pack', 'snap')),
    allow('WithdrawObjects', DELETE, objects(d, 'doc', 'segment', 'pack', 'snap')),
    allow('WriteKeys', PUT, keys(d, 'doc', 'acl', 'segment', 'snap')),
    ...removing(d),
    // Keys of segments are replaced with them; a document's key is destroyed by an administrator alone.
    allow('ReplaceSegmentKeys', DELETE, keys(d, 'segment', 'snap')),
    ...keyRing(d),
    ...models(d),
    ...sources(d),
    ...queues(d),
    ...search(d, 'ingest'),
  ],
  sequencer: (d) => [
    ...reading(d, ['objects', 'keys', 'locks']),
    allow('WriteLog', PUT, objectsArn(d, 'objects', `log/${d.tenantId}/*`)),
    allow('CleanLog', DELETE, [
      objectsArn(d, 'objects', `log/${d.tenantId}/staging/*`),
      objectsArn(d, 'objects', `log/${d.tenantId}/tile/*.p/*`),
    ]),
    allow('WriteStateCopies', PUT, objects(d, 'state')),
    allow('WriteStateKeys', PUT, keys(d, 'state')),
    allow(
      'LockTiles',
      's3:PutObjectRetention',
      objectsArn(d, 'objects', `log/${d.tenantId}/tile/*`),
    ),
    allow('SwapLock', 's3:PutObject', lockRecord(d)),
    ...removing(d),
    ...keyRing(d),
  ],
  retriever: (d) => [
    ...reading(d, ['objects', 'keys']),
    ...keyRing(d),
    ...models(d),
    ...search(d, 'retriever'),
  ],
  administrator: (d) => [
    ...reading(d, ['objects', 'keys', 'locks']),
    allow('WriteRecords', PUT, objects(d, '*')),
    allow('EraseObjects', [...DELETE, 's3:GetObjectVersion'], objects(d, '*')),
    allow('WriteKeys', PUT, keys(d, '*')),
    allow('DestroyKeys', DELETE, keys(d, '*')),
    ...removing(d),
    allow('LookAtBuckets', BUCKET_SETTINGS, [
      ...new Set(Object.values(d.buckets).map((name) => bucketArn(d, name))),
    ]),
    ...keyRing(d),
    allow('WrapRingKeys', RING_WRITES, d.kmsKey, ringContext(d)),
    allow('LookAtKey', ['kms:DescribeKey', 'kms:GetKeyRotationStatus'], d.kmsKey),
    allow('SignAsRoot', ['kms:GetPublicKey', 'kms:Sign'], d.signingKey ?? []),
    ...search(d, 'administrator'),
  ],
};

/** Which buckets keep what is deleted: asked before a key is written or destroyed. */
const KEEPING = ['s3:GetBucketObjectLockConfiguration', 's3:GetBucketVersioning'];

/** What `doctor` looks at. */
const BUCKET_SETTINGS = [
  's3:GetBucketPolicyStatus',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketVersioning',
  's3:GetBucketObjectLockConfiguration',
  's3:GetEncryptionConfiguration',
];
const RING_WRITES = ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

function objects(d: Deployment, ...kinds: readonly string[]): string[] {
  return kinds.map((kind) => objectsArn(d, 'objects', kind === '*' ? 'obj/*' : `obj/${kind}/*`));
}

function keys(d: Deployment, ...kinds: readonly string[]): string[] {
  return kinds.map((kind) =>
    objectsArn(d, 'keys', kind === '*' ? `dek/${d.tenantId}/*` : `dek/${d.tenantId}/${kind}/*`),
  );
}

function lockRecord(d: Deployment): string {
  return objectsArn(d, 'locks', `lock/${d.tenantId}`);
}

/** Removing an object removes every version of it, so they have to be found. */
function removing(d: Deployment): Statement[] {
  const buckets = [bucketArn(d, d.buckets.objects), bucketArn(d, d.buckets.keys)];
  return [
    allow('FindVersions', 's3:ListBucketVersions', [...new Set(buckets)], ownPrefix(d)),
    allow('AskWhatIsKept', KEEPING, bucketArn(d, d.buckets.keys)),
  ];
}

/**
 * Reading objects, and listing: without it a missing object looks like a forbidden one. The prefix is tested where a
 * request names one; a lookup of an object names none.
 */
function reading(d: Deployment, places: readonly Place[]): Statement[] {
  const readable = {
    objects: [objectsArn(d, 'objects', 'obj/*'), objectsArn(d, 'objects', `log/${d.tenantId}/*`)],
    keys: keys(d, '*'),
    locks: [lockRecord(d)],
  };
  const buckets = places.map((place) => bucketArn(d, d.buckets[place]));
  return [
    allow(
      'ReadVault',
      's3:GetObject',
      places.flatMap((place) => readable[place]),
    ),
    allow('ListVault', 's3:ListBucket', [...new Set(buckets)], ownPrefix(d)),
  ];
}

function ownPrefix({ prefix }: Deployment): Conditions | undefined {
  return prefix === '' ? undefined : { StringLikeIfExists: { 's3:prefix': `${prefix}*` } };
}

/** The encryption context of a tenant's branch and lookup keys. */
export function ringContext({ vaultId, tenantId }: Deployment): Conditions {
  return {
    StringEquals: {
      'kms:EncryptionContext:sr:vault': vaultId,
      'kms:EncryptionContext:sr:tenant': tenantId,
    },
  };
}

/** The key's use by S3 on behalf of a role, for objects of the vault's buckets alone (with bucket keys). */
export function throughS3(d: Deployment): Conditions {
  const names = [...new Set(Object.values(d.buckets))];
  return {
    StringEquals: { 'kms:ViaService': `s3.${d.region}.amazonaws.com` },
    StringLike: {
      'kms:EncryptionContext:aws:s3:arn': names.flatMap((name) => [
        bucketArn(d, name),
        `${bucketArn(d, name)}/*`,
      ]),
    },
  };
}

function keyRing(d: Deployment): Statement[] {
  return [
    allow('OpenRing', 'kms:Decrypt', d.kmsKey, ringContext(d)),
    allow('EncryptAtRest', ['kms:Decrypt', 'kms:GenerateDataKey'], d.kmsKey, throughS3(d)),
  ];
}

function models({ models: bedrock, endpoints }: Deployment): Statement[] {
  return [
    allow('EmbedWithBedrock', 'bedrock:InvokeModel', bedrock),
    allow('EmbedWithSageMaker', 'sagemaker:InvokeEndpoint', endpoints),
  ];
}

function sources(d: Deployment): Statement[] {
  const listing = d.sources.map(({ bucket, prefix }, i) =>
    allow(
      `ListSource${i + 1}`,
      's3:ListBucket',
      bucketArn(d, bucket),
      prefix === '' ? undefined : { StringLikeIfExists: { 's3:prefix': `${prefix}*` } },
    ),
  );
  const readable = d.sources.map(({ bucket, prefix }) => `${bucketArn(d, bucket)}/${prefix}*`);
  return [
    allow('ReadSources', ['s3:GetObject', 's3:GetObjectVersion'], readable),
    ...listing,
    allow('ReadTags', 'lakeformation:GetResourceLFTags', d.lakeFormation ? '*' : []),
  ];
}

function queues({ queue, deadLetters }: Deployment): Statement[] {
  const actions = [
    'ChangeMessageVisibility',
    'DeleteMessage',
    'ReceiveMessage',
    'GetQueueAttributes',
  ];
  return [
    allow('TakeWork', actions.map((name) => `sqs:${name}`).sort(), queue ?? []),
    allow('PutAside', 'sqs:SendMessage', deadLetters ?? []),
  ];
}

const SEARCH_ACTIONS = {
  ingest: ['es:ESHttpGet', 'es:ESHttpHead', 'es:ESHttpPost', 'es:ESHttpPut'],
  retriever: ['es:ESHttpGet', 'es:ESHttpPost', 'es:ESHttpDelete'],
  administrator: ['es:ESHttp*'],
} as const;

/** Of the domain only the index; points in time and bulk requests have paths of their own. */
function search({ search: at }: Deployment, duty: keyof typeof SEARCH_ACTIONS): Statement[] {
  if (at === null) return [];
  const paths = {
    ingest: [`${at.index}*`, '_bulk'],
    retriever: [`${at.index}*/_search*`, '_search*', '_msearch*', `${at.index}*/_count`],
    administrator: ['*'],
  } as const;
  const resources = paths[duty].map((path) => `${at.domain}/${path}`);
  return [allow('UseSearch', SEARCH_ACTIONS[duty], resources)];
}
