// SPDX-License-Identifier: Apache-2.0
// in-toto Statement v1 as canonical JSON inside a DSSE envelope.
import {
  documentUrn,
  type DocId,
  fail,
  type Hex,
  hex,
  isStrongroomError,
  jcs,
  jcsBytes,
  type JsonValue,
  kindUrn,
  parseJcs,
  sha256,
  type Signer,
} from '../core/index.ts';
import { MAX_ATTESTATION_BYTES, MAX_ENTRY_BYTES, signEnvelope } from './dsse.ts';
import { objectDigestOf, type Predicate, PREDICATES } from './predicates.ts';
import { kindOf, predicateTypeOf, type StatementKind } from './roles.ts';

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** What a statement speaks of. */
export interface Subject {
  readonly name: string;
  readonly digest: Readonly<Record<string, Hex>>;
}

/** A payload whose outer form is right; the predicate is not checked yet. */
export interface RawStatement {
  readonly predicateType: string;
  readonly subject: Subject;
  readonly predicate: JsonValue;
}

/** A statement whose predicate and subject have been checked against the schema of its kind. */
export type Statement = {
  [K in StatementKind]: {
    readonly kind: K;
    readonly subject: Subject;
    readonly predicate: Predicate<K>;
  };
}[StatementKind];

/** The statement of one kind. */
export type StatementOf<K extends StatementKind> = Extract<Statement, { kind: K }>;

/** Tenant id that a log origin names. */
export function tenantOfLog(log: string): string {
  return log.slice(log.indexOf('/') + 1);
}

/** The subject that a predicate of a kind must have; `ingest` speaks of a document version instead. */
export function kindSubject(kind: StatementKind, predicate: { readonly log: string }): Subject {
  const sha = objectDigestOf(predicate) ?? hex(sha256(jcsBytes(predicate)));
  return { name: kindUrn(tenantOfLog(predicate.log), kind), digest: { sha256: sha } };
}

/** The subject of an ingested document version. */
export function documentSubject(
  log: string,
  doc: { readonly docId: DocId; readonly version: number },
  digests: { readonly object: Hex; readonly chunkRoot: Hex },
): Subject {
  return {
    name: documentUrn(tenantOfLog(log), doc.docId, doc.version),
    digest: { sha256: digests.object, srChunkTreeV1: digests.chunkRoot },
  };
}

/**
 * Builds, checks and signs a statement; the result is the bytes of a log entry.
 * @throws {FORMAT_INVALID} when the predicate does not fit its schema
 * @throws {ENTRY_TOO_LARGE} above {@link statementLimit}
 */
export async function signStatement<K extends StatementKind>(
  kind: K,
  predicate: Predicate<K>,
  signer: Signer,
  subject: Subject = kindSubject(kind, predicate),
): Promise<Uint8Array> {
  if (!PREDICATES[kind].safeParse(predicate).success) {
    throw fail('FORMAT_INVALID', `the ${kind} statement does not fit its schema`);
  }
  const payload = jcsBytes({
    _type: STATEMENT_TYPE,
    predicate,
    predicateType: predicateTypeOf(kind),
    subject: [subject],
  });
  const entry = await signEnvelope(payload, signer);
  if (entry.length > statementLimit(kind)) {
    throw fail('ENTRY_TOO_LARGE', `the ${kind} statement needs ${entry.length} bytes`);
  }
  return entry;
}

/** Longest envelope of a kind, in bytes. */
export function statementLimit(kind: StatementKind): number {
  return kind === 'context' ? MAX_ATTESTATION_BYTES : MAX_ENTRY_BYTES;
}

/** Parses a payload's outer form; null when it is not a canonical statement with one subject. */
export function parseStatement(payload: Uint8Array): RawStatement | null {
  let value: JsonValue;
  try {
    value = parseJcs(payload);
  } catch (error) {
    if (isStrongroomError(error)) return null;
    throw error;
  }
  const outer = record(value, ['_type', 'predicate', 'predicateType', 'subject']);
  if (outer === null || outer['_type'] !== STATEMENT_TYPE) return null;
  const { predicateType, predicate, subject } = outer;
  if (typeof predicateType !== 'string' || predicate === undefined) return null;
  const only = Array.isArray(subject) && subject.length === 1 ? (subject[0] as JsonValue) : null;
  const parsed = only === null ? null : parseSubject(only);
  return parsed === null ? null : { predicateType, subject: parsed, predicate };
}

/** Checks predicate and subject of a known kind; null when either is not exact. */
export function checkStatement(raw: RawStatement): Statement | null {
  const kind = kindOf(raw.predicateType);
  if (kind === null) return null;
  const result = PREDICATES[kind].safeParse(raw.predicate);
  if (!result.success) return null;
  if (kind === 'ingest') {
    if (record(raw.subject.digest, ['sha256', 'srChunkTreeV1']) === null) return null;
  } else if (jcs(raw.subject) !== jcs(kindSubject(kind, result.data))) {
    return null;
  }
  return { kind, subject: raw.subject, predicate: result.data } as Statement;
}

function parseSubject(value: JsonValue): Subject | null {
  const fields = record(value, ['digest', 'name']);
  const digest = fields?.['digest'];
  const name = fields?.['name'];
  if (typeof name !== 'string' || typeof digest !== 'object' || digest === null) return null;
  const entries = Object.entries(digest);
  const isHex = entries.every(
    ([, text]) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text),
  );
  return isHex ? { name, digest: Object.fromEntries(entries) as Record<string, Hex> } : null;
}

function record(value: JsonValue, names: readonly string[]): Record<string, JsonValue> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every((name) => keys.includes(name))
    ? (value as Record<string, JsonValue>)
    : null;
}
