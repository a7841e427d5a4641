// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../../src/provenance/merkle.ts';
import {
  hasShared,
  reasonIfAbsent,
  sharedJson,
  sharedJsonFiles,
} from '../support/shared-vectors.ts';

const FOLDER = 'vectors/merkle/testdata';

interface InclusionVector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

interface ConsistencyVector {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const hashes = (proof: readonly string[] | null): Uint8Array[] => (proof ?? []).map(bytes);

/** Runs a folder of vectors; the names of those on which this verifier and the vector disagree. */
function differing(
  kind: string,
  accepts: (vector: never) => boolean,
): { readonly tried: number; readonly names: readonly string[] } {
  const files = sharedJsonFiles(`${FOLDER}/${kind}`);
  const names = files.filter((file) => {
    const vector = sharedJson(`${FOLDER}/${kind}/${file}`) as { readonly wantErr: boolean };
    return accepts(vector as never) === vector.wantErr;
  });
  return { tried: files.length, names };
}

describe.runIf(hasShared(FOLDER))(`RFC 6962 proof vectors${reasonIfAbsent(FOLDER)}`, () => {
  it('inclusion: all 98 agree', () => {
    const result = differing('inclusion', (vector: InclusionVector) =>
      verifyInclusion(
        bytes(vector.leafHash),
        { index: vector.leafIdx, size: vector.treeSize },
        hashes(vector.proof),
        bytes(vector.root),
      ),
    );
    expect(result).toEqual({ tried: 98, names: [] });
  });

  it('consistency: all 98 agree but one, whose root of 12 bytes is no hash and refused', () => {
    const result = differing('consistency', (vector: ConsistencyVector) =>
      verifyConsistency(
        { size: vector.size1, root: bytes(vector.root1) },
        { size: vector.size2, root: bytes(vector.root2) },
        hashes(vector.proof),
      ),
    );
    const odd = 'additional/sizes-are-equal-one-and-proof-is-empty.json';
    expect(result).toEqual({ tried: 98, names: [odd] });
    const vector = sharedJson(`${FOLDER}/consistency/${odd}`) as ConsistencyVector;
    expect(bytes(vector.root1)).toHaveLength(12);
  });
});
