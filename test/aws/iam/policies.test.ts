// The policies that `strongroom iam` prints, decided by a simulator of AWS: who may do what, and what nobody may.
import { describe, expect, it } from 'vitest';
import { DUTIES, type Duty } from '../../../src/aws/index.ts';
import {
  allowedFor,
  ANYTHING,
  DEAD_LETTERS,
  decide,
  DOMAIN,
  KEY,
  MODEL,
  QUEUE,
  type Request,
  RING,
  SAGEMAKER,
  SIGNING_KEY,
} from '../../support/iam-world.ts';

const OBJECTS = 'arn:aws:s3:::acme-objects';
const KEYS = 'arn:aws:s3:::acme-keys';
const LOCKS = 'arn:aws:s3:::acme-locks';
const SOURCE = 'arn:aws:s3:::acme-handbook';
const THROUGH_S3 = {
  'kms:ViaService': 's3.eu-central-1.amazonaws.com',
  'kms:EncryptionContext:aws:s3:arn': OBJECTS,
};

const EVERYBODY: readonly Duty[] = DUTIES;

/** Request by request the duties whose role may do it; every other role is refused. */
const MATRIX: readonly (readonly [string, Request, readonly Duty[]])[] = [
  // Objects
  ['read a document', get(`${OBJECTS}/rag/obj/doc/d-x/1-aa`), EVERYBODY],
  ['write a document', put(`${OBJECTS}/rag/obj/doc/d-x/1-aa`), ['ingest', 'administrator']],
  ['write a class', put(`${OBJECTS}/rag/obj/acl/aa-bb`), ['ingest', 'administrator']],
  ['write the directory', put(`${OBJECTS}/rag/obj/dir/people/2-aa`), ['administrator']],
  ['write the policy', put(`${OBJECTS}/rag/obj/policy/policy/2-aa`), ['administrator']],
  ['write a state copy', put(`${OBJECTS}/rag/obj/state/map/9-aa`), ['sequencer', 'administrator']],
  ['delete a document', del(`${OBJECTS}/rag/obj/doc/d-x/1-aa`), ['ingest', 'administrator']],
  ['delete a directory', del(`${OBJECTS}/rag/obj/dir/people/2-aa`), ['administrator']],
  ['list the vault', list(OBJECTS, 'rag/obj/'), EVERYBODY],
  ['list another prefix', list(OBJECTS, 'other/'), []],
  ['read another prefix', get(`${OBJECTS}/other/obj/doc/d-x/1-aa`), []],
  ['write another prefix', put(`${OBJECTS}/other/obj/doc/d-x/1-aa`), []],
  // The log
  ['read the checkpoint', get(`${OBJECTS}/rag/log/acme/checkpoint`), EVERYBODY],
  ['write the checkpoint', put(`${OBJECTS}/rag/log/acme/checkpoint`), ['sequencer']],
  ['write a tile', put(`${OBJECTS}/rag/log/acme/tile/0/000`), ['sequencer']],
  ['delete a partial tile', del(`${OBJECTS}/rag/log/acme/tile/0/000.p/7`), ['sequencer']],
  ['delete a full tile', del(`${OBJECTS}/rag/log/acme/tile/0/000`), []],
  ['delete the checkpoint', del(`${OBJECTS}/rag/log/acme/checkpoint`), []],
  ['read the log of another tenant', get(`${OBJECTS}/rag/log/other/checkpoint`), []],
  ['write the log of another tenant', put(`${OBJECTS}/rag/log/other/checkpoint`), []],
  // Wrapped keys
  ['read a wrapped key', get(`${KEYS}/rag/dek/acme/doc/d-x/1-aa`), EVERYBODY],
  ['write a wrapped key', put(`${KEYS}/rag/dek/acme/doc/d-x/1-aa`), ['ingest', 'administrator']],
  ['destroy a key', del(`${KEYS}/rag/dek/acme/doc/d-x/1-aa`), ['administrator']],
  [
    'replace a segment key',
    del(`${KEYS}/rag/dek/acme/segment/1-0/3-aa`),
    ['ingest', 'administrator'],
  ],
  ['write a state key', put(`${KEYS}/rag/dek/acme/state/map/9-aa`), ['sequencer', 'administrator']],
  ['read a key of another tenant', get(`${KEYS}/rag/dek/other/doc/d-x/1-aa`), []],
  ['write a key of another tenant', put(`${KEYS}/rag/dek/other/doc/d-x/1-aa`), []],
  // The lock record
  ['read the lock', get(`${LOCKS}/rag/lock/acme`), ['sequencer', 'administrator']],
  ['write the lock', put(`${LOCKS}/rag/lock/acme`), ['sequencer']],
  ['read the lock of another tenant', get(`${LOCKS}/rag/lock/other`), []],
  ['delete the lock', del(`${LOCKS}/rag/lock/acme`), []],
  [
    'end the retention of a tile early',
    { action: 's3:BypassGovernanceRetention', resource: `${OBJECTS}/rag/log/acme/tile/0/000` },
    [],
  ],
  // The keys of KMS
  ['open the ring', kms('Decrypt', RING), EVERYBODY],
  ['open without a context', kms('Decrypt', {}), []],
  [
    'open under another tenant',
    kms('Decrypt', { ...RING, 'kms:EncryptionContext:sr:tenant': 'x' }),
    [],
  ],
  [
    'open under another vault',
    kms('Decrypt', { ...RING, 'kms:EncryptionContext:sr:vault': 'ff' }),
    [],
  ],
  ['wrap a ring key', kms('Encrypt', RING), ['administrator']],
  ['encrypt without a context', kms('Encrypt', {}), []],
  ['make a data key for the ring', kms('GenerateDataKey', RING), ['administrator']],
  ['make a data key through S3', kms('GenerateDataKey', THROUGH_S3), EVERYBODY],
  [
    'make a data key through S3 for another bucket',
    kms('GenerateDataKey', { ...THROUGH_S3, 'kms:EncryptionContext:aws:s3:arn': SOURCE }),
    [],
  ],
  ['sign as root', { action: 'kms:Sign', resource: SIGNING_KEY }, ['administrator']],
  ['decrypt by another key', { action: 'kms:Decrypt', resource: `${KEY}0`, context: RING }, []],
  // Models, sources, queues, search
  ['embed', { action: 'bedrock:InvokeModel', resource: MODEL }, ['ingest', 'retriever']],
  ['embed by another model', { action: 'bedrock:InvokeModel', resource: `${MODEL}x` }, []],
  [
    'embed in an endpoint',
    { action: 'sagemaker:InvokeEndpoint', resource: SAGEMAKER },
    ['ingest', 'retriever'],
  ],
  ['read a source', get(`${SOURCE}/public/a.md`), ['ingest']],
  ['read a version of a source', version(`${SOURCE}/public/a.md`), ['ingest']],
  ['read beside a source', get(`${SOURCE}/secret/a.md`), []],
  ['write a source', put(`${SOURCE}/public/a.md`), []],
  ['list a source', list(SOURCE, 'public/'), ['ingest']],
  ['list beside a source', list(SOURCE, 'secret/'), []],
  ['read LF-tags', { action: 'lakeformation:GetResourceLFTags', resource: '*' }, ['ingest']],
  ['take work', { action: 'sqs:ReceiveMessage', resource: QUEUE }, ['ingest']],
  ['give work back', { action: 'sqs:ChangeMessageVisibility', resource: QUEUE }, ['ingest']],
  ['add work', { action: 'sqs:SendMessage', resource: QUEUE }, []],
  ['put work aside', { action: 'sqs:SendMessage', resource: DEAD_LETTERS }, ['ingest']],
  ['search', es('Post', 'strongroom-acme/_search'), ['ingest', 'retriever', 'administrator']],
  ['write rows', es('Post', '_bulk'), ['ingest', 'administrator']],
  ['drop the index', es('Delete', 'strongroom-acme'), ['administrator']],
  ['search another index', es('Post', 'payroll/_search'), ['administrator']],
];

