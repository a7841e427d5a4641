// SPDX-License-Identifier: Apache-2.0
// Writes the statements of a test tenant, right or wrong: every field can be overridden.
import {
  base64,
  docIdOf,
  hex,
  jcsBytes,
  logOrigin,
  newVaultId,
  sha256,
  u32be,
  utf8,
} from '../../src/core/index.ts';
import { lookupKeyFor } from '../../src/keys/index.ts';
import { LocalSigner, newEd25519 } from '../../src/keys/local-signer.ts';
import { signEnvelope } from '../../src/provenance/dsse.ts';
import type { TreeHead } from '../../src/provenance/merkle.ts';
import { type NoteKey, vkeyOf } from '../../src/provenance/note.ts';
import type { HeadRef, Predicate } from '../../src/provenance/predicates.ts';
import {
  predicateTypeOf,
  type Role,
  ROLE_KINDS,
  type StatementKind,
} from '../../src/provenance/roles.ts';
import { stateKey, type StateKind } from '../../src/provenance/state.ts';
import {
  documentSubject,
  kindSubject,
  signStatement,
  type Subject,
} from '../../src/provenance/statement.ts';
import { TEST_TIME } from './fixed-clock.ts';
import { SeededRandom } from './seeded-random.ts';

/** Fields of a predicate without those that the author fills in, all of them optional. */
export type Fields<K extends StatementKind> = Partial<Predicate<K>>;

/** A document as its next ingest needs it. */
export interface Previous {
  readonly version: number;
  readonly entry: number;
  readonly entryLeafHash: string;
}

/** Names a head in the form of a predicate. */
export function headOf(doc: Previous): HeadRef {
  return { entry: doc.entry, leafHash: doc.entryLeafHash };
}

/** A digest that stands for something that a test does not look at. */
export function digestOf(name: string): string {
  return hex(sha256(utf8(name)));
}

const HEADER = base64(new Uint8Array(56));

/** Keys and statements of one tenant of one vault, all from one seed. */
export class LogAuthor {
  readonly random: SeededRandom;
  readonly vaultId: string;
  readonly tenantId: string;
  readonly log: string;
  readonly idKey: Uint8Array;
  /** Signing time of the statements. */
  time = TEST_TIME;
  readonly #signers = new Map<string, LocalSigner>();

  constructor(seed = 'vault', tenantId = 'acme') {
    this.random = new SeededRandom(`author ${seed}`);
    this.tenantId = tenantId;
    this.vaultId = newVaultId(this.random);
    this.log = logOrigin(this.vaultId, tenantId);
    this.idKey = lookupKeyFor(this.random.bytes(32), 'id');
    // Made first and in order, so that further signers do not change these.
    for (const name of ['root', 'log', 'sequencer', 'ingest', 'acl']) this.signer(name);
  }

  /** The key of a name; the same name gives the same key. */
  signer(name: string): LocalSigner {
    let signer = this.#signers.get(name);
    if (signer === undefined) {
      signer = new LocalSigner(newEd25519(this.random));
      this.#signers.set(name, signer);
    }
    return signer;
  }

