// SPDX-License-Identifier: Apache-2.0
import { type Deployment, everyPrincipal } from './deployment.ts';
import { ringContext, throughS3 } from './duty-policies.ts';
import { allow, type Conditions, type PolicyDocument, policyOf, type Statement } from './policy.ts';

/** Looking after a key, without using it. */
const KEEPING = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:CreateGrant',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:RotateKeyOnDemand',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateKeyDescription',
];

/**
 * The policy of the vault's symmetric key. The account can look after the key and nobody in it can decrypt by an identity
 * policy alone: use is granted here, to the roles that have a duty, under the vault's encryption context or through S3
 * for the vault's buckets.
 */
export function keyPolicy(d: Deployment): PolicyDocument {
  const account = `arn:${d.partition}:iam::${d.account}:root`;
  const administrators = d.roles.administrator;
  const wrapping = ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];
  return policyOf(
    grant('AccountKeepsTheKey', [account], KEEPING),
    grant('AdministratorsKeepTheKey', administrators, KEEPING),
    grant('RolesOpenTheRing', everyPrincipal(d), ['kms:Decrypt'], ringContext(d)),
    grant('AdministratorsWrapRingKeys', administrators, wrapping, ringContext(d)),
    grant(
      'S3EncryptsForRoles',
      everyPrincipal(d),
      ['kms:Decrypt', 'kms:GenerateDataKey'],
      throughS3(d),
    ),
    ...endpointDenials(d),
  );
}

/** The policy of the asymmetric key that signs delegations, policy and recovery: administrators alone. */
export function signingKeyPolicy(d: Deployment): PolicyDocument {
  const account = `arn:${d.partition}:iam::${d.account}:root`;
  return policyOf(
    grant('AccountKeepsTheKey', [account], KEEPING),
    grant('AdministratorsSign', d.roles.administrator, ['kms:GetPublicKey', 'kms:Sign']),
    ...endpointDenials(d),
  );
}

/** In a key's own policy the resource is always the key. */
function grant(
  sid: string,
  principals: readonly string[],
  actions: readonly string[],
  condition?: Conditions,
): Statement {
  return { ...allow(sid, actions, '*', condition), Principal: { AWS: principals } };
}

/** Use through S3 does not come through the caller's endpoint, so it is told apart by `kms:ViaService`. */
function endpointDenials({ vpcEndpoints }: Deployment): Statement[] {
  if (vpcEndpoints.length === 0) return [];
  return [
    {
      Sid: 'FromOwnEndpointsAlone',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*', 'kms:Sign'],
      Resource: '*',
      Condition: {
        StringNotEquals: { 'aws:SourceVpce': vpcEndpoints },
        Null: { 'kms:ViaService': 'true' },
      },
    },
  ];
}
