import { describe, expect, it } from 'vitest';
import { parseDeployment, policiesOf } from '../../../src/aws/index.ts';
import { utf8 } from '../../../src/core/index.ts';
import { CliWorld } from '../../support/cli-world.ts';
import { sharedTemporaryFolder } from '../../support/temporary-folder.ts';
import { DEPLOYMENT_FILE, deploymentWith, QUEUE } from '../../support/iam-world.ts';

describe('a deployment file', () => {
  it.each([
    [
      'a pattern for a bucket',
      { buckets: { ...DEPLOYMENT_FILE.buckets, keys: '*' } },
      'buckets.keys',
    ],
    ['a pattern for a prefix', { prefix: 'rag*/' }, 'prefix'],
    ['a prefix that is half a name', { prefix: 'rag' }, 'prefix'],
    ['a pattern for a model', { models: ['arn:aws:bedrock:*::foundation-model/*'] }, 'models.0'],
    [
      'a pattern for a role',
      { roles: { ...DEPLOYMENT_FILE.roles, ingest: ['*'] } },
      'roles.ingest.0',
    ],
    [
      'nobody for a duty',
      { roles: { ...DEPLOYMENT_FILE.roles, sequencer: [] } },
      'roles.sequencer',
    ],
    ['an unknown field', { adress: 1 }, ''],
  ])('with %s is refused', (_what, fields, field) => {
    const refused = (): unknown => deploymentWith(fields);
    expect(refused).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(refused).toThrow(field);
  });

  it('that is no JSON is refused', () => {
    expect(() => parseDeployment(utf8('{'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('without queue and search has no policy for them', () => {
    const policies = policiesOf(deploymentWith({ queue: null, search: null }));
    expect([policies.queue, policies.search, policies.endpoints.sqs?.Statement[0]?.Action]).toEqual(
      [null, null, ['sqs:SendMessage']],
    );
    expect(JSON.stringify(policies)).not.toContain('es:ESHttp');
  });

  it('with one bucket for everything puts all rules into its policy', () => {
    const buckets = { objects: 'acme', keys: 'acme', locks: 'acme' };
    const policy = policiesOf(deploymentWith({ buckets })).buckets['acme'];
    const sids = policy?.Statement.map(({ Sid }) => Sid);
    expect(sids).toEqual(
      expect.arrayContaining([
        'SequencersWriteTheLog',
        'AdministratorsDestroyKeys',
        'SequencersHoldTheLock',
      ]),
    );
  });
});

describe('strongroom iam', () => {
  const world = new CliWorld(sharedTemporaryFolder());

  it('prints every policy, or that of one duty', async () => {
    await world.write('deployment.json', JSON.stringify(DEPLOYMENT_FILE));
    const all = await world.run(['iam', '--config', 'deployment.json', '--json']);
    expect([all.code, all.json()]).toEqual([
      0,
      JSON.parse(JSON.stringify(policiesOf(deploymentWith()))),
    ]);
    const one = await world.run(['iam', '--config', 'deployment.json', '--role', 'ingest']);
    expect(one.stdout).toContain(QUEUE);
    expect(JSON.parse(one.stdout)).toEqual(policiesOf(deploymentWith()).duties.ingest);
  });

  it('refuses a duty that there is not, and a file that is not there', async () => {
    const unknown = await world.run(['iam', '--config', 'deployment.json', '--role', 'root']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('sequencer')]);
    expect((await world.run(['iam', '--config', 'none.json'])).code).toBe(2);
  });
});
