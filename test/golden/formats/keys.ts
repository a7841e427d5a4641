// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import {
  type DocId,
  docIdOf,
  documentUrn,
  hex,
  jcs,
  kindUrn,
  logOrigin,
  newVaultId,
  utf8,
} from '../../../src/core/index.ts';
import { keyRingPath, readKeyRing } from '../../../src/keys/key-ring-file.ts';
import {
  documentSalt,
  FRAME_BYTES,
  type KeyRef,
  listSalt,
  LocalKeyRing,
  lookupKeyFor,
  seal,
  sealContext,
  textOpening,
  vectorOpening,
  wrapKey,
} from '../../../src/keys/index.ts';
import type { GoldenFormat, GoldenValue } from '../../support/golden.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const DOC: KeyRef = { tenantId: 'acme', kind: 'doc', id: `d-${'a'.repeat(26)}`, no: 3 };
const DIR: KeyRef = { tenantId: 'acme', kind: 'dir', id: 'people', no: 2 };

function ids(): GoldenValue {
  const random = new SeededRandom('golden ids');
  const vaultId = newVaultId(random);
  const idKey = random.bytes(32);
  const docId: DocId = docIdOf(idKey, 'files', 'caf\u00e9/plan.md');
  return {
    vaultId,
    idKey: hex(idKey),
    logOrigin: logOrigin(vaultId, 'acme'),
    documents: {
      nfc: docId,
      nfd: docIdOf(idKey, 'files', 'cafe\u0301/plan.md'),
      otherNamespace: docIdOf(idKey, 'wiki', 'caf\u00e9/plan.md'),
    },
    documentUrn: documentUrn('acme', docId, 12),
    kindUrn: kindUrn('acme', 'index-snapshot'),
  };
}

function derivedKeys(): GoldenValue {
  const random = new SeededRandom('golden keys');
  const [lookup, dek] = [random.bytes(32), random.bytes(32)];
  const salt = documentSalt(dek, DOC);
  const uses = ['id', 'class', 'token', 'source', 'fence', 'audit'] as const;
  return {
    lookup: hex(lookup),
    lookupKeys: Object.fromEntries(uses.map((use) => [use, hex(lookupKeyFor(lookup, use))])),
    dek: hex(dek),
    documentSalt: hex(salt),
    textOpenings: [0, 1, 65_536].map((i) => hex(textOpening(salt, i))),
    vectorOpenings: [0, 1, 65_536].map((i) => hex(vectorOpening(salt, i))),
    listSalts: [0, 1].map((i) => hex(listSalt(dek, DIR, i))),
  };
}

function wrappedRow(): GoldenValue {
  const random = new SeededRandom('golden row');
  const branch = { version: hex(random.bytes(16)), key: random.bytes(32) };
  const dek = random.bytes(32);
  const row = wrapKey(branch, DOC, dek, random);
  return { version: branch.version, key: hex(branch.key), dek: hex(dek), row: hex(row) };
}

function sealedMessages(): GoldenValue {
  const random = new SeededRandom('golden seal');
  const dek = random.bytes(32);
  const context = sealContext(DOC, 'text');
  const small = seal(dek, context, utf8('sealed words'), random);
  const long = seal(dek, context, new Uint8Array(FRAME_BYTES), random);
  return {
    dek: hex(dek),
    context: hex(context),
    small: hex(small),
    empty: hex(seal(dek, context, new Uint8Array(0), random)),
    // A full frame is too long to print; its tag and the empty last frame depend on all of it.
    frameHeader: hex(long.subarray(0, 56)),
    frameTagAndEnd: hex(long.subarray(-32)),
  };
}

async function keyRing(): Promise<GoldenValue> {
  const home = temporaryFolder();
  const random = new SeededRandom('golden ring');
  const vaultId = newVaultId(random);
  const options = { home, vaultId, tenantId: 'acme', random, passphrase: null };
  const ring = await LocalKeyRing.create(options);
  await ring.addSigner('ingest');
  await ring.rotateBranch();
  const file = keyRingPath(home, vaultId);
  const secrets = await readKeyRing(home, vaultId, { passphrase: null });
  const [unlocked, key] = [file, file.replace(/json$/, 'key')].map((at) =>
    readFileSync(at, 'utf8'),
  );
  const locked = temporaryFolder();
  await LocalKeyRing.create({ ...options, home: locked, passphrase: 'golden' });
  return {
    vaultId,
    secrets: jcs(secrets),
    file: unlocked ?? '',
    key: key ?? '',
    lockedByGolden: readFileSync(keyRingPath(locked, vaultId), 'utf8'),
  };
}

/** Ids and everything that keys give. */
export const keyFormats: readonly GoldenFormat[] = [
  { name: 'ids', produce: ids },
  { name: 'derived-keys', produce: derivedKeys },
  { name: 'wrapped-row', produce: wrappedRow },
  { name: 'sealed-message', produce: sealedMessages },
  { name: 'key-ring', produce: keyRing },
];
