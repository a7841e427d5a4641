// The template in infra/: what `strongroom iam` prints stands in it, its names resolve, and it keeps what it must keep.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policiesOf } from '../../src/aws/index.ts';
import { template } from '../../tools/infra/template.ts';
import { TEMPLATE_DEPLOYMENT, TEMPLATE_POLICIES } from '../../tools/infra/tokens.ts';
import { deploymentWith, role } from '../support/iam-world.ts';

interface Resource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly Properties: Readonly<Record<string, unknown>>;
}
interface Template {
  readonly Parameters: Readonly<Record<string, object>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

const made = JSON.parse(JSON.stringify(template())) as Template;
const { Parameters, Resources } = made;

function ofType(type: string): [string, Resource['Properties']][] {
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([name, { Properties }]) => [name, Properties]);
}

/** Names that a value takes from other parts of the template. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    if (key === 'Ref') return [String(one)];
    if (key === 'Fn::GetAtt') return [String((one as string[])[0])];
    if (key === 'Fn::Sub') {
      return [...String(one).matchAll(/\$\{([^}]+)\}/g)].map(
        ([, name = '']) => name.split('.')[0] ?? '',
      );
    }
    return references(one);
  });
}

describe('infra/strongroom.json', () => {
  it('is what `npm run infra` prints', () => {
    expect(JSON.parse(readFileSync('infra/strongroom.json', 'utf8'))).toEqual(made);
  });

  it('holds the policies that `strongroom iam` prints for the deployment that it makes', () => {
    const values: Readonly<Record<string, string>> = {
      'AWS::Partition': 'aws',
      'AWS::Region': 'eu-central-1',
      'AWS::AccountId': '111122223333',
      VaultId: '0123456789abcdef0123456789abcdef',
      TenantId: 'acme',
      Name: 'rag',
      'Key.Arn': 'arn:aws:kms:eu-central-1:111122223333:key/k',
      'SigningKey.Arn': 'arn:aws:kms:eu-central-1:111122223333:key/s',
      Model: 'amazon.titan-embed-text-v2:0',
      SourceBucket: 'zz-handbook',
      S3Endpoint: 'vpce-0123456789abcdef0',
      KmsEndpoint: 'vpce-0123456789abcdef1',
    };
    const filled = <T>(value: T): T =>
      JSON.parse(
        JSON.stringify(value).replace(
          /\$\{([^}]+)\}/g,
          (_all, name: string) => values[name] ?? '?',
        ),
      ) as T;
    const deployment = deploymentWith(filled(TEMPLATE_DEPLOYMENT));
    expect(deployment.roles.sequencer).toEqual([role('rag-worker'), role('rag-administrator')]);
    const printed = JSON.parse(JSON.stringify(policiesOf(deployment))) as unknown;
    expect(filled(JSON.parse(JSON.stringify(TEMPLATE_POLICIES)))).toEqual(printed);
    const held = JSON.stringify(made);
    for (const duty of Object.values(TEMPLATE_POLICIES.duties)) {
      for (const { Sid } of duty.Statement) expect(held).toContain(`"Sid":"${Sid}"`);
    }
  });

  it('names nothing that it does not have', () => {
    const known = new Set([...Object.keys(Parameters), ...Object.keys(Resources)]);
    const names = references(made).filter((name) => !name.startsWith('AWS::'));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(50);
    const depended = Object.values(Resources).flatMap(({ DependsOn = [] }) => DependsOn);
    expect(depended.filter((name) => !(name in Resources))).toEqual([]);
  });

  it('can be made in some order', () => {
    const open = new Map(
      Object.entries(Resources).map(([name, { Properties, DependsOn = [] }]) => [
        name,
        new Set([...references(Properties), ...DependsOn].filter((one) => one in Resources)),
      ]),
    );
    for (let before = -1; before !== open.size;) {
      before = open.size;
      for (const [name, needs] of open) {
        if ([...needs].every((one) => one === name || !open.has(one))) open.delete(name);
      }
    }
    expect([...open.keys()]).toEqual([]);
  });

  it('keeps every bucket private, encrypted and, but for the keys, with versions', () => {
    const buckets = ofType('AWS::S3::Bucket');
    expect(buckets.map(([name]) => name).sort()).toEqual([
      'Keys',
      'Locks',
      'Objects',
      'TrailBucket',
    ]);
    for (const [name, properties] of buckets) {
      const blocked = Object.values(properties['PublicAccessBlockConfiguration'] as object);
      expect([name, blocked]).toEqual([name, [true, true, true, true]]);
      const algorithm = name === 'TrailBucket' ? 'AES256' : 'aws:kms';
      expect(JSON.stringify(properties['BucketEncryption'])).toContain(
        `"SSEAlgorithm":"${algorithm}"`,
      );
      expect([name, 'VersioningConfiguration' in properties]).toEqual([name, name !== 'Keys']);
    }
  });

  it('gives every endpoint a policy without wildcards of action', () => {
    const endpoints = ofType('AWS::EC2::VPCEndpoint');
    expect(endpoints).toHaveLength(4);
    for (const [, properties] of endpoints) {
      const { Statement } = properties['PolicyDocument'] as {
        Statement: { Action: string[]; Resource: unknown }[];
      };
      expect(Statement).toHaveLength(1);
      for (const { Action, Resource } of Statement) {
        expect(Action.filter((action) => action.endsWith(':*') || action === '*')).toEqual([]);
        expect(Resource).not.toContain('*');
      }
    }
  });

  it('turns keys, keeps transport encrypted, puts dead letters aside and records who touched objects', () => {
    expect(Resources['Key']?.Properties['EnableKeyRotation']).toBe(true);
    const domain = JSON.stringify(Resources['Domain']?.Properties);
    for (const wanted of [
      '"EnforceHTTPS":true',
      '"VPCOptions"',
      '"NodeToNodeEncryptionOptions":{"Enabled":true}',
    ]) {
      expect(domain).toContain(wanted);
    }
    expect(Resources['Queue']?.Properties['RedrivePolicy']).toBeDefined();
    const trail = references(Resources['Trail']?.Properties);
    expect(trail).toEqual(expect.arrayContaining(['Objects', 'Keys', 'Locks']));
  });
});
