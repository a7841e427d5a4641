// SPDX-License-Identifier: Apache-2.0
// An index is reached by an alias, so that another one can take its place without a pause.
import { fail, need } from '../core/index.ts';
import type { SearchService } from './connection.ts';
import { checkMapping, indexDefinition, type IndexShape } from './mapping.ts';

const ALIAS = /^[a-z0-9][a-z0-9_-]{0,199}$/;
const NUMBERED = /-(\d{6})$/;

/** How to open an alias. */
export interface OpenAlias {
  readonly shape: IndexShape;
  /** Makes the index when it is not there. */
  readonly create: boolean;
}

/**
 * Sees to it that the alias leads to one index that this version has made.
 * @throws {INDEX_REFUSED} when it does not, or is not there and shall not be made
 */
export async function openAlias(
  service: SearchService,
  alias: string,
  { shape, create }: OpenAlias,
): Promise<void> {
  const isName = ALIAS.test(alias);
  need('INV-OPENSEARCH-NAME', isName, 'CONFIG_INVALID', 'this cannot be the name of an index');
  let found = await mappingsOf(service, alias);
  if (found === null && create) {
    await createIndex(service, nameOf(alias, 1), { shape, aliases: { [alias]: {} } });
    found = await mappingsOf(service, alias);
  }
  const [mapping, ...others] = found === null ? [] : Object.values(found);
  if (mapping === undefined || others.length > 0) {
    throw fail('INDEX_REFUSED', 'the index is not there, or its name leads to several', {
      service: 'opensearch',
      status: 404,
      type: 'index_not_found_exception',
    });
  }
  checkMapping(mapping, shape);
}

/**
 * Builds the index again beside the present one and then puts it in its place, in one step. Searches go on meanwhile; what
 * is written during that time is missing afterwards, for the follower of the log to complete.
 * @param fill writes the rows into the new index, which it reaches by the alias that it is given
 */
export async function replaceIndex(
  service: SearchService,
  alias: string,
  { shape, fill }: { readonly shape: IndexShape; readonly fill: (alias: string) => Promise<void> },
): Promise<void> {
  const [old] = Object.keys((await mappingsOf(service, alias)) ?? {});
  const next = nameOf(alias, numberOf(old) + 1);
  const building = `${alias}-building`;
  // Left over from an attempt that did not come to its end.
  await service.call({ method: 'DELETE', path: `/${next}`, expected: [404] });
  await createIndex(service, next, { shape, aliases: { [building]: {} } });
  await fill(building);
  await service.call({ method: 'POST', path: `/${next}/_refresh` });
  const actions = [
    { remove: { index: next, alias: building } },
    { add: { index: next, alias } },
    ...(old === undefined ? [] : [{ remove_index: { index: old } }]),
  ];
  await service.call({ method: 'POST', path: '/_aliases', body: { actions } });
}

async function createIndex(
  service: SearchService,
  index: string,
  { shape, aliases }: { readonly shape: IndexShape; readonly aliases: object },
): Promise<void> {
  await service.call({
    method: 'PUT',
    path: `/${index}`,
    body: { ...indexDefinition(shape), aliases },
    // Somebody else was faster: what he made is looked at like any other.
    expected: [400],
  });
}

/** The mapping of every index behind an alias, by its name; null when there is none. */
async function mappingsOf(
  service: SearchService,
  alias: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  const path = `/${alias}/_mapping`;
  const { status, body } = await service.call({ method: 'GET', path, expected: [404] });
  if (status === 404) return null;
  const found = (body ?? {}) as Readonly<Record<string, { readonly mappings?: unknown }>>;
  return Object.fromEntries(Object.entries(found).map(([name, { mappings }]) => [name, mappings]));
}

function nameOf(alias: string, no: number): string {
  return `${alias}-${String(no).padStart(6, '0')}`;
}

function numberOf(index: string | undefined): number {
  return Number(NUMBERED.exec(index ?? '')?.[1] ?? 0);
}
