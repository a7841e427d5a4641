// SPDX-License-Identifier: Apache-2.0
// The CloudFormation template of a distributed vault.
import { KEPT, PRIVATE, type Resource } from './resource.ts';
import { substituted, TEMPLATE_ENDPOINTS, TEMPLATE_POLICIES } from './tokens.ts';
import { watch } from './watch.ts';

const ROLES = ['Worker', 'Retriever', 'Administrator'] as const;
/** Policies by role: a process that commits has the duty of a sequencer, too. */
const DUTIES_OF = {
  Worker: ['ingest', 'sequencer'],
  Retriever: ['retriever'],
  Administrator: ['administrator', 'sequencer'],
} as const;
const PRINCIPALS = ROLES.map((name) => `${name}Role`);

/** The whole template. */
export function template(): object {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description:
      'Strongroom: buckets, keys, queues, search domain, endpoints and roles of one vault',
    Parameters: PARAMETERS,
    Resources: {
      ...roles(),
      ...keys(),
      ...buckets(),
      ...queues(),
      ...network(),
      ...search(),
      ...watch(),
    },
    Outputs: OUTPUTS,
  };
}

const text = (Description: string, more: object = {}): object => ({
  Type: 'String',
  Description,
  ...more,
});

const PARAMETERS = {
  Name: text('Begins every name; lower case', { AllowedPattern: '[a-z][a-z0-9-]{1,20}' }),
  VaultId: text('Id of the vault, as strongroom doctor shows it', {
    AllowedPattern: '[0-9a-f]{32}',
  }),
  TenantId: text('Tenant of the vault', {
    Default: 'default',
    AllowedPattern: '[a-z0-9][a-z0-9-]{0,62}',
  }),
  SourceBucket: text('Bucket of the documents; it is not made here'),
  Model: text('Bedrock model for embeddings', { Default: 'amazon.titan-embed-text-v2:0' }),
  ComputeService: text('Service that may take the roles', { Default: 'ecs-tasks.amazonaws.com' }),
  VpcId: { Type: 'AWS::EC2::VPC::Id', Description: 'Network of workers and readers' },
  VpcCidr: text('Addresses of that network', { Default: '10.0.0.0/16' }),
  SubnetIds: { Type: 'List<AWS::EC2::Subnet::Id>', Description: 'Two private subnets' },
  RouteTableIds: { Type: 'CommaDelimitedList', Description: 'Route tables of these subnets' },
};

const OUTPUTS = {
  KeyArn: { Value: { 'Fn::GetAtt': ['Key', 'Arn'] } },
  SigningKeyArn: { Value: { 'Fn::GetAtt': ['SigningKey', 'Arn'] } },
  QueueUrl: { Value: { Ref: 'Queue' } },
  DeadLettersUrl: { Value: { Ref: 'DeadLetters' } },
  SearchEndpoint: { Value: { 'Fn::GetAtt': ['Domain', 'DomainEndpoint'] } },
};

function roles(): Record<string, Resource> {
  const made: Record<string, Resource> = {};
  for (const name of ROLES) {
    const trusted = {
      Effect: 'Allow',
      Principal: { Service: { Ref: 'ComputeService' } },
      Action: 'sts:AssumeRole',
    };
    made[`${name}Role`] = {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: { 'Fn::Sub': `\${Name}-${name.toLowerCase()}` },
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trusted] },
      },
    };
    for (const duty of DUTIES_OF[name]) {
      made[`${name}${duty}Policy`] = {
        Type: 'AWS::IAM::RolePolicy',
        Properties: {
          RoleName: { Ref: `${name}Role` },
          PolicyName: duty,
          PolicyDocument: substituted(TEMPLATE_POLICIES.duties[duty]),
        },
      };
    }
  }
  return made;
}

function keys(): Record<string, Resource> {
  return {
    Key: {
      Type: 'AWS::KMS::Key',
      ...KEPT,
      DependsOn: PRINCIPALS,
      Properties: {
        Description: 'Opens the key ring of a vault and encrypts its buckets',
        EnableKeyRotation: true,
        PendingWindowInDays: 30,
        KeyPolicy: substituted(TEMPLATE_POLICIES.key),
      },
    },
    SigningKey: {
      Type: 'AWS::KMS::Key',
      ...KEPT,
      DependsOn: PRINCIPALS,
      Properties: {
        Description: 'Root of trust of a vault: signs delegations, policy and recovery',
        KeySpec: 'ECC_NIST_P256',
        KeyUsage: 'SIGN_VERIFY',
        PendingWindowInDays: 30,
        KeyPolicy: substituted(TEMPLATE_POLICIES.signingKey),
      },
    },
  };
}

