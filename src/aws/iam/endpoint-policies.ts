// SPDX-License-Identifier: Apache-2.0
// Policies of VPC endpoints and queues.
import { bucketArn, type Deployment, DUTIES, everyPrincipal } from './deployment.ts';
import { dutyPolicy } from './duty-policies.ts';
import { type PolicyDocument, policyOf, type Statement } from './policy.ts';

/** Services that are reached through an endpoint of their own. */
export const ENDPOINT_SERVICES = [
  's3',
  'kms',
  'sqs',
  'bedrock',
  'sagemaker',
  'lakeformation',
] as const;

/** One of {@link ENDPOINT_SERVICES}. */
export type EndpointService = (typeof ENDPOINT_SERVICES)[number];

/**
 * The policy of the endpoint of a service: what the duties need of it, for their roles alone. Credentials of another
 * account that were brought into the network cannot carry anything out.
 */
export function endpointPolicy(d: Deployment, service: EndpointService): PolicyDocument {
  const statements = DUTIES.flatMap((duty) => dutyPolicy(d, duty).Statement);
  const used = statements.flatMap(({ Action, Resource }) => {
    const actions = [Action].flat().filter((action) => action.startsWith(`${service}:`));
    return actions.length === 0 ? [] : [{ actions, resources: [Resource].flat() }];
  });
  const resources = unique(used.flatMap((one) => one.resources));
  const statement: Statement = {
    Sid: 'OwnRolesAlone',
    Effect: 'Allow',
    Principal: '*',
    Action: unique(used.flatMap((one) => one.actions)),
    Resource: resources,
    Condition: { ArnEquals: { 'aws:PrincipalArn': everyPrincipal(d) } },
  };
  return policyOf(...(resources.length === 0 ? [] : [statement]));
}

/** The policy of the queue of work: S3 announces objects of the source buckets, over TLS. */
export function queuePolicy(d: Deployment, queue: string): PolicyDocument {
  const sources = unique(d.sources.map(({ bucket }) => bucketArn(d, bucket)));
  return policyOf(
    {
      Sid: 'SourcesAnnounce',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: sources.length === 0 ? [] : queue,
      Condition: {
        ArnLike: { 'aws:SourceArn': sources },
        StringEquals: { 'aws:SourceAccount': d.account },
      },
    },
    {
      Sid: 'OverTlsAlone',
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Resource: queue,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  );
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
