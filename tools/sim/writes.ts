// SPDX-License-Identifier: Apache-2.0
// What writers do.
import { docIdOf, type Hex, hex } from '../../src/core/index.ts';
import { type DocValue, signStatement, stateKey } from '../../src/provenance/index.ts';
import { putList } from '../../src/store/index.ts';
import { directoryRef } from '../../src/vault/inside.ts';
import { deleteDocuments, eraseDocument } from '../../src/vault/removal.ts';
import type { Session } from '../../src/vault/index.ts';
import type { SeededRandom } from '../../test/support/seeded-random.ts';
import type { Person } from './model.ts';
import { putDocument } from './put.ts';
import { DIRECTORIES, URIS } from './template.ts';

/** One thing that a writer does. */
export interface Write {
  readonly name: string;
  run(session: Session): Promise<void>;
}

/** What writes make known to the model before they are published. */
export interface Told {
  readonly texts: Map<string, { uri: string; text: string }>;
  readonly people: Map<string, ReadonlyMap<string, Person>>;
  readonly classes: readonly Hex[];
}

/** Chooses writes by the seed. */
export class Writes {
  readonly #random: SeededRandom;
  readonly #told: Told;
  #count = 0;

  constructor(random: SeededRandom, told: Told) {
    this.#random = random;
    this.#told = told;
  }

  next(): Write {
    const random = this.#random;
    const uri = random.pick(URIS);
    const aclDigest = random.pick(this.#told.classes);
    const chance = random.below(16);
    if (chance < 6) return this.#put(uri, aclDigest);
    if (chance < 9) {
      return { name: `binds ${uri}`, run: (session) => bind(session, uri, aclDigest) };
    }
    if (chance < 12) return this.#people();
    if (chance < 14) return { name: `deletes ${uri}`, run: (session) => remove(session, uri) };
    if (chance === 14) return { name: `erases ${uri}`, run: (session) => erase(session, uri) };
    return { name: 'seals the index', run: (session) => seal(session) };
  }

  #put(uri: string, aclDigest: Hex): Write {
    const text = `word ${uri} as written by write ${(this.#count += 1)}`;
    const { texts } = this.#told;
    const onSealed = (object: string): void => void texts.set(object, { uri, text });
    return {
      name: `writes ${uri}`,
      run: (session) => putDocument(session, { uri, text, aclDigest }, onSealed),
    };
  }

  #people(): Write {
    const { file, people } = this.#random.pick(DIRECTORIES);
    return {
      name: 'changes the people',
      run: async (session) => {
        const { context, ledger } = session;
        const signer = (await session.writer()).signer('directory');
        const epoch = (ledger.lookup('dir', 'people')?.epoch ?? 0) + 1;
        const ref = directoryRef(context.config.tenantId, epoch);
        const list = await putList(context.stores, ref, file.directory);
        this.#told.people.set(list.objectDigest, people);
        const predicate = { ...every(session), epoch, ...list };
        await session.commitAll([await signStatement('directory', predicate, signer)]);
      },
    };
  }
}

function every({ ledger, context }: Session): { log: string; time: number } {
  return { log: ledger.trust.log, time: Math.floor(context.clock.now() / 1000) };
}

function find(session: Session, uri: string): DocValue | null {
  const idKey = session.context.ring.lookupKey('id');
  return session.ledger.lookup('doc', docIdOf(idKey, 'files', uri));
}

async function bind(session: Session, uri: string, aclDigest: Hex): Promise<void> {
  const signer = (await session.writer()).signer('acl');
  const doc = find(session, uri);
  if (doc === null) return;
  const key = hex(stateKey(session.context.ring.lookupKey('id'), 'doc', doc.docId));
  const docs = [{ stateKey: key, epoch: doc.aclEpoch + 1, validUntil: null }];
  const predicate = { ...every(session), aclDigest, docs };
  await session.commitAll([await signStatement('acl-bind', predicate, signer)]);
}

async function seal(session: Session): Promise<void> {
  await session.seal();
}

async function remove(session: Session, uri: string): Promise<void> {
  const doc = find(session, uri);
  if (doc?.status === 'live') await deleteDocuments(session, [doc]);
}

async function erase(session: Session, uri: string): Promise<void> {
  await session.writer();
  const doc = find(session, uri);
  if (doc !== null) await eraseDocument(session, doc, 'request');
}
