// SPDX-License-Identifier: Apache-2.0
// Who may do what in the cluster: the second line behind the class filter. The library itself never needs an administrator.
import type { SearchService } from './connection.ts';

/** Which roles are written. */
export interface RoleOptions {
  /** Name of the index. */
  readonly alias: string;
  /** Users of the security plugin by duty. */
  readonly users: {
    /** Ingest workers and administrators of the vault: they write rows and make the index. */
    readonly writers: readonly string[];
    /** Retrievers: they read this tenant's index and no other. */
    readonly readers: readonly string[];
    /** People and dashboards that query the engine directly: each sees the rows of his own classes. */
    readonly people: readonly string[];
  };
}

/** Classes that one person may read, as the ledger says. */
export interface PersonClasses {
  /** Name of the user in the security plugin. */
  readonly user: string;
  readonly classes: readonly number[];
}

/** The index that says which classes a person may read, beside the index of rows. */
export function lookupIndex(alias: string): string {
  return `${alias}-people`;
}

/** The roles of a tenant: what each may do, by the names of the security plugin. */
export function rolesOf(alias: string): Readonly<Record<'writer' | 'reader' | 'person', object>> {
  const rows = [alias, `${alias}-0*`, `${alias}-building`];
  const people = lookupIndex(alias);
  const moments = 'indices:data/read/point_in_time/*';
  const read = ['read', moments, 'indices:admin/refresh*', 'indices:admin/mappings/get'];
  // One document per person, named by him: who has none sees nothing.
  const own = { terms: { cls: { index: people, id: '${user.name}', path: 'classes' } } };
  return {
    writer: {
      cluster_permissions: ['cluster_composite_ops', moments, 'indices:admin/aliases*'],
      index_permissions: [{ index_patterns: [...rows, people], allowed_actions: ['indices_all'] }],
    },
    reader: {
      cluster_permissions: ['cluster_composite_ops_ro', moments],
      index_permissions: [{ index_patterns: rows, allowed_actions: read }],
    },
    person: {
      cluster_permissions: ['cluster_composite_ops_ro'],
      index_permissions: [
        // Neither words nor vectors: from these, much can be guessed by those who know similar texts.
        {
          index_patterns: rows,
          allowed_actions: ['read'],
          dls: JSON.stringify(own),
          fls: ['~w', '~v', '~sv', '~s'],
        },
        {
          index_patterns: [people],
          allowed_actions: ['read'],
          dls: JSON.stringify({ ids: { values: ['${user.name}'] } }),
        },
      ],
    },
  };
}

/**
 * Writes the roles and gives them to users. Needs an administrator of the cluster, once.
 * @throws {INDEX_REFUSED} when the process is none
 */
export async function writeRoles(
  service: SearchService,
  { alias, users }: RoleOptions,
): Promise<void> {
  const { writer, reader, person } = rolesOf(alias);
  const duties = [
    ['writer', writer, users.writers],
    ['reader', reader, users.readers],
    ['person', person, users.people],
  ] as const;
  for (const [duty, role, members] of duties) {
    const name = `strongroom-${alias}-${duty}`;
    const api = '/_plugins/_security/api';
    await service.call({ method: 'PUT', path: `${api}/roles/${name}`, body: role });
    const body = { users: [...members] };
    await service.call({ method: 'PUT', path: `${api}/rolesmapping/${name}`, body });
  }
}

/**
 * Tells the engine which classes people may read. Without a document, or with one that is late, a person sees fewer rows or
 * those of his former classes: how late is what `at` tells, and the reason why this is the second line and not the first.
 * @param at size of the log that the classes are taken from
 */
export async function writePeople(
  service: SearchService,
  alias: string,
  { people, at }: { readonly people: readonly PersonClasses[]; readonly at: number },
): Promise<void> {
  const index = lookupIndex(alias);
  const mappings = {
    dynamic: 'strict',
    properties: { classes: { type: 'integer' }, at: { type: 'long' } },
  };
  // 400: it is there already.
  await service.call({ method: 'PUT', path: `/${index}`, body: { mappings }, expected: [400] });
  for (const { user, classes } of people) {
    const path = `/${index}/_doc/${encodeURIComponent(user)}`;
    const query = { version: at, version_type: 'external_gte', refresh: true };
    const body = { classes: [...classes], at };
    // 409: somebody has written newer news.
    await service.call({ method: 'PUT', path, query, body, expected: [409] });
  }
}
