// SPDX-License-Identifier: Apache-2.0
import { type Hex, need } from '../core/index.ts';

const PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/**
 * True for what may name an object: relative, at most 512 characters, segments of `[A-Za-z0-9._-]` none of which begins
 * with a dot, so that neither `..` nor a store's own hidden names can be reached.
 */
export function isObjectPath(path: string): boolean {
  return path.length <= 512 && PATH.test(path);
}

/**
 * Checks a path before it reaches a file system or a bucket.
 * @throws {PATH_INVALID} when it is not one of {@link isObjectPath}
 */
export function checkPath(path: string): void {
  need('INV-STORE-PATH', isObjectPath(path), 'PATH_INVALID', 'an object path is not usable');
}

/**
 * Checks the prefix of a listing: empty, or the beginning of a path that ends in a segment or after a slash.
 * @throws {PATH_INVALID}
 */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkPath(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** Path of a sealed object: the place in the key hierarchy, then the first half of its digest (docs/formats.md, "Paths"). */
export function objectPath(
  ref: { readonly kind: string; readonly id: string; readonly no: number },
  sha256: Hex,
): string {
  const suffix = sha256.slice(0, 32);
  switch (ref.kind) {
    case 'acl':
      return `obj/acl/${ref.id}-${suffix}`;
    default:
      return `obj/${ref.kind}/${ref.id}/${ref.no}-${suffix}`;
  }
}

/** Prefix of a tenant's log inside the object store. */
export function logPrefix(tenantId: string): string {
  return `log/${tenantId}/`;
}