function buckets(): Record<string, Resource> {
  const encryption = {
    BucketKeyEnabled: true,
    ServerSideEncryptionByDefault: {
      SSEAlgorithm: 'aws:kms',
      KMSMasterKeyID: { 'Fn::GetAtt': ['Key', 'Arn'] },
    },
  };
  const made: Record<string, Resource> = {};
  for (const [place, more] of Object.entries(KEEPING)) {
    const name = `\${Name}-${place.toLowerCase()}`;
    made[place] = {
      Type: 'AWS::S3::Bucket',
      ...KEPT,
      Properties: {
        BucketName: { 'Fn::Sub': name },
        BucketEncryption: { ServerSideEncryptionConfiguration: [encryption] },
        PublicAccessBlockConfiguration: PRIVATE,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        ...more,
      },
    };
    made[`${place}Policy`] = {
      Type: 'AWS::S3::BucketPolicy',
      DependsOn: PRINCIPALS,
      Properties: {
        Bucket: { Ref: place },
        PolicyDocument: substituted(TEMPLATE_POLICIES.buckets[name]),
      },
    };
  }
  return made;
}

/** The bucket of keys must never have had versions: an erased key has to be gone. */
const KEEPING = {
  Objects: { VersioningConfiguration: { Status: 'Enabled' }, ObjectLockEnabled: true },
  Keys: {},
  Locks: { VersioningConfiguration: { Status: 'Enabled' } },
} as const;

function queues(): Record<string, Resource> {
  const day = 86_400;
  return {
    DeadLetters: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: { 'Fn::Sub': '${Name}-dead' },
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 14 * day,
      },
    },
    Queue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: { 'Fn::Sub': '${Name}-work' },
        SqsManagedSseEnabled: true,
        VisibilityTimeout: 60,
        MessageRetentionPeriod: 4 * day,
        // Beyond the tries of a worker: for messages of which every worker dies.
        RedrivePolicy: {
          deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] },
          maxReceiveCount: 20,
        },
      },
    },
    QueuePolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Queue' }],
        PolicyDocument: substituted(TEMPLATE_POLICIES.queue),
      },
    },
  };
}

function network(): Record<string, Resource> {
  const inside = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: { Ref: 'VpcCidr' } };
  const made: Record<string, Resource> = {
    EndpointGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'TLS from inside the network',
        VpcId: { Ref: 'VpcId' },
        SecurityGroupIngress: [{ ...inside, Description: 'the network' }],
      },
    },
    S3Endpoint: endpoint(
      's3',
      { VpcEndpointType: 'Gateway', RouteTableIds: { Ref: 'RouteTableIds' } },
      's3',
    ),
  };
  const services = {
    Kms: ['kms', 'kms'],
    Sqs: ['sqs', 'sqs'],
    Bedrock: ['bedrock-runtime', 'bedrock'],
  } as const;
  for (const [name, [service, policy]] of Object.entries(services)) {
    const wires = {
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SubnetIds: { Ref: 'SubnetIds' },
      SecurityGroupIds: [{ Ref: 'EndpointGroup' }],
    };
    made[`${name}Endpoint`] = endpoint(service, wires, policy);
  }
  return made;
}

function endpoint(
  service: string,
  wires: object,
  policy: keyof typeof TEMPLATE_ENDPOINTS,
): Resource {
  return {
    Type: 'AWS::EC2::VPCEndpoint',
    Properties: {
      VpcId: { Ref: 'VpcId' },
      ServiceName: { 'Fn::Sub': `com.amazonaws.\${AWS::Region}.${service}` },
      ...wires,
      PolicyDocument: substituted(TEMPLATE_ENDPOINTS[policy]),
    },
  };
}

function search(): Record<string, Resource> {
  const roleArns = ROLES.map((name) => ({ 'Fn::GetAtt': [`${name}Role`, 'Arn'] }));
  const access = {
    Effect: 'Allow',
    Principal: { AWS: roleArns },
    Action: 'es:ESHttp*',
    Resource: {
      'Fn::Sub': 'arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/${Name}/*',
    },
  };
  return {
    Domain: {
      Type: 'AWS::OpenSearchService::Domain',
      ...KEPT,
      Properties: {
        DomainName: { Ref: 'Name' },
        EngineVersion: 'OpenSearch_2.19',
        ClusterConfig: {
          InstanceType: 'r7g.large.search',
          InstanceCount: 2,
          ZoneAwarenessEnabled: true,
        },
        EBSOptions: { EBSEnabled: true, VolumeSize: 50, VolumeType: 'gp3' },
        EncryptionAtRestOptions: { Enabled: true },
        NodeToNodeEncryptionOptions: { Enabled: true },
        DomainEndpointOptions: {
          EnforceHTTPS: true,
          TLSSecurityPolicy: 'Policy-Min-TLS-1-2-PFS-2023-10',
        },
        AdvancedSecurityOptions: {
          Enabled: true,
          InternalUserDatabaseEnabled: false,
          MasterUserOptions: { MasterUserARN: { 'Fn::GetAtt': ['AdministratorRole', 'Arn'] } },
        },
        VPCOptions: {
          SubnetIds: { Ref: 'SubnetIds' },
          SecurityGroupIds: [{ Ref: 'EndpointGroup' }],
        },
        AccessPolicies: { Version: '2012-10-17', Statement: [access] },
      },
    },
  };
}
