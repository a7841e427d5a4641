// SPDX-License-Identifier: Apache-2.0
// The life of keys: rotation and rewrapping of what wraps, delegation and revocation of what signs.
import { fail, hex, type Hex, lp, concat, sha256, type Signer } from '../core/index.ts';
import { rowVersion } from '../keys/index.ts';
import { type KeyValue, type Predicate, type Role, signStatement } from '../provenance/index.ts';
import type { KeyRow } from '../store/index.ts';
import { delegation } from './create.ts';
import { every } from './permissions.ts';
import type { Session } from './session.ts';

/** A signing key as the ledger knows it. */
export interface KeyInfo extends Pick<
  KeyValue,
  'keyid' | 'role' | 'firstIndex' | 'endIndex' | 'notAfter' | 'reason'
> {
  /** Whether this key ring holds the private key. */
  readonly held: boolean;
}

/** The keys of a vault. */
export interface KeyOverview {
  readonly signing: readonly KeyInfo[];
  /** Branch key versions, oldest first; the last one wraps new data keys. */
  readonly branches: readonly { readonly version: Hex; readonly rows: number }[];
}

/** Lists signing keys and branch key versions with the rows that each still wraps. */
export async function listKeys(session: Session): Promise<KeyOverview> {
  const { ring, keys, config } = session.context;
  const counts = new Map<Hex, number>();
  for await (const { row } of keys.list(config.tenantId)) {
    const version = rowVersion(row);
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  const signing = [...session.ledger.view.state.keys.values()].map((key) => {
    const { keyid, role, firstIndex, endIndex, notAfter, reason } = key;
    const held = ring.signers(role).some((signer) => signer.keyid === keyid);
    return { keyid, role, firstIndex, endIndex, notAfter, reason, held };
  });
  const branches = ring.branchVersions.map((version) => ({
    version,
    rows: counts.get(version) ?? 0,
  }));
  return { signing: signing.sort((a, b) => a.firstIndex - b.firstIndex), branches };
}

/** Makes a new branch key version; documents are not touched. */
export async function rotateBranchKey(session: Session): Promise<Hex> {
  await session.writer();
  return session.exclusively(() => session.context.ring.rotateBranch());
}

/** What rewrapping did. */
export interface RewrapReport {
  readonly to: Hex;
  readonly rows: number;
  /** Branch key versions that the ring has forgotten. */
  readonly forgotten: readonly Hex[];
}

/**
 * Wraps every data key under the newest branch key; forgetting the older ones waits for ingestions under way, which
 * hold keys that are wrapped already and not in the table yet. Sealed objects and signatures stay as they are.
 * @param forgetOld whether the ring then forgets the older versions: older copies of the key table open nothing any more
 */
export function rewrapKeys(session: Session, forgetOld: boolean): Promise<RewrapReport> {
  return session.exclusively(() => rewrap(session, forgetOld));
}

async function rewrap(session: Session, forgetOld: boolean): Promise<RewrapReport> {
  const { ring, keys, config } = session.context;
  const writer = await session.writer();
  if (forgetOld) await session.ingestions.ended();
  const to = ring.branchVersion;
  const byVersion = new Map<Hex, KeyRow[]>();
  for await (const row of keys.list(config.tenantId)) {
    const from = rowVersion(row.row);
    if (from === to) continue;
    const dek = await ring.unwrap(row.ref, row.row);
    const rewrapped = { ...row, row: await ring.wrap(row.ref, dek) };
    dek.fill(0);
    byVersion.set(from, [...(byVersion.get(from) ?? []), rewrapped]);
  }
  const entries: Uint8Array[] = [];
  let rows = 0;
  for (const [from, rewrapped] of byVersion) {
    await keys.replaceAll(rewrapped);
    rows += rewrapped.length;
    const predicate = {
      ...every(session),
      from,
      to,
      rows: rewrapped.length,
      tableDigest: tableDigest(rewrapped),
    };
    entries.push(await signStatement('rewrap', predicate, writer.signer('indexer')));
  }
  if (entries.length > 0) await session.commitAll(entries);
  const forgotten = forgetOld ? ring.branchVersions.filter((version) => version !== to) : [];
  if (forgotten.length > 0) await ring.dropBranches(forgotten);
  return { to, rows, forgotten };
}

/**
 * Makes a new key for a role and has the root key delegate it.
 * @returns the new key's id
 * @throws {USAGE} for the role root; {@link VAULT_LOCKED}; {@link KEY_UNAVAILABLE} without the root key
 */
export async function delegateKey(session: Session, role: Role): Promise<Hex> {
  if (role === 'root') throw fail('USAGE', 'the local key ring holds one root key');
  await session.writer();
  return session.exclusively(async () => {
    const key = await session.context.ring.addSigner(role);
    await session.commitAll([await delegation(every(session), role, key, rootSigner(session))]);
    return key.keyid;
  });
}

/**
 * Ends a signing key. With a `fromIndex` in the past, what it signed since is distrusted.
 * @param fromIndex log index from which the key does not count; default: from now on
 */
export async function revokeKey(
  session: Session,
  keyid: Hex,
  reason: Predicate<'revoke'>['reason'],
  fromIndex?: number,
): Promise<{ readonly fromIndex: number; readonly distrusted: number }> {
  await session.writer();
  return session.exclusively(() => revoke(session, keyid, reason, fromIndex));
}

async function revoke(
  session: Session,
  keyid: Hex,
  reason: Predicate<'revoke'>['reason'],
  fromIndex: number | undefined,
): Promise<{ readonly fromIndex: number; readonly distrusted: number }> {
  const from = fromIndex ?? session.ledger.head.size;
  const predicate = { ...every(session), keyid, fromIndex: from, reason };
  const entry = await signStatement('revoke', predicate, rootSigner(session));
  const [outcome] = await session.commitAll([entry]);
  const records = outcome?.outcome === 'committed' ? outcome.records : [];
  return { fromIndex: from, distrusted: records.filter(({ kind }) => kind === 'doc').length };
}

function rootSigner(session: Session): Signer {
  const [root] = session.context.ring.signers('root');
  if (root === undefined) throw fail('KEY_UNAVAILABLE', 'the key ring holds no root key');
  return root;
}

/** Digest over the rewrapped rows, in a fixed order. */
function tableDigest(rows: readonly KeyRow[]): Hex {
  const name = ({ ref, objectDigest }: KeyRow): string =>
    `${ref.kind} ${ref.id} ${ref.no} ${objectDigest}`;
  const sorted = rows.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
  return hex(sha256(concat(...sorted.map((row) => concat(lp(name(row)), lp(row.row))))));
}
