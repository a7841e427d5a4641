// SPDX-License-Identifier: Apache-2.0
// What a log means, read naively: no trees, no signatures, no caches, no code of src/. Who may see which text at a size?
import { hash } from 'node:crypto';

/** A person as a directory epoch says it. */
export interface Person {
  readonly groups: readonly string[];
  readonly clearance: number;
}

/** Who a class admits. */
export interface Admission {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly classification: number;
}

interface Document {
  readonly uri: string;
  readonly text: string;
  readonly version: number;
  readonly isLive: boolean;
  readonly isShredded: boolean;
  readonly leaf: string;
  readonly acl: string;
  readonly epoch: number;
}

interface World {
  readonly documents: ReadonlyMap<string, Document>;
  readonly people: string;
  readonly epoch: number;
}

/** What the simulator knows of the things that the log names by digest. */
export interface Meanings {
  /** Text and name by digest of the sealed object. */
  readonly texts: ReadonlyMap<string, { readonly uri: string; readonly text: string }>;
  /** People by digest of the sealed directory. */
  readonly people: ReadonlyMap<string, ReadonlyMap<string, Person>>;
  readonly classes: ReadonlyMap<string, Admission>;
}

interface Statement {
  readonly kind: string;
  readonly object: string;
  readonly predicate: Record<string, unknown>;
}

/** The meaning of one log at every size. */
export class Model {
  readonly #meanings: Meanings;
  readonly entries: Uint8Array[] = [];
  readonly #worlds: World[] = [{ documents: new Map(), people: '', epoch: 0 }];

  /** @param from the same log, read up to some size */
  constructor(meanings: Meanings, from?: Model) {
    this.#meanings = meanings;
    if (from === undefined) return;
    this.entries.push(...from.entries);
    this.#worlds = [...from.#worlds];
  }

  /** Takes the log as it was published. @returns false when it does not continue what was published before */
  publish(entries: readonly Uint8Array[]): boolean {
    const continues = this.entries.every(
      (entry, i) => Buffer.compare(entry, entries[i] ?? Buffer.of()) === 0,
    );
    if (!continues) return false;
    for (const entry of entries.slice(this.entries.length)) {
      this.#worlds.push(this.#step(this.#worlds.at(-1)!, entry));
      this.entries.push(entry);
    }
    return true;
  }

  /** What a person may see of a log of `size`: path to text. */
  view(size: number, person: string): ReadonlyMap<string, string> {
    const world = this.#worlds[size]!;
    const known = this.#meanings.people.get(world.people)?.get(person);
    const view = new Map<string, string>();
    for (const { isLive, acl, uri, text } of world.documents.values()) {
      const admits = this.#meanings.classes.get(acl);
      if (!isLive || admits === undefined) continue;
      const groups = ['everyone', ...(known?.groups ?? [])];
      const isNamed =
        admits.users.includes(person) || admits.groups.some((g) => groups.includes(g));
      if (known !== undefined && isNamed && known.clearance >= admits.classification)
        view.set(uri, text);
    }
    return view;
  }

  #step(world: World, entry: Uint8Array): World {
    const { kind, object, predicate: p } = readStatement(entry);
    const leaf = hash('sha256', Buffer.concat([Buffer.of(0), entry]), 'hex');
    const documents = new Map(world.documents);
    const key = p['stateKey'] as string;
    const current = documents.get(key);
    const extendsHead = (p['prev'] as { leafHash: string } | null)?.leafHash === current?.leaf;
    if (kind === 'directory' && p['epoch'] === world.epoch + 1) {
      return { ...world, people: p['objectDigest'] as string, epoch: world.epoch + 1 };
    }
    if (kind === 'ingest' && extendsHead && p['version'] === (current?.version ?? 0) + 1) {
      const acl = current?.acl ?? (p['class'] as { aclDigest: string }).aclDigest;
      const { uri, text } = this.#meanings.texts.get(object)!;
      const version = p['version'];
      const epoch = current?.epoch ?? 1;
      documents.set(key, { uri, text, version, acl, epoch, leaf, isLive: true, isShredded: false });
    }
    const mayEnd = current !== undefined && extendsHead && !current.isShredded;
    if (mayEnd && (kind === 'shred' || (kind === 'tombstone' && current.isLive))) {
      documents.set(key, { ...current, leaf, isLive: false, isShredded: kind === 'shred' });
    }
    if (kind === 'acl-bind') {
      const docs = p['docs'] as readonly { stateKey: string; epoch: number }[];
      const fits = docs.every(
        ({ stateKey, epoch }) => documents.get(stateKey)?.epoch === epoch - 1,
      );
      for (const { stateKey, epoch } of fits ? docs : []) {
        documents.set(stateKey, {
          ...documents.get(stateKey)!,
          acl: p['aclDigest'] as string,
          epoch,
        });
      }
    }
    return { ...world, documents };
  }
}

/** The entries of one bundle, as the standard lays them out. */
export function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    const length = bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

function readStatement(entry: Uint8Array): Statement {
  const envelope = JSON.parse(Buffer.from(entry).toString()) as { payload: string };
  const payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as {
    predicateType: string;
    predicate: Record<string, unknown>;
    subject: [{ digest: Record<string, string> }];
  };
  const kind = payload.predicateType.split('/').at(-2) ?? '';
  return { kind, object: payload.subject[0].digest['sha256'] ?? '', predicate: payload.predicate };
}
