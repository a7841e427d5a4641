// SPDX-License-Identifier: Apache-2.0
import { base32, concat, hex, lp, utf8 } from './bytes.ts';
import { hmac } from './digest.ts';
import { fail } from './errors.ts';
import type { Random } from './ports.ts';

/** Keyed, opaque id of a document: `d-` and 26 base32 characters. */
export type DocId = `d-${string}`;

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const PRINCIPAL = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;
const DOC_ID = /^d-[a-z2-7]{26}$/;

/** The reserved group that every authenticated principal belongs to. */
export const EVERYONE = 'everyone';

/** A new vault id: 128 random bits in hex. */
export function newVaultId(random: Random): string {
  return hex(random.bytes(16));
}

/** True for `[a-z0-9][a-z0-9-]{0,62}`: tenant ids and source namespaces. */
export function isTenantId(text: string): boolean {
  return TENANT.test(text);
}

/** True for the grammar of principals and groups; compared byte by byte, never folded. */
export function isPrincipal(text: string): boolean {
  return PRINCIPAL.test(text);
}

/** True for the form of a document id. */
export function isDocId(text: string): text is DocId {
  return DOC_ID.test(text);
}

/** Origin line of a tenant's log; witnesses see it, so it holds no customer name. */
export function logOrigin(vaultId: string, tenantId: string): string {
  return `${vaultId}.vault.strongroom.invalid/${tenantId}`;
}

/**
 * The id of a document: keyed, so that nobody without the lookup key can test a guessed path.
 * @param idKey `K_id` of the tenant
 * @param sourceUri the source's name exactly as given; NFC-equal but byte-different names are two documents
 * @throws {USAGE} for a malformed namespace, or a name with lone surrogates (write such bytes percent-encoded)
 */
export function docIdOf(idKey: Uint8Array, namespace: string, sourceUri: string): DocId {
  if (!isTenantId(namespace)) throw fail('USAGE', 'a namespace must match [a-z0-9][a-z0-9-]{0,62}');
  // A lone surrogate would become U+FFFD, and two names one document.
  if (!sourceUri.isWellFormed()) throw fail('USAGE', 'a source name is not valid Unicode');
  const mac = hmac(idKey, concat(lp('sr/doc/v1'), lp(namespace), lp(utf8(sourceUri))));
  return `d-${base32(mac).slice(0, 26)}`;
}

/** Subject name of one document version. */
export function documentUrn(tenantId: string, docId: DocId, version: number): string {
  return `urn:strongroom:${tenantId}:${docId}:${version}`;
}

/** Subject name of a statement that speaks of no document version. */
export function kindUrn(tenantId: string, kind: string): string {
  return `urn:strongroom:${tenantId}:${kind}`;
}
