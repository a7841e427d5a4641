// SPDX-License-Identifier: Apache-2.0
// What may be told of a failed call: a status and a type from a list. Never a message, body, header or cause: the
// client's own errors carry the authorization header and the request, which holds vectors and query tokens.
import { fail, type StrongroomError } from '../core/index.ts';

/** Error types of OpenSearch and its client that may be shown; a hostile server may write anything into that field. */
const TYPES: ReadonlySet<string> = new Set(
  `action_request_validation_exception circuit_breaking_exception cluster_block_exception
   document_missing_exception illegal_argument_exception index_closed_exception index_not_found_exception
   invalid_alias_name_exception invalid_index_name_exception mapper_parsing_exception master_not_discovered_exception
   no_shard_available_action_exception node_closed_exception parsing_exception process_cluster_event_timeout_exception
   query_shard_exception rejected_execution_exception resource_already_exists_exception script_exception
   search_context_missing_exception search_phase_execution_exception security_exception strict_dynamic_mapping_exception
   timeout_exception unavailable_shards_exception validation_exception version_conflict_engine_exception
   x_content_parse_exception connection_error timeout_error no_living_connections_error answer_too_large
   answer_malformed answer_cut_off`.split(/\s+/),
);

/** A type that may be shown, else `other`; null for none. */
export function shownType(type: unknown): string | null {
  if (typeof type !== 'string') return null;
  return TYPES.has(type) ? type : 'other';
}

/** Statuses after which the same call may succeed later. */
const LATER: ReadonlySet<number> = new Set([408, 429]);

/**
 * The error of a call that failed.
 * @param status HTTP status of the answer or of one item in it; null when no answer came
 */
export function serviceError(status: number | null, type: unknown): StrongroomError {
  const details = { service: 'opensearch', status, type: shownType(type) };
  if (status === null || status >= 500 || LATER.has(status)) {
    const message = 'the search engine does not answer, or cannot work for now';
    return fail('INDEX_UNAVAILABLE', message, details);
  }
  return fail('INDEX_REFUSED', 'the search engine refuses what it was asked for', details);
}
