// SPDX-License-Identifier: Apache-2.0
import { bucketPolicy } from './bucket-policies.ts';
import { type Deployment, DUTIES, type Duty, type Place } from './deployment.ts';
import { dutyPolicy } from './duty-policies.ts';
import {
  ENDPOINT_SERVICES,
  endpointPolicy,
  type EndpointService,
  queuePolicy,
} from './endpoint-policies.ts';
import { keyPolicy, signingKeyPolicy } from './key-policy.ts';
import type { PolicyDocument } from './policy.ts';
import { searchRoles, type SearchRoles } from './search-roles.ts';

/** Every policy of a deployment. */
export interface Policies {
  /** Identity policies by duty. */
  readonly duties: Readonly<Partial<Record<Duty, PolicyDocument>>>;
  readonly key: PolicyDocument;
  readonly signingKey: PolicyDocument | null;
  /** Bucket policies by bucket. */
  readonly buckets: Readonly<Record<string, PolicyDocument>>;
  /** Policies of VPC endpoints by service; a service that nobody needs is left out. */
  readonly endpoints: Readonly<Partial<Record<EndpointService, PolicyDocument>>>;
  readonly queue: PolicyDocument | null;
  readonly search: SearchRoles | null;
}

/** Makes every policy of a deployment. */
export function policiesOf(deployment: Deployment): Policies {
  const { buckets, queue, signingKey } = deployment;
  const names = [...new Set((Object.keys(buckets) as Place[]).map((place) => buckets[place]))];
  const endpoints = ENDPOINT_SERVICES.map(
    (service) => [service, endpointPolicy(deployment, service)] as const,
  ).filter(([, policy]) => policy.Statement.length > 0);
  return {
    duties: Object.fromEntries(DUTIES.map((duty) => [duty, dutyPolicy(deployment, duty)])),
    key: keyPolicy(deployment),
    signingKey: signingKey === null ? null : signingKeyPolicy(deployment),
    buckets: Object.fromEntries(names.map((name) => [name, bucketPolicy(deployment, name)])),
    endpoints: Object.fromEntries(endpoints),
    queue: queue === null ? null : queuePolicy(deployment, queue),
    search: searchRoles(deployment),
  };
}
