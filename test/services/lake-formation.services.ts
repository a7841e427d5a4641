// SPDX-License-Identifier: Apache-2.0
// LF-tags as moto keeps them: the calls and the answers' form. It enforces nothing.
import {
  AddLFTagsToResourceCommand,
  CreateLFTagCommand,
  LakeFormationClient,
} from '@aws-sdk/client-lakeformation';
import { describe, expect, it } from 'vitest';
import { lakeFormationTags, parseCatalogue } from '../../src/aws/index.ts';
import { utf8 } from '../../src/core/index.ts';
import { expectRejection } from '../support/tampering.ts';

const endpoint = process.env['STRONGROOM_TEST_MOTO'];
const connection = {
  region: 'us-east-1',
  endpoint: endpoint ?? '',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};
const CATALOGUE = {
  v: 1,
  tables: [
    { prefix: 's3://lake/hr/', database: 'people', table: 'salaries' },
    { prefix: 's3://lake/other/', database: 'people', table: 'untagged' },
  ],
  classification: { tag: 'confidentiality', levels: { public: 0, secret: 3 } },
};

describe.skipIf(endpoint === undefined)('LF-tags of moto (STRONGROOM_TEST_MOTO)', () => {
  it('of a table restrict its documents; a table without the one that counts keeps them out', async () => {
    const client = new LakeFormationClient(connection);
    const TagKey = 'confidentiality';
    await client.send(new CreateLFTagCommand({ TagKey, TagValues: ['public', 'secret'] }));
    const Resource = { Table: { DatabaseName: 'people', Name: 'salaries' } };
    const LFTags = [{ TagKey, TagValues: ['secret'] }];
    await client.send(new AddLFTagsToResourceCommand({ Resource, LFTags }));
    await client.send(new CreateLFTagCommand({ TagKey: 'owner', TagValues: ['ada'] }));
    const other = { Table: { DatabaseName: 'people', Name: 'untagged' } };
    const owner = [{ TagKey: 'owner', TagValues: ['ada'] }];
    await client.send(new AddLFTagsToResourceCommand({ Resource: other, LFTags: owner }));
    client.destroy();
    const tags = lakeFormationTags(parseCatalogue(utf8(JSON.stringify(CATALOGUE))), connection);
    expect(await tags('s3://lake/hr/a.md')).toEqual({ classification: 3 });
    await expectRejection(tags('s3://lake/other/a.md'), 'ACCESS_INVALID');
  });
});
