// SPDX-License-Identifier: Apache-2.0
// ACL classes: one record per distinct set of permissions (docs/formats.md, "Access records").
import { z } from 'zod';
import {
  compareUtf8,
  concat,
  fail,
  type Hex,
  hex,
  hmac,
  isPrincipal,
  jcsBytes,
  lp,
  parseJcs,
} from '../core/index.ts';
import { attributes } from './attributes.ts';

const name = z.string().refine(isPrincipal);
const names = z
  .array(name)
  .max(512)
  .refine((list) =>
    list.every((item, i) => i === 0 || compareUtf8(list[i - 1] as string, item) < 0),
  );
const hour = z.int().min(0).nullable();

const recordSchema = z.strictObject({
  v: z.literal(1),
  allowUsers: names,
  allowGroups: names,
  denyUsers: names,
  denyGroups: names,
  classification: z.int().min(0).max(9),
  attrs: attributes,
  notBefore: hour,
  notAfter: hour,
});

/**
 * Who may use the documents of a class. Lists are sorted by bytes and without duplicates; groups are not expanded; times
 * are whole hours since the epoch.
 */
export type ClassRecord = z.infer<typeof recordSchema>;

/** A record in its only spelling: sorted lists, no duplicates. @throws {ACCESS_INVALID} */
export function classRecord(fields: Omit<ClassRecord, 'v'>): ClassRecord {
  const record = {
    v: 1 as const,
    ...fields,
    allowUsers: sorted(fields.allowUsers),
    allowGroups: sorted(fields.allowGroups),
    denyUsers: sorted(fields.denyUsers),
    denyGroups: sorted(fields.denyGroups),
  };
  const result = recordSchema.safeParse(record);
  if (!result.success) throw fail('ACCESS_INVALID', 'the permissions do not fit a class record');
  return result.data;
}

/** The bytes that are sealed and digested. */
export function encodeClassRecord(record: ClassRecord): Uint8Array {
  return jcsBytes(record);
}

/** Reads the bytes of a record. @throws {FORMAT_INVALID} when they are not one */
export function decodeClassRecord(bytes: Uint8Array): ClassRecord {
  const result = recordSchema.safeParse(parseJcs(bytes));
  if (!result.success) throw fail('FORMAT_INVALID', 'not a class record');
  return result.data;
}

/** Keyed digest of a record, the name of its class everywhere; not guessable from receipts or the log. */
export function aclDigest(classKey: Uint8Array, record: Uint8Array): Hex {
  return hex(hmac(classKey, concat(lp('sr/acl/v1'), record)));
}

function sorted(list: readonly string[]): string[] {
  return [...new Set(list)].sort(compareUtf8);
}
