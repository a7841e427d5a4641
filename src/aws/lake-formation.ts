// SPDX-License-Identifier: Apache-2.0
// LF-tags of Lake Formation as restrictions of documents. They never name readers: that stays with the access file.
import { GetResourceLFTagsCommand, LakeFormationClient } from '@aws-sdk/client-lakeformation';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { fail, fromUtf8, need } from '../core/index.ts';
import { awsCall } from './aws-error.ts';
import { type AwsConnection, awsClient } from './connection.ts';
import type { Catalogue } from './s3-source.ts';

const name = z.string().min(1).max(255);
const catalogueSchema = z.strictObject({
  v: z.literal(1),
  /** Which table describes the objects below a prefix; of several the longest prefix counts. */
  tables: z
    .array(
      z.strictObject({
        prefix: z.string().startsWith('s3://').endsWith('/'),
        database: name,
        table: name,
      }),
    )
    .min(1)
    .max(1000),
  /** The tag that tells how confidential data is, and the level of each of its values. */
  classification: z.strictObject({
    tag: name,
    levels: z.record(name, z.int().min(0).max(9)),
  }),
  /** Tags whose values the environment of a request has to show. */
  attributes: z.array(name).max(16).default([]),
});

/** How tables describe documents. */
export type CatalogueConfig = z.infer<typeof catalogueSchema>;

type Tag = readonly [key: string, values: readonly string[]];

/** Milliseconds for which tags of a table count, so that a prefix of many objects is asked for once. */
const REMEMBERED = { max: 1000, ttl: 60_000 };

/**
 * Reads a catalogue file (JSON).
 * @throws {CONFIG_INVALID} naming the field
 */
export function parseCatalogue(bytes: Uint8Array): CatalogueConfig {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    throw fail('CONFIG_INVALID', 'the catalogue file is not JSON');
  }
  const parsed = catalogueSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues as [z.core.$ZodIssue];
  const field = issue.path.map(String).join('.');
  throw fail('CONFIG_INVALID', `catalogue file: ${field || 'file'}: ${issue.message}`);
}

/**
 * Restrictions from the LF-tags of the table that describes a document's location, tags of its columns included: the
 * highest level counts. Fails closed: a document that no table describes, a table without the tag of confidentiality, or
 * a value without a level keeps the document out.
 */
export function lakeFormationTags(config: CatalogueConfig, connection: AwsConnection): Catalogue {
  const client = awsClient(LakeFormationClient, connection);
  const known = new LRUCache<string, readonly Tag[]>(REMEMBERED);
  return async (uri) => {
    const table = tableOf(config, uri);
    const key = JSON.stringify([table.database, table.table]);
    let tags = known.get(key);
    if (tags === undefined) known.set(key, (tags = await tagsOf(client, table)));
    return restrictionsOf(config, tags);
  };
}

function tableOf({ tables }: CatalogueConfig, uri: string): CatalogueConfig['tables'][number] {
  const [table] = tables
    .filter(({ prefix }) => uri.startsWith(prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  if (table === undefined) {
    throw fail('ACCESS_INVALID', 'no table of the catalogue describes the location of a document');
  }
  return table;
}

async function tagsOf(
  client: LakeFormationClient,
  { database, table }: CatalogueConfig['tables'][number],
): Promise<readonly Tag[]> {
  const Resource = { Table: { DatabaseName: database, Name: table } };
  const answer = await awsCall('lakeformation', () =>
    client.send(new GetResourceLFTagsCommand({ Resource, ShowAssignedLFTags: false })),
  );
  const columns = answer.LFTagsOnColumns?.flatMap(({ LFTags = [] }) => LFTags) ?? [];
  const found = [...(answer.LFTagOnDatabase ?? []), ...(answer.LFTagsOnTable ?? []), ...columns];
  return found.map(({ TagKey = '', TagValues = [] }) => [TagKey, TagValues]);
}

/** @throws {ACCESS_INVALID} when the tags decide nothing */
function restrictionsOf(
  { classification, attributes }: CatalogueConfig,
  tags: readonly Tag[],
): Awaited<ReturnType<Catalogue>> {
  const valuesOf = (wanted: string): string[] => [
    ...new Set(tags.flatMap(([key, values]) => (key === wanted ? values : []))),
  ];
  // Own levels alone: a value such as `constructor` has none.
  const levels = new Map(Object.entries(classification.levels));
  const found = valuesOf(classification.tag).map((value) => levels.get(value) ?? null);
  const isDecided = found.length > 0 && !found.includes(null);
  const message = 'the catalogue does not say how confidential a document is';
  need('INV-CATALOGUE-DECIDES', isDecided, 'ACCESS_INVALID', message);
  const attrs: [string, string][] = [];
  for (const wanted of attributes) {
    const [value, other] = valuesOf(wanted);
    const isOne = value !== undefined && other === undefined;
    const why = 'the catalogue gives a document no value of an attribute, or several';
    need('INV-CATALOGUE-ATTRIBUTES', isOne, 'ACCESS_INVALID', why);
    attrs.push([wanted, value]);
  }
  const highest = Math.max(...found.map((level) => level ?? 9));
  return { classification: highest, ...(attrs.length > 0 && { attrs: Object.fromEntries(attrs) }) };
}
