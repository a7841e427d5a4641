// SPDX-License-Identifier: Apache-2.0
// What each step of security adds to ingestion: the same documents without it and with it, in seconds of the processor.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { docIdOf, isStrongroomError, type Signer } from '../src/core/index.ts';
import { discover } from '../src/ingest/discover.ts';
import type { IngestDependencies } from '../src/ingest/index.ts';
import { loaderFor, MAX_SOURCE_BYTES } from '../src/ingest/parse/index.ts';
import { prepareDocument, type PreparedDocument } from '../src/ingest/prepare.ts';
import { indexRows, type Publication, publishDocument } from '../src/ingest/publish.ts';
import { readSource } from '../src/ingest/read-source.ts';
import { noStageTimes } from '../src/ingest/tally.ts';
import { MemoryIndex } from '../src/index/index.ts';
import { FileStore, type SealedStore } from '../src/store/index.ts';
import { type AccessFile, type Vault } from '../src/index.ts';

/** Seconds of the processor for the same documents with ever more steps. */
export interface StepFigures {
  readonly documents: number;
  readonly chunks: number;
  /** Parsed, cut, embedded, indexed and stored as they are. */
  readonly none: number;
  /** And sealed under data keys of their own, which are wrapped. */
  readonly seal: number;
  /** And with a signed statement each. */
  readonly sign: number;
}

interface Work {
  readonly vault: Vault;
  readonly folder: string;
  readonly access: AccessFile;
  readonly include: readonly string[];
}

type Step = 'none' | 'seal' | 'sign';

/** A key whose signatures cost nothing and hold nowhere. */
const FREE: Signer = {
  keyid: '0'.repeat(64),
  spki: new Uint8Array(44),
  sign: () => Promise.resolve(new Uint8Array(64)),
};

/**
 * Runs the steps over the documents of a folder, one document after the other, each step on a store of its own. The log, which
 * no document needs by itself, is what a whole ingestion takes besides.
 */
export async function measureSteps(work: Work): Promise<StepFigures> {
  // Once for the caches and the compiler.
  await run(work, 'none');
  const none = await run(work, 'none');
  const seal = await run(work, 'seal');
  const sign = await run(work, 'sign');
  const { documents, chunks } = none;
  return { documents, chunks, none: none.seconds, seal: seal.seconds, sign: sign.seconds };
}

async function run(
  work: Work,
  step: Step,
): Promise<{ documents: number; chunks: number; seconds: number }> {
  const place = mkdtempSync(path.join(os.tmpdir(), 'strongroom-step-'));
  const { embedder, context } = work.vault.session;
  const { dims, space } = embedder.identity;
  const index = new MemoryIndex({ dims, space });
  const stores = { ...context.stores, objects: new FileStore(place) };
  let [documents, chunks] = [0, 0];
  const before = process.cpuUsage();
  try {
    for await (const found of discover([work.folder], { include: work.include })) {
      if (found.kind !== 'file') continue;
      const prepared = await prepare(work, found.source);
      if (prepared === null) continue;
      const docId = docIdOf(context.ring.lookupKey('id'), 'bench', found.source.uri);
      const publication = { ...NEW, docId, sourceUri: found.source.uri };
      const leafHash = await write(work, step, { prepared, publication, stores });
      index.add(indexRows(prepared, publication, leafHash, 0));
      documents += 1;
      chunks += prepared.chunks.length;
    }
    const { user, system } = process.cpuUsage(before);
    return { documents, chunks, seconds: (user + system) / 1e6 };
  } finally {
    rmSync(place, { recursive: true });
  }
}

const NEW: Pick<Publication, 'namespace' | 'grants' | 'current' | 'firstAccess'> = {
  namespace: 'bench',
  grants: null,
  current: null,
  firstAccess: { aclDigest: '0'.repeat(64), validUntil: null },
};

async function prepare(
  { vault, access }: Work,
  source: Parameters<typeof readSource>[0],
): Promise<PreparedDocument | null> {
  try {
    const { bytes } = await readSource(source, access, MAX_SOURCE_BYTES);
    const loader = loaderFor({ uri: source.uri, bytes });
    const deps = { embedder: vault.session.embedder, policy: vault.session.access.policy };
    const run = { options: {}, stages: noStageTimes(), loader };
    return await prepareDocument(source, bytes, deps as IngestDependencies, run);
  } catch (error) {
    if (isStrongroomError(error)) return null;
    throw error;
  }
}

/** Stores a document in the form that a step gives it. @returns an id for its index rows */
async function write(
  { vault }: Work,
  step: Step,
  document: { prepared: PreparedDocument; publication: Publication; stores: SealedStore },
): Promise<string> {
  const { prepared, publication, stores } = document;
  if (step === 'none') {
    const plain = Buffer.concat([Buffer.from(prepared.parsed.text), ...prepared.vectors]);
    await stores.objects.putIfAbsent(`plain/${publication.docId}`, plain);
    return publication.docId
      .slice(2)
      .padEnd(64, '0')
      .replace(/[^0-9a-f]/g, '0');
  }
  const { session } = vault;
  const signer = step === 'sign' ? session.context.ring.signers('ingest')[0] : FREE;
  if (signer === undefined) throw new Error('the vault has no ingest key');
  const deps = {
    ...{ ledger: session.ledger, stores, embedder: session.embedder, clock: session.context.clock },
    signer: () => signer,
  };
  return (await publishDocument(prepared, publication, deps, noStageTimes())).leafHash;
}