  /** The signer of a log key. */
  logSigner({ key: { keyid } }: NoteKey): LocalSigner {
    const signer = [...this.#signers.values()].find((each) => each.keyid === keyid);
    return signer ?? this.signer('log');
  }

  get logVkey(): string {
    return this.logVkeyOf('log');
  }

  /** The vkey of a log key by its name. */
  logVkeyOf(name: string): string {
    return vkeyOf(this.log, this.signer(name).rawPublicKey);
  }

  /** A recovery between two heads; when it names a log key, the log goes on under that one. */
  recovery(
    old: TreeHead,
    next: TreeHead,
    logKey: string | null = null,
    by = 'root',
  ): Promise<Uint8Array> {
    const [from, to] = [old, next].map(({ size, root }) => ({ size, root: hex(root) }));
    const logVkey = logKey === null ? null : this.logVkeyOf(logKey);
    return this.statement('recovery', { old: from!, new: to!, logVkey, reason: 'disk lost' }, by);
  }

  /** A statement that fits its schema, signed by the key of a name. */
  statement<K extends StatementKind>(
    kind: K,
    fields: Omit<Predicate<K>, 'log' | 'time'> & Fields<K>,
    by: string,
    subject?: Subject,
  ): Promise<Uint8Array> {
    const predicate = { log: this.log, time: this.time, ...fields } as unknown as Predicate<K>;
    return signStatement(kind, predicate, this.signer(by), subject ?? kindSubject(kind, predicate));
  }

  /** Any payload in an envelope signed by the key of a name: what a hostile or newer writer may send. */
  raw(statement: object, by: string): Promise<Uint8Array> {
    return signEnvelope(jcsBytes(statement), this.signer(by));
  }

  /** A statement of any type with any predicate and, by default, the subject that its kind would have. */
  loose(kind: string, predicate: object, by: string, subject?: object): Promise<Uint8Array> {
    const full = { log: this.log, time: this.time, ...predicate };
    const predicateType = kind.includes(':') ? kind : predicateTypeOf(kind as StatementKind);
    const own = subject ?? kindSubject(kind as StatementKind, full);
    return this.raw(
      { _type: 'https://in-toto.io/Statement/v1', predicate: full, predicateType, subject: [own] },
      by,
    );
  }

  genesis(fields: Fields<'genesis'> = {}, by = 'root'): Promise<Uint8Array> {
    return this.statement(
      'genesis',
      {
        vaultId: this.vaultId,
        tenantId: this.tenantId,
        format: 1,
        rootSpki: base64(this.signer(by).spki),
        logVkey: this.logVkey,
        embedder: {
          space: 'test-space',
          dims: 8,
          dtype: 'i8',
          models: [{ id: 'test-model', sha256: digestOf('model') }],
        },
        ...fields,
      },
      by,
    );
  }

  delegate(
    name: string,
    role: Role,
    fields: Fields<'delegate'> = {},
    by = 'root',
  ): Promise<Uint8Array> {
    const { keyid, spki } = this.signer(name);
    return this.statement(
      'delegate',
      {
        keyid,
        spki: base64(spki),
        role,
        kinds: [...ROLE_KINDS[role]],
        namespaces: null,
        notAfter: null,
        ...fields,
      },
      by,
    );
  }

  revoke(
    name: string,
    fromIndex: number,
    fields: Fields<'revoke'> = {},
    by = 'root',
  ): Promise<Uint8Array> {
    const { keyid } = this.signer(name);
    return this.statement('revoke', { keyid, fromIndex, reason: 'compromised', ...fields }, by);
  }

  /** Key of a leaf of the state map, in hex. */
  stateKey(kind: StateKind, name: string): string {
    return hex(stateKey(this.idKey, kind, name));
  }

  docId(uri: string, namespace = 'files'): ReturnType<typeof docIdOf> {
    return docIdOf(this.idKey, namespace, uri);
  }

  docKey(uri: string, namespace = 'files'): string {
    return this.stateKey('doc', this.docId(uri, namespace));
  }

  /** Version 1 of a document, or the version after `previous`; `chunkRoot` stands in its subject. */
  ingest(
    uri: string,
    previous: Previous | null = null,
    { chunkRoot, ...fields }: Fields<'ingest'> & { readonly chunkRoot?: string } = {},
    by = 'ingest',
  ): Promise<Uint8Array> {
    const namespace = fields.source?.namespace ?? 'files';
    const predicate: Predicate<'ingest'> = {
      log: this.log,
      time: this.time,
      stateKey: this.docKey(uri, namespace),
      version: (previous?.version ?? 0) + 1,
      prev: previous === null ? null : headOf(previous),
      chunks: 2,
      facts: digestOf(`facts ${uri}`),
      parts: {
        text: { off: 0, bytes: 100, header: HEADER },
        meta: { off: 100, bytes: 200, header: HEADER },
        vec: { off: 300, bytes: 96, header: HEADER },
      },
      embedder: { model: 'test-model', dims: 8, dtype: 'i8' },
      pipeline: { parser: 'text', chunker: 'plain', versions: '1' },
      class: previous === null ? { aclDigest: digestOf('class') } : null,
      scan: { verdict: 'clean', ruleset: '1' },
      source: { kind: 'file', namespace, seq: null },
      validUntil: null,
      ...fields,
    };
    const doc = { docId: this.docId(uri, namespace), version: predicate.version };
    const name = `${uri} ${predicate.version}`;
    const root = chunkRoot ?? digestOf(`chunks ${name}`);
    const digests = { object: digestOf(`object ${name}`), chunkRoot: root };
    const subject = documentSubject(predicate.log, doc, digests);
    return signStatement('ingest', predicate, this.signer(by), subject);
  }

  acl(name = 'class', fields: Fields<'acl'> = {}, by = 'acl'): Promise<Uint8Array> {
    const object = { aclDigest: digestOf(name), objectDigest: digestOf(`sealed ${name}`) };
    return this.statement('acl', { ...object, ...fields }, by);
  }

  aclBind(docs: Predicate<'acl-bind'>['docs'], name = 'class', by = 'acl'): Promise<Uint8Array> {
    return this.statement('acl-bind', { aclDigest: digestOf(name), docs }, by);
  }

  tombstone(uri: string, previous: Previous, by = 'ingest'): Promise<Uint8Array> {
    const fields = { stateKey: this.docKey(uri), docId: this.docId(uri), prev: headOf(previous) };
    return this.statement('tombstone', fields, by);
  }

  shred(uri: string, previous: Previous, by = 'eraser'): Promise<Uint8Array> {
    const fields = { stateKey: this.docKey(uri), docId: this.docId(uri), prev: headOf(previous) };
    return this.statement('shred', { ...fields, reason: 'request' }, by);
  }

  /** The next epoch of the directory or of the policy. */
  list(kind: 'directory' | 'config', epoch: number, by?: string): Promise<Uint8Array> {
    const content = {
      objectDigest: digestOf(`${kind} ${epoch}`),
      count: 3,
      contentRoot: digestOf(`${kind} root ${epoch}`),
    };
    return this.statement(kind, { epoch, ...content }, by ?? (kind === 'config' ? 'root' : kind));
  }

  snapshot(
    size: number,
    fields: Fields<'index-snapshot'> = {},
    by = 'indexer',
  ): Promise<Uint8Array> {
    return this.statement(
      'index-snapshot',
      {
        size,
        stateRoot: digestOf('state'),
        segmentsRoot: digestOf(`segments ${size}`),
        rows: 4,
        model: 'test-model',
        objectDigest: digestOf(`snapshot ${size}`),
        format: 'segments/1',
        ...fields,
      },
      by,
    );
  }

  /** Bytes that look like an envelope and are none of ours, for fuzzing. */
  noise(): Uint8Array {
    return utf8(`{"payload":"${hex(u32be(this.random.below(2 ** 31)))}"}`);
  }
}
