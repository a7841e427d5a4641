// SPDX-License-Identifier: Apache-2.0
// Every sealed object and data key that the log names, gathered from its entries.
import type { Hex } from '../core/index.ts';
import type { KeyRef } from '../keys/index.ts';
import {
  checkStatement,
  parseEnvelope,
  parseStatement,
  type Statement,
} from '../provenance/index.ts';
import { objectPath } from '../store/index.ts';
import { aclRef, directoryRef, policyRef, segmentRef, snapshotRef, stateRef } from './refs.ts';
import type { SegmentEntry } from './segment-table.ts';
import type { Session } from './session.ts';

/** A sealed object, or a segment inside one, and what it must be. */
export interface NamedObject {
  readonly path: string;
  readonly ref: KeyRef;
  readonly sha256: Hex;
  /** Byte range when it is a segment of a larger object. */
  readonly range: { readonly offset: number; readonly bytes: number } | null;
  /** Whether it is current, and so must be there; superseded ones may be. */
  readonly required: boolean;
}

/** Name of a data key: its place and the object it opens. */
export function keyName(ref: KeyRef, objectDigest: Hex): string {
  return `${ref.kind} ${ref.id} ${ref.no} ${objectDigest}`;
}

/**
 * Gathers what the log names.
 * @param voids indices of entries that changed nothing
 * @param table segments of the newest index snapshot
 */
export async function namedObjects(
  session: Session,
  voids: ReadonlySet<number>,
  table: readonly SegmentEntry[],
): Promise<NamedObject[]> {
  const { ledger, context } = session;
  const { tenantId } = context.config;
  const named: NamedObject[] = [];
  for await (const [index, entry] of ledger.reader.entries(0, ledger.head.size)) {
    const envelope = parseEnvelope(entry);
    const raw = envelope === null ? null : parseStatement(envelope.payload);
    const statement = raw === null ? null : checkStatement(raw);
    if (statement === null || voids.has(index)) continue;
    const object = objectOf(session, index, statement);
    if (object !== null) named.push(object);
  }
  for (const { classNo, segment, generation, path, sha256, offset, bytes } of table) {
    const ref = segmentRef(tenantId, classNo, segment, generation);
    named.push({ path, ref, sha256, range: { offset, bytes }, required: true });
  }
  return named;
}

/** The object that one entry names, or null. Objects of erased documents are named no more. */
function objectOf(session: Session, index: number, statement: Statement): NamedObject | null {
  const { tenantId } = session.context.config;
  const whole = (ref: KeyRef, sha256: Hex, required: boolean): NamedObject => ({
    path: objectPath(ref, sha256),
    ref,
    sha256,
    range: null,
    required,
  });
  const { ledger } = session;
  switch (statement.kind) {
    case 'ingest':
      return documentObject(session, index, statement.subject);
    case 'acl': {
      const { aclDigest, objectDigest } = statement.predicate;
      const isCurrent = ledger.lookup('acl', aclDigest)?.entry === index;
      return whole(aclRef(tenantId, aclDigest), objectDigest, isCurrent);
    }
    case 'directory': {
      const { epoch, objectDigest } = statement.predicate;
      const isCurrent = ledger.lookup('dir', 'people')?.entry === index;
      return whole(directoryRef(tenantId, epoch), objectDigest, isCurrent);
    }
    case 'config': {
      const { epoch, objectDigest } = statement.predicate;
      const isCurrent = ledger.lookup('config', 'policy')?.entry === index;
      return whole(policyRef(tenantId, epoch), objectDigest, isCurrent);
    }
    case 'index-snapshot': {
      const { size, objectDigest } = statement.predicate;
      const isCurrent = ledger.lookup('snap', 'index')?.entry === index;
      return isCurrent ? whole(snapshotRef(tenantId, size), objectDigest, true) : null;
    }
    case 'state': {
      const { snapshot } = statement.predicate;
      return snapshot === null ? null : whole(stateRef(tenantId, index), snapshot.digest, false);
    }
    default:
      return null;
  }
}

function documentObject(
  session: Session,
  index: number,
  subject: { readonly name: string; readonly digest: Readonly<Record<string, Hex>> },
): NamedObject | null {
  const [version, docId] = subject.name.split(':').reverse();
  const doc = session.ledger.lookup('doc', docId ?? '');
  if (doc === null || doc.status === 'shredded') return null;
  const { tenantId } = session.context.config;
  const ref: KeyRef = { tenantId, kind: 'doc', id: doc.docId, no: Number(version) };
  const sha256 = subject.digest['sha256'] ?? '';
  const required = doc.entry === index && doc.status === 'live';
  return { path: objectPath(ref, sha256), ref, sha256, range: null, required };
}
