// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { base64, utf8 } from '../../src/core/index.ts';
import { leafHash } from '../../src/provenance/merkle.ts';
import { tlogProof } from '../../src/provenance/tlog-proof.ts';

const NOTE = 'origin\n3\nAAAA\n\n\u2014 origin AAAAAAA=\n';

describe('a tlog-proof', () => {
  it('is a header, the index, one hash a line, a blank line and the checkpoint', () => {
    const proof = [leafHash(utf8('a')), leafHash(utf8('b'))];
    const [a, b] = proof.map(base64);
    expect(tlogProof({ index: 7, proof, checkpoint: NOTE })).toBe(
      `c2sp.org/tlog-proof@v1\nindex 7\n${a ?? ''}\n${b ?? ''}\n\n${NOTE}`,
    );
  });

  it('of a log with one entry has no hashes', () => {
    expect(tlogProof({ index: 0, proof: [], checkpoint: NOTE })).toBe(
      `c2sp.org/tlog-proof@v1\nindex 0\n\n${NOTE}`,
    );
  });
});
