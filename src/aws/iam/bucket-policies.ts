// SPDX-License-Identifier: Apache-2.0
// Resource policies of the buckets: they hold whatever identity policies an account gives.
import {
  bucketArn,
  type Deployment,
  everyPrincipal,
  objectsArn,
  type Place,
} from './deployment.ts';
import { type Conditions, type PolicyDocument, policyOf, type Statement } from './policy.ts';

/** What touches content; looking after the bucket itself is left to the account's own rules. */
const DATA_ACTIONS = [
  's3:AbortMultipartUpload',
  's3:BypassGovernanceRetention',
  's3:DeleteObject*',
  's3:GetObject*',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:PutObject*',
  's3:RestoreObject',
];

/** The policy of one of the vault's buckets. Several places in one bucket share its policy. */
export function bucketPolicy(deployment: Deployment, bucket: string): PolicyDocument {
  const places = (Object.keys(deployment.buckets) as Place[]).filter(
    (place) => deployment.buckets[place] === bucket,
  );
  const whole = [bucketArn(deployment, bucket), `${bucketArn(deployment, bucket)}/*`];
  return policyOf(
    deny('OverTlsAlone', 's3:*', whole, { Bool: { 'aws:SecureTransport': 'false' } }),
    deny('ModernTlsAlone', 's3:*', whole, { NumericLessThan: { 's3:TlsVersion': '1.2' } }),
    deny('EncryptedAlone', 's3:PutObject', [`${bucketArn(deployment, bucket)}/*`], {
      StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' },
    }),
    deny('UnderOwnKeyAlone', 's3:PutObject', [`${bucketArn(deployment, bucket)}/*`], {
      StringNotEquals: {
        's3:x-amz-server-side-encryption-aws-kms-key-id': deployment.kmsKey,
      },
    }),
    ...fromEndpoints(deployment, whole),
    deny('KnownRolesAlone', DATA_ACTIONS, whole, notOneOf(everyPrincipal(deployment))),
    ...places.flatMap((place) => SEPARATION[place](deployment)),
  );
}

/** Who alone may write or destroy what, as denials: no identity policy can grant it to somebody else. */
const SEPARATION: Readonly<Record<Place, (deployment: Deployment) => Statement[]>> = {
  objects: (d) => [
    deny(
      'SequencersWriteTheLog',
      ['s3:DeleteObject*', 's3:PutObject*'],
      [objectsArn(d, 'objects', 'log/*')],
      notOneOf(d.roles.sequencer),
    ),
  ],
  keys: (d) => [
    deny(
      'AdministratorsDestroyKeys',
      ['s3:DeleteObject*'],
      ['doc', 'acl', 'dir', 'policy', 'state'].map((kind) =>
        objectsArn(d, 'keys', `dek/*/${kind}/*`),
      ),
      notOneOf(d.roles.administrator),
    ),
  ],
  locks: (d) => [
    deny('SequencersHoldTheLock', ['s3:PutObject*'], [objectsArn(d, 'locks', '*')], {
      ...notOneOf(d.roles.sequencer),
    }),
    // A lost lock record would let the log be signed a second time from an older head.
    everybody('Deny', 'NobodyDeletesTheLock', ['s3:DeleteObject*'], [objectsArn(d, 'locks', '*')]),
  ],
};

function fromEndpoints({ vpcEndpoints }: Deployment, whole: readonly string[]): Statement[] {
  if (vpcEndpoints.length === 0) return [];
  return [
    deny('FromOwnEndpointsAlone', DATA_ACTIONS, whole, {
      StringNotEquals: { 'aws:SourceVpce': vpcEndpoints },
    }),
  ];
}

function notOneOf(principals: readonly string[]): Conditions {
  return { ArnNotEquals: { 'aws:PrincipalArn': principals } };
}

function deny(
  sid: string,
  action: string | readonly string[],
  resource: readonly string[],
  condition: Conditions,
): Statement {
  return { ...everybody('Deny', sid, action, resource), Condition: condition };
}

function everybody(
  effect: 'Deny',
  sid: string,
  action: string | readonly string[],
  resource: readonly string[],
): Statement {
  return { Sid: sid, Effect: effect, Principal: '*', Action: action, Resource: resource };
}
