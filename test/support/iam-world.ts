// A deployment with every part, and a simulator that decides requests under its policies as AWS would.
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import {
  type Deployment,
  DUTIES,
  type Duty,
  parseDeployment,
  policiesOf,
} from '../../src/aws/index.ts';
import { utf8 } from '../../src/core/index.ts';

const ACCOUNT = '111122223333';
const VAULT = '0123456789abcdef0123456789abcdef';
export const ENDPOINT = 'vpce-0123456789abcdef0';
export const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
export const SIGNING_KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/99999999-12ab-34cd-56ef-1234567890ab`;
export const MODEL = 'arn:aws:bedrock:eu-central-1::foundation-model/amazon.titan-embed-text-v2:0';
export const QUEUE = `arn:aws:sqs:eu-central-1:${ACCOUNT}:strongroom-work`;
export const DEAD_LETTERS = `arn:aws:sqs:eu-central-1:${ACCOUNT}:strongroom-dead`;
export const DOMAIN = `arn:aws:es:eu-central-1:${ACCOUNT}:domain/strongroom`;
export const SAGEMAKER = `arn:aws:sagemaker:eu-central-1:${ACCOUNT}:endpoint/embedder`;
export const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

/** The fields of a deployment file in which everything is used. */
export const DEPLOYMENT_FILE = {
  v: 1,
  region: 'eu-central-1',
  account: ACCOUNT,
  vaultId: VAULT,
  tenantId: 'acme',
  buckets: { objects: 'acme-objects', keys: 'acme-keys', locks: 'acme-locks' },
  prefix: 'rag/',
  kmsKey: KEY,
  signingKey: SIGNING_KEY,
  models: [MODEL],
  endpoints: [SAGEMAKER],
  sources: [{ bucket: 'acme-handbook', prefix: 'public/' }],
  queue: QUEUE,
  deadLetters: DEAD_LETTERS,
  lakeFormation: true,
  search: { domain: DOMAIN, index: 'strongroom-acme' },
  roles: {
    ingest: [role('ingest')],
    sequencer: [role('sequencer')],
    retriever: [role('retriever')],
    administrator: [role('administrator')],
  },
  vpcEndpoints: [ENDPOINT],
};

/** The deployment file with some fields in other words, parsed. */
export function deploymentWith(fields: object = {}): Deployment {
  return parseDeployment(utf8(JSON.stringify({ ...DEPLOYMENT_FILE, ...fields })));
}

/** One request to AWS. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Condition keys beyond those of {@link USUAL}. */
  readonly context?: Readonly<Record<string, string>>;
}

/** What a request of a well-configured process carries. */
const USUAL = {
  'aws:SecureTransport': 'true',
  's3:TlsVersion': '1.3',
  'aws:SourceVpce': ENDPOINT,
  's3:x-amz-server-side-encryption': 'aws:kms',
  's3:x-amz-server-side-encryption-aws-kms-key-id': KEY,
};

/** Context of a use of the tenant's ring keys. */
export const RING = {
  'kms:EncryptionContext:sr:vault': VAULT,
  'kms:EncryptionContext:sr:tenant': 'acme',
};

/** How a role differs from one of a duty. */
export interface Asking {
  readonly deployment?: Deployment;
  readonly principal?: string;
  /** Context keys that the request lacks. */
  readonly without?: readonly string[];
  /** Policies of the role; default: those of the duty. A foreigner with rights to everything has `ANYTHING`. */
  readonly identity?: object;
}

/** An identity policy that grants everything. */
export const ANYTHING = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** What AWS would answer to a request by the role of a duty. */
export async function decide(
  duty: Duty,
  { action, resource, context }: Request,
  asking: Asking = {},
): Promise<string> {
  const deployment = asking.deployment ?? deploymentWith();
  const policies = policiesOf(deployment);
  const service = action.split(':')[0] ?? '';
  const principal = asking.principal ?? role(duty);
  const contextVariables = Object.fromEntries(
    Object.entries({ ...USUAL, 'aws:PrincipalArn': principal, ...context }).filter(
      ([key]) => asking.without?.includes(key) !== true,
    ),
  );
  const endpoint = policies.endpoints[service as keyof typeof policies.endpoints];
  const viaEndpoint = endpoint !== undefined && 'aws:SourceVpce' in contextVariables;
  const outcome = await runSimulation(
    known({
      request: {
        principal,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: contextVariables,
      },
      identityPolicies: [{ name: duty, policy: asking.identity ?? policies.duties[duty] }],
      resourcePolicy: resourcePolicyOf(policies, resource),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(viaEndpoint && { vpcEndpointPolicies: [{ name: service, policy: endpoint }] }),
    }),
    {},
  );
  if (outcome.resultType === 'error') throw new Error(JSON.stringify(outcome.errors));
  return outcome.overallResult;
}

/**
 * The simulator drops `kms:EncryptionContext:NAME`, whose name is variable. In request and policies alike the keys are
 * renamed to ones of the same type that it knows.
 */
function known(simulation: Simulation): Simulation {
  const text = JSON.stringify(simulation);
  return JSON.parse(
    text.replaceAll('"kms:EncryptionContext:', '"aws:PrincipalTag/context-'),
  ) as Simulation;
}

/** The duties whose role may do something. */
export async function allowedFor(request: Request): Promise<Duty[]> {
  const allowed: Duty[] = [];
  for (const duty of DUTIES) {
    if ((await decide(duty, request)) === 'Allowed') allowed.push(duty);
  }
  return allowed;
}

function resourcePolicyOf(
  policies: ReturnType<typeof policiesOf>,
  resource: string,
): object | undefined {
  if (resource === KEY) return policies.key;
  if (resource === SIGNING_KEY) return policies.signingKey ?? undefined;
  if (resource === QUEUE) return policies.queue ?? undefined;
  return policies.buckets[/^arn:aws:s3:::([^/]+)/.exec(resource)?.[1] ?? ''];
}
