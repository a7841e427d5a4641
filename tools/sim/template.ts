// SPDX-License-Identifier: Apache-2.0
// The vault that every simulation starts from, made once: keys, people, four classes, three documents.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AccessFile, type ClassRecord, parseAccessFile } from '../../src/access/index.ts';
import type { Random } from '../../src/core/index.ts';
import { ClassPublisher, Committer } from '../../src/ingest/index.ts';
import { LocalKeyRing } from '../../src/keys/index.ts';
import { logPrefix } from '../../src/store/index.ts';
import { FIRST_ROLES, foundLog, trustFile } from '../../src/vault/inside.ts';
import { Session } from '../../src/vault/index.ts';
import { FixedClock } from '../../test/support/fixed-clock.ts';
import { MemoryDisk } from '../../test/support/memory-disk.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { tinyEmbedder } from '../../test/support/tiny-embedder.ts';
import { type Admission, entriesOf, Model, type Person } from './model.ts';
import { putDocument } from './put.ts';

export const LOG = logPrefix('default');
export const PEOPLE = ['ada', 'dan', 'eve'] as const;
export const URIS = ['a', 'b', 'c', 'd'] as const;

/** Randomness that every seed replaces. */
export class SwitchedRandom implements Random {
  now: Random = new SeededRandom('template');

  bytes(n: number): Uint8Array {
    return this.now.bytes(n);
  }
}

/** What stays the same from seed to seed. */
export interface Template {
  readonly disk: MemoryDisk;
  readonly ring: LocalKeyRing;
  readonly random: SwitchedRandom;
  /** The model of its log. */
  readonly model: Model;
  /** Digest of each class, and whom it admits. */
  readonly classes: ReadonlyMap<string, Admission>;
  /** What the first documents' objects hold. */
  readonly texts: ReadonlyMap<string, { uri: string; text: string }>;
  /** Who the first directory's object names. */
  readonly people: ReadonlyMap<string, ReadonlyMap<string, Person>>;
}

const ADMISSIONS: readonly Admission[] = [
  { users: [], groups: ['everyone'], classification: 0 },
  { users: ['ada'], groups: [], classification: 0 },
  { users: [], groups: ['team'], classification: 0 },
  { users: [], groups: ['everyone'], classification: 2 },
];

/** Four states of the people: whether dan is in the team, and how far he is cleared. */
export const DIRECTORIES: readonly { file: AccessFile; people: ReadonlyMap<string, Person> }[] = [
  { team: true, clearance: 0 },
  { team: false, clearance: 0 },
  { team: true, clearance: 2 },
  { team: false, clearance: 2 },
].map(({ team, clearance }) => {
  const members = team ? 'ada, dan' : 'ada';
  const file = parseAccessFile(`
v: 1
default: owner
owner: ada
people: { ada: { clearance: 3, actions: all }, dan: { clearance: ${clearance} }, eve: {} }
groups: { team: [${members}] }
`);
  const people = new Map<string, Person>([
    ['ada', { groups: ['team'], clearance: 3 }],
    ['dan', { groups: team ? ['team'] : [], clearance }],
    ['eve', { groups: [], clearance: 0 }],
  ]);
  return { file, people };
});

/** Founds the vault. */
export async function makeTemplate(): Promise<Template> {
  const random = new SwitchedRandom();
  const home = mkdtempSync(path.join(tmpdir(), 'strongroom-sim-'));
  const options = { home, vaultId: '51'.repeat(16), tenantId: 'default', passphrase: null, random };
  const ring = await LocalKeyRing.create(options);
  for (const role of FIRST_ROLES) await ring.addSigner(role);
  // Simulations change no keys, so the ring needs its file no more.
  rmSync(home, { recursive: true });
  const disk = new MemoryDisk(new FixedClock(), trustFile(ring));
  const context = disk.context({ ring, random });
  const [first] = DIRECTORIES;
  await foundLog(context, { access: first!.file, embedder: tinyEmbedder() });
  const session = await Session.over(context, tinyEmbedder());
  const classes = await publishClasses(session);
  const texts = new Map<string, { uri: string; text: string }>();
  const digests = [...classes.keys()];
  for (const [i, uri] of URIS.slice(0, 3).entries()) {
    const text = `word ${uri} in the beginning`;
    await putDocument(session, { uri, text, aclDigest: digests[i]! }, (object) => {
      texts.set(object, { uri, text });
    });
  }
  await session.seal();
  const people = new Map([
    [session.ledger.lookup('dir', 'people')?.objectDigest ?? '', first!.people],
  ]);
  const model = new Model({ texts, people, classes });
  const { size } = session.ledger.head;
  const bundle = await disk.shared.objects.get(`${LOG}tile/entries/000.p/${size}`);
  model.publish(entriesOf(Buffer.from(bundle?.bytes ?? [])));
  session.close();
  return { disk, ring, random, model, classes, texts, people };
}

async function publishClasses(session: Session): Promise<Map<string, Admission>> {
  const { context, ledger } = session;
  const writer = await session.writer();
  const committer = new Committer({
    commit: (entries) => session.commit(entries),
    putKeys: (rows) => context.keys.putAll(rows),
    batchSize: 63,
    maxWait: 50,
  });
  const { stores, clock } = context;
  const signer = (): ReturnType<typeof writer.signer> => writer.signer('acl');
  const publisher = new ClassPublisher({ ledger, stores, committer, signer, clock });
  const classes = new Map<string, Admission>();
  for (const admission of ADMISSIONS) {
    const { digest, published } = await publisher.ensure(recordOf(admission));
    await committer.flush();
    await published;
    classes.set(digest, admission);
  }
  return classes;
}

function recordOf({ users, groups, classification }: Admission): ClassRecord {
  return {
    v: 1,
    allowUsers: [...users],
    allowGroups: [...groups],
    denyUsers: [],
    denyGroups: [],
    classification,
    attrs: {},
    notBefore: null,
    notAfter: null,
  };
}
