// SPDX-License-Identifier: Apache-2.0
// The life of keys of the fake KMS: creation, states, rotation, policies, grants, aliases.
import { randomBytes, randomUUID } from 'node:crypto';
import type { KmsAccount, KmsAnswer, KmsOperations, KmsRequest } from './kms-account.ts';
import { ACCOUNT, DEFAULT_POLICY, type KeyPolicy, ROOT } from './kms-authority.ts';
import { KmsError } from './kms-input.ts';
import { type Grant, type KeyMaterial, type KmsKey, newSymmetric } from './kms-key.ts';
import { newPrivateKey } from './kms-signatures.ts';

const SYMMETRIC = 'SYMMETRIC_DEFAULT';
const DAY = 86_400;

/** Operations on keys themselves. */
export const ADMIN: KmsOperations = {
  CreateKey: (account, request) => ({ KeyMetadata: metadata(create(account, request)) }),
  DescribeKey: (account, request) => ({ KeyMetadata: metadata(account.allowed(request)) }),
  ReplicateKey(account, request) {
    const key = account.usable(request, { usage: null });
    if (!key.multiRegion) throw new KmsError('UnsupportedOperationException', key.arn);
    const region = request.input.text('ReplicaRegion');
    const replica = { ...key, region, policy: DEFAULT_POLICY, isPrimary: false };
    return { ReplicaKeyMetadata: metadata(account.keep(replica)) };
  },
  CreateAlias: alias,
  UpdateAlias: alias,
  EnableKey: change,
  DisableKey: change,
  CancelKeyDeletion: change,
  ScheduleKeyDeletion(account, request) {
    const key = account.allowed(request);
    const days = request.input.number('PendingWindowInDays', 30);
    if (days < 7 || days > 30) throw new KmsError('ValidationException', 'PendingWindowInDays');
    key.state = 'PendingDeletion';
    key.deletionDate = Math.floor(Date.now() / 1000) + days * DAY;
    return { KeyId: key.arn, KeyState: key.state, DeletionDate: key.deletionDate };
  },
  EnableKeyRotation: rotation,
  DisableKeyRotation: rotation,
  GetKeyRotationStatus(account, request) {
    const key = account.allowed(request);
    return { KeyId: key.arn, KeyRotationEnabled: key.material.rotates };
  },
  RotateKeyOnDemand(account, request) {
    const key = account.usable(request);
    key.material.symmetric.push(newSymmetric());
    return { KeyId: key.arn };
  },
  PutKeyPolicy(account, request) {
    account.allowed(request).policy = parsePolicy(request.input.text('Policy'));
    return {};
  },
  GetKeyPolicy(account, request) {
    const { policy } = account.allowed(request);
    return { Policy: JSON.stringify(policy), PolicyName: 'default' };
  },
  CreateGrant: createGrant,
  ListGrants(account, request) {
    const key = account.allowed(request);
    return { Grants: key.grants.map((grant) => described(grant, key)), Truncated: false };
  },
  RevokeGrant(account, request) {
    const { grants } = account.allowed(request);
    const wanted = request.input.text('GrantId');
    const at = grants.findIndex(({ id }) => id === wanted);
    if (at < 0) throw new KmsError('NotFoundException', 'Grant ID does not exist');
    grants.splice(at, 1);
    return {};
  },
};

function create(account: KmsAccount, { input, caller }: KmsRequest): KmsKey {
  const spec = input.text('KeySpec', SYMMETRIC);
  const isSymmetric = spec === SYMMETRIC;
  const usage = input.text('KeyUsage', 'ENCRYPT_DECRYPT');
  if (usage !== (isSymmetric ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY'))
    throw new KmsError('ValidationException', `KeyUsage ${usage} is not valid for ${spec}`);
  const multiRegion = input.flag('MultiRegion');
  const material: KeyMaterial = {
    symmetric: isSymmetric ? [newSymmetric()] : [],
    privateKey: isSymmetric ? null : newPrivateKey(spec),
    rotates: false,
  };
  return account.keep({
    id: multiRegion ? `mrk-${randomUUID().replaceAll('-', '')}` : randomUUID(),
    region: caller.region,
    spec,
    usage,
    multiRegion,
    isPrimary: true,
    material,
    policy: input.has('Policy') ? parsePolicy(input.text('Policy')) : DEFAULT_POLICY,
  });
}

function alias(account: KmsAccount, { input, caller }: KmsRequest): KmsAnswer {
  account.setAlias(input.text('AliasName'), account.find(input.text('TargetKeyId'), caller));
  return {};
}

function change(account: KmsAccount, request: KmsRequest): KmsAnswer {
  const key = account.allowed(request);
  const isPending = key.state === 'PendingDeletion';
  if (isPending !== (request.operation === 'CancelKeyDeletion'))
    throw new KmsError('KMSInvalidStateException', `${key.arn} is ${key.state}.`);
  // A key whose deletion was cancelled is disabled.
  key.state = request.operation === 'EnableKey' ? 'Enabled' : 'Disabled';
  key.deletionDate = null;
  return isPending ? { KeyId: key.arn } : {};
}

function rotation(account: KmsAccount, request: KmsRequest): KmsAnswer {
  const key = account.usable(request, { usage: null });
  if (key.spec !== SYMMETRIC) throw new KmsError('UnsupportedOperationException', key.arn);
  key.material.rotates = request.operation === 'EnableKeyRotation';
  return {};
}

function createGrant(account: KmsAccount, request: KmsRequest): KmsAnswer {
  const key = account.usable(request, { usage: null });
  const constraints = request.input.inner('Constraints');
  const pairs = (name: string): Record<string, string> | null =>
    constraints.has(name) ? { ...constraints.texts(name) } : null;
  const grant = {
    id: randomBytes(32).toString('hex'),
    grantee: request.input.text('GranteePrincipal'),
    operations: request.input.list('Operations'),
    equals: pairs('EncryptionContextEquals'),
    subset: pairs('EncryptionContextSubset'),
  };
  key.grants.push(grant);
  return { GrantId: grant.id, GrantToken: grant.id };
}

function described({ id, grantee, operations, equals, subset }: Grant, key: KmsKey): KmsAnswer {
  const constraints = {
    ...(equals !== null && { EncryptionContextEquals: equals }),
    ...(subset !== null && { EncryptionContextSubset: subset }),
  };
  return {
    KeyId: key.arn,
    GrantId: id,
    GranteePrincipal: grantee,
    Operations: operations,
    Constraints: constraints,
  };
}

/** The service refuses a policy that would lock its writer out. */
function parsePolicy(text: string): KeyPolicy {
  const policy = JSON.parse(text) as KeyPolicy;
  const isOpen = policy.Statement.some(({ Effect, Principal }) => {
    const names = Principal === '*' ? '*' : Principal.AWS;
    return Effect === 'Allow' && (names === '*' || names.includes(ROOT));
  });
  if (!isOpen)
    throw new KmsError(
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    );
  return policy;
}

function metadata(key: KmsKey): KmsAnswer {
  const { id, arn, spec, usage, state, multiRegion, isPrimary, deletionDate } = key;
  return {
    AWSAccountId: ACCOUNT,
    KeyId: id,
    Arn: arn,
    Enabled: state === 'Enabled',
    KeySpec: spec,
    KeyUsage: usage,
    KeyState: state,
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    MultiRegion: multiRegion,
    ...(multiRegion && {
      MultiRegionConfiguration: { MultiRegionKeyType: isPrimary ? 'PRIMARY' : 'REPLICA' },
    }),
    ...(deletionDate !== null && { DeletionDate: deletionDate }),
  };
}
