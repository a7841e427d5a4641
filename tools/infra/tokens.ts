// SPDX-License-Identifier: Apache-2.0
// The policies of `strongroom iam` with the parameters of a template in place of names.
import { type Deployment, policiesOf } from '../../src/aws/index.ts';

const ARN = 'arn:${AWS::Partition}';
const HERE = '${AWS::Region}:${AWS::AccountId}';
const role = (duty: string): string => `${ARN}:iam::\${AWS::AccountId}:role/\${Name}-${duty}`;

/** The deployment of the template: what stands in `${}` is filled in by CloudFormation. */
export const TEMPLATE_DEPLOYMENT: Deployment = {
  v: 1,
  partition: '${AWS::Partition}',
  region: '${AWS::Region}',
  account: '${AWS::AccountId}',
  vaultId: '${VaultId}',
  tenantId: '${TenantId}',
  buckets: { objects: '${Name}-objects', keys: '${Name}-keys', locks: '${Name}-locks' },
  prefix: '',
  kmsKey: '${Key.Arn}',
  signingKey: '${SigningKey.Arn}',
  models: [`${ARN}:bedrock:\${AWS::Region}::foundation-model/\${Model}`],
  endpoints: [],
  sources: [{ bucket: '${SourceBucket}', prefix: '' }],
  queue: `${ARN}:sqs:${HERE}:\${Name}-work`,
  deadLetters: `${ARN}:sqs:${HERE}:\${Name}-dead`,
  lakeFormation: false,
  search: { domain: `${ARN}:es:${HERE}:domain/\${Name}`, index: 'strongroom-${TenantId}' },
  // A worker commits what it ingests, and so does an administrator: both run a sequencer.
  roles: {
    ingest: [role('worker')],
    sequencer: [role('worker'), role('administrator')],
    retriever: [role('retriever')],
    administrator: [role('administrator')],
  },
  vpcEndpoints: ['${S3Endpoint}', '${KmsEndpoint}'],
};

/** The policies of the template. */
export const TEMPLATE_POLICIES = policiesOf(TEMPLATE_DEPLOYMENT);

/**
 * The policies of endpoints. That of KMS names the keys of the account and not the one key, whose own policy names the
 * endpoint: neither could be made before the other.
 */
export const TEMPLATE_ENDPOINTS = policiesOf({
  ...TEMPLATE_DEPLOYMENT,
  kmsKey: `${ARN}:kms:${HERE}:key/*`,
  signingKey: `${ARN}:kms:${HERE}:key/*`,
}).endpoints;

/** A value in which each text with a parameter is one that CloudFormation fills in. */
export function substituted(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('${') ? { 'Fn::Sub': value } : value;
  if (Array.isArray(value)) return value.map(substituted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, substituted(one)]));
}
