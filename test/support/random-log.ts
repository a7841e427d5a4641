// SPDX-License-Identifier: Apache-2.0
// Random but repeatable histories of a tenant: mostly right entries, some wrong ones, some noise.
import type { DocValue } from '../../src/provenance/state.ts';
import { LogAuthor } from './log-author.ts';
import { Replica } from './replica.ts';
import { SeededRandom } from './seeded-random.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** A founded ledger with `length` further entries of every kind and quality; every eighth is a state entry. */
export async function randomHistory(seed: string, length: number): Promise<Replica> {
  const replica = await Replica.founded(new LogAuthor(seed));
  const random = new SeededRandom(`history ${seed}`);
  for (let i = 0; i < length; i++) {
    replica.author.time += random.below(20);
    if (i % 8 === 7) await replica.seal();
    else replica.append(await anyEntry(replica, random, i));
  }
  await replica.seal();
  return replica;
}

function anyEntry(replica: Replica, random: SeededRandom, i: number): Promise<Uint8Array> {
  const { author } = replica;
  const uri = random.pick(NAMES);
  const doc = replica.lookup('doc', author.docId(uri));
  const some = doc ?? { version: 0, entry: 0, entryLeafHash: '0'.repeat(64) };
  const guess = random.below(4) === 0 ? null : doc;
  const makers: (() => Promise<Uint8Array>)[] = [
    () => author.ingest(uri, guess),
    () => author.ingest(uri, doc, {}, random.pick(['ingest', `extra ${random.below(i + 1)}`])),
    () => author.tombstone(uri, some),
    () => author.shred(uri, some),
    () => author.acl(`class ${random.below(6)}`),
    () => author.aclBind([bindOf(author, uri, doc, random)], `class ${random.below(6)}`),
    () => author.list('directory', random.below(4)),
    () => author.list('config', random.below(4)),
    () => author.snapshot(random.below(replica.next + 2)),
    () => author.delegate(`extra ${i}`, 'ingest', { notAfter: author.time + random.below(90) }),
    () => author.revoke(`extra ${random.below(i + 1)}`, random.below(replica.next + 1)),
    () => endorseOf(author, uri, doc, random),
    () => Promise.resolve(author.noise()),
  ];
  return random.pick(makers)();
}

function bindOf(
  author: LogAuthor,
  uri: string,
  doc: DocValue | null,
  random: SeededRandom,
): { stateKey: string; epoch: number; validUntil: null } {
  const epoch = (doc?.aclEpoch ?? 0) + 1 + (random.below(5) === 0 ? 1 : 0);
  return { stateKey: author.docKey(uri), epoch, validUntil: null };
}

function endorseOf(
  author: LogAuthor,
  uri: string,
  doc: DocValue | null,
  random: SeededRandom,
): Promise<Uint8Array> {
  const head = { entry: doc?.entry ?? 0, leafHash: doc?.entryLeafHash ?? '0'.repeat(64) };
  const fields = {
    stateKey: author.docKey(uri),
    head,
    aclEpoch: doc?.aclEpoch ?? 0,
    revokeEntry: 0,
  };
  return author.statement('endorse', fields, random.pick(['root', 'acl']));
}
