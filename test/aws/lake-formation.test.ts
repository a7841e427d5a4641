// LF-tags over the real protocol (rest-json) of a small stand-in: what they demand, and that silence keeps documents out.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Catalogue, lakeFormationTags, parseCatalogue } from '../../src/aws/index.ts';
import { utf8 } from '../../src/core/index.ts';
import {
  bodyOf,
  type RunningServer,
  serve,
  testConnection,
} from '../support/aws/answering-server.ts';
import { expectRejection } from '../support/tampering.ts';

interface Tags {
  readonly TagKey: string;
  readonly TagValues: readonly string[];
}

const CONFIG = {
  v: 1,
  tables: [
    { prefix: 's3://lake/', database: 'all', table: 'rest' },
    { prefix: 's3://lake/hr/', database: 'people', table: 'salaries' },
  ],
  classification: { tag: 'confidentiality', levels: { public: 0, internal: 1, secret: 3 } },
  attributes: ['site'],
};
let server: RunningServer;
let answer: { onTable?: Tags[]; onColumns?: Tags[]; status?: number };
let asked: string[];

beforeAll(async () => {
  server = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      const { Resource } = JSON.parse(body.toString()) as { Resource: { Table: { Name: string } } };
      asked.push(`${request.url} ${Resource.Table.Name}`);
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
      const columns = (answer.onColumns ?? []).map((tag) => ({ Name: 'c', LFTags: [tag] }));
      response.end(
        JSON.stringify({ LFTagsOnTable: answer.onTable ?? [], LFTagsOnColumns: columns }),
      );
    });
  });
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  answer = {};
});

const tag = (TagKey: string, ...TagValues: string[]): Tags => ({ TagKey, TagValues });
const SITE = tag('site', 'brno');

function catalogue(fields: object = {}): Catalogue {
  const config = parseCatalogue(utf8(JSON.stringify({ ...CONFIG, ...fields })));
  return lakeFormationTags(config, testConnection(server.url));
}

describe('LF-tags', () => {
  it('become classification and attributes; the longest prefix names the table, which is asked once', async () => {
    answer = { onTable: [tag('confidentiality', 'internal'), SITE, tag('owner', 'x')] };
    const tags = catalogue();
    const wanted = { classification: 1, attrs: { site: 'brno' } };
    expect(await tags('s3://lake/hr/a.md')).toEqual(wanted);
    expect(await tags('s3://lake/hr/b.md')).toEqual(wanted);
    await tags('s3://lake/other/b.md');
    expect(asked).toEqual(['/GetResourceLFTags salaries', '/GetResourceLFTags rest']);
  });

  it('of columns count too: the highest level holds', async () => {
    answer = {
      onTable: [tag('confidentiality', 'public'), SITE],
      onColumns: [tag('confidentiality', 'secret'), tag('confidentiality', 'internal')],
    };
    expect(await catalogue()('s3://lake/hr/a.md')).toMatchObject({ classification: 3 });
  });

  it.each([
    ['no tags', []],
    ['no tag of confidentiality', [SITE]],
    ['a value without a level', [tag('confidentiality', 'cosmic'), SITE]],
    ['a value that every object has', [tag('confidentiality', 'constructor'), SITE]],
    ['one value with a level and one without', [tag('confidentiality', 'public', 'cosmic'), SITE]],
  ])('INV-CATALOGUE-DECIDES: with %s keep a document out', async (_what, onTable) => {
    answer = { onTable };
    await expectRejection(catalogue()('s3://lake/hr/a.md'), 'ACCESS_INVALID');
  });

  it.each([
    ['no value', []],
    ['two values', [tag('site', 'brno', 'oslo')]],
  ])(
    'INV-CATALOGUE-ATTRIBUTES: with %s of an attribute keep a document out',
    async (_what, site) => {
      answer = { onTable: [tag('confidentiality', 'public'), ...site] };
      await expectRejection(catalogue()('s3://lake/hr/a.md'), 'ACCESS_INVALID');
    },
  );

  it('of a location that no table describes keep a document out', async () => {
    await expectRejection(catalogue()('s3://pond/a.md'), 'ACCESS_INVALID');
    expect(asked).toEqual([]);
  });

  it('that cannot be asked for are the error of the service', async () => {
    answer = { status: 403 };
    await expectRejection(catalogue()('s3://lake/hr/a.md'), 'SERVICE_DENIED');
  });

  it.each([
    ['no table', { tables: [] }],
    ['a prefix that ends in a name', { tables: [{ ...CONFIG.tables[0], prefix: 's3://lake/h' }] }],
    ['a level that there is not', { classification: { tag: 't', levels: { a: 10 } } }],
  ])('are refused when the file has %s', (_what, fields) => {
    expect(() => catalogue(fields)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
