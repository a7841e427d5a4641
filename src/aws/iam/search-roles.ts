// SPDX-License-Identifier: Apache-2.0
// Roles of the OpenSearch security plugin, as its API takes them (PUT _plugins/_security/api/roles/NAME).
import type { Deployment } from './deployment.ts';

/** A role of the security plugin. */
export interface SearchRole {
  readonly cluster_permissions: readonly string[];
  readonly index_permissions: readonly {
    readonly index_patterns: readonly string[];
    readonly dls?: string;
    readonly fls?: readonly string[];
    readonly allowed_actions: readonly string[];
  }[];
}

/** Backend roles (IAM role ARNs, with a managed domain) that a role of the plugin is given to. */
export interface SearchRoleMapping {
  readonly backend_roles: readonly string[];
}

/** Roles by name, and to whom they are given. */
export interface SearchRoles {
  readonly roles: Readonly<Record<string, SearchRole>>;
  readonly mappings: Readonly<Record<string, SearchRoleMapping>>;
}

const READ = ['indices:data/read/search*', 'indices:data/read/msearch*', 'indices:data/read/get'];
const PAGE = 'indices:data/read/point_in_time/*';

/**
 * Roles of a vault's index: workers write rows, the retriever reads rows of its tenant (document-level security as the
 * backstop of the class filter in every query), administrators make and drop the index. Null without a search domain.
 */
export function searchRoles({ search, tenantId, roles }: Deployment): SearchRoles | null {
  if (search === null) return null;
  const name = (duty: string): string => `strongroom-${tenantId}-${duty}`;
  const patterns = [search.index, `${search.index}-*`];
  const tenantAlone = JSON.stringify({ bool: { filter: [{ term: { tenant: tenantId } }] } });
  return {
    roles: {
      [name('ingest')]: {
        cluster_permissions: ['indices:data/write/bulk', 'cluster:monitor/health'],
        index_permissions: [
          {
            index_patterns: patterns,
            allowed_actions: [
              'indices:data/write/*',
              'indices:data/read/*',
              'indices:admin/mapping/put',
              'indices:admin/get',
              'indices:admin/refresh*',
            ],
          },
        ],
      },
      [name('retriever')]: {
        cluster_permissions: ['cluster_composite_ops_ro', PAGE],
        index_permissions: [
          { index_patterns: patterns, dls: tenantAlone, allowed_actions: [...READ, PAGE] },
        ],
      },
      [name('administrator')]: {
        cluster_permissions: ['cluster_monitor', 'cluster_composite_ops'],
        index_permissions: [{ index_patterns: patterns, allowed_actions: ['indices_all'] }],
      },
    },
    mappings: {
      [name('ingest')]: { backend_roles: roles.ingest },
      [name('retriever')]: { backend_roles: roles.retriever },
      [name('administrator')]: { backend_roles: roles.administrator },
    },
  };
}