function get(resource: string): Request {
  return { action: 's3:GetObject', resource };
}

function put(resource: string): Request {
  return { action: 's3:PutObject', resource };
}

function del(resource: string): Request {
  return { action: 's3:DeleteObject', resource };
}

function version(resource: string): Request {
  return { action: 's3:GetObjectVersion', resource };
}

function list(resource: string, prefix: string): Request {
  return { action: 's3:ListBucket', resource, context: { 's3:prefix': prefix } };
}

function kms(operation: string, context: Readonly<Record<string, string>>): Request {
  return { action: `kms:${operation}`, resource: KEY, context };
}

function es(method: string, path: string): Request {
  return { action: `es:ESHttp${method}`, resource: `${DOMAIN}/${path}` };
}

describe('policies by duty', () => {
  it.each(MATRIX)('decide who may %s', async (_what, request, allowed) => {
    expect(await allowedFor(request)).toEqual(allowed);
  });
});

const WRITE = put(`${OBJECTS}/rag/obj/doc/d-x/1-aa`);

describe('bucket policies', () => {
  const refused = [
    ['over plain HTTP', { 'aws:SecureTransport': 'false' }],
    ['over an old TLS', { 's3:TlsVersion': '1.1' }],
    ['without encryption by KMS', { 's3:x-amz-server-side-encryption': 'AES256' }],
    ['under another key', { 's3:x-amz-server-side-encryption-aws-kms-key-id': SIGNING_KEY }],
    ['through another endpoint', { 'aws:SourceVpce': 'vpce-0fffffffffffffff0' }],
  ] as const;

  it.each(refused)('refuse writing %s', async (_how, context) => {
    expect(await decide('ingest', WRITE)).toBe('Allowed');
    expect(await decide('ingest', { ...WRITE, context })).not.toBe('Allowed');
    const identity = ANYTHING;
    expect(await decide('ingest', { ...WRITE, context }, { identity })).toBe('ExplicitlyDenied');
  });

  it.each([
    ['no endpoint', 'aws:SourceVpce'],
    ['no word on encryption', 's3:x-amz-server-side-encryption'],
    ['no key', 's3:x-amz-server-side-encryption-aws-kms-key-id'],
  ])('refuse writing with %s', async (_what, key) => {
    const asking = { identity: ANYTHING, without: [key] };
    expect(await decide('ingest', WRITE, asking)).toBe('ExplicitlyDenied');
  });

  it('hold against roles of the account that have rights to everything', async () => {
    const asking = { identity: ANYTHING, principal: 'arn:aws:iam::111122223333:role/other' };
    for (const [, request] of MATRIX.filter(([, { resource }]) =>
      /acme-(?:obj|key|lock)/.test(resource),
    )) {
      expect(await decide('ingest', request, asking)).toBe('ExplicitlyDenied');
    }
  });

  it.each([
    ['the log to sequencers', put(`${OBJECTS}/rag/log/acme/checkpoint`), 'sequencer'],
    ['the lock to sequencers', put(`${LOCKS}/rag/lock/acme`), 'sequencer'],
    [
      'the end of keys to administrators',
      del(`${KEYS}/rag/dek/acme/doc/d-x/1-aa`),
      'administrator',
    ],
  ] as const)('keep %s whatever the identity policy says', async (_what, request, keeper) => {
    for (const duty of DUTIES) {
      const decision = await decide(duty, request, { identity: ANYTHING });
      expect([duty, decision]).toEqual([duty, duty === keeper ? 'Allowed' : 'ExplicitlyDenied']);
    }
  });
});

describe('the key policy', () => {
  it('leaves the keeping of the key to administrators and the account, outside the endpoint', async () => {
    const end = kms('ScheduleKeyDeletion', {});
    for (const duty of DUTIES) {
      const decision = await decide(duty, end, { without: ['aws:SourceVpce'] });
      expect([duty, decision]).toEqual([
        duty,
        duty === 'administrator' ? 'Allowed' : 'ImplicitlyDenied',
      ]);
    }
  });

  it('lets no identity policy decrypt', async () => {
    const asking = { identity: ANYTHING, principal: 'arn:aws:iam::111122223333:role/other' };
    expect(await decide('ingest', kms('Decrypt', RING), asking)).not.toBe('Allowed');
    expect(await decide('ingest', kms('Decrypt', THROUGH_S3), asking)).not.toBe('Allowed');
  });

  it('refuses use from outside the endpoint', async () => {
    const asking = { without: ['aws:SourceVpce'] };
    expect(await decide('ingest', kms('Decrypt', RING), asking)).toBe('ExplicitlyDenied');
    // S3 calls on behalf of a role and comes through no endpoint.
    expect(await decide('ingest', kms('Decrypt', THROUGH_S3), asking)).toBe('Allowed');
  });
});
