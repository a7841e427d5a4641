// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parsePublicKey, verifySignature } from '../../src/provenance/public-key.ts';
import {
  fromVectorHex,
  hasShared,
  reasonIfAbsent,
  sharedJson,
  WYCHEPROOF,
  type WycheproofFile,
} from '../support/shared-vectors.ts';

type SignatureFile = WycheproofFile<
  { readonly publicKeyDer: string },
  { readonly msg: string; readonly sig: string }
>;

/** Runs a file of signature checks; the ids of tests whose verdict differs. */
function run(file: string): { tried: number; differing: number[]; keysRefused: number } {
  const vectors = sharedJson(`${WYCHEPROOF}/${file}`) as SignatureFile;
  const result = { tried: 0, differing: [] as number[], keysRefused: 0 };
  for (const group of vectors.testGroups) {
    const key = parsePublicKey(fromVectorHex(group.publicKeyDer));
    if (key === null) result.keysRefused += 1;
    for (const test of group.tests) {
      result.tried += 1;
      const [message, signature] = [fromVectorHex(test.msg), fromVectorHex(test.sig)];
      const accepted = key !== null && verifySignature(key, message, signature);
      if (accepted !== (test.result === 'valid')) result.differing.push(test.tcId);
    }
  }
  return result;
}

describe.runIf(hasShared(WYCHEPROOF))(`Wycheproof signatures${reasonIfAbsent(WYCHEPROOF)}`, () => {
  it('Ed25519: all 151 agree', () => {
    expect(run('ed25519_test.json')).toEqual({ tried: 151, differing: [], keysRefused: 0 });
  });

  it('ECDSA P-256 with SHA-256: all 484 agree', () => {
    expect(run('ecdsa_secp256r1_sha256_test.json')).toEqual({
      tried: 484,
      differing: [],
      keysRefused: 0,
    });
  });
});
