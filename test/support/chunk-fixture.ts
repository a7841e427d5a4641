// SPDX-License-Identifier: Apache-2.0
// A small document version with everything that is derived from its data key.
import { type Hex, utf8 } from '../../src/core/index.ts';
import {
  documentSalt,
  factsOpening,
  type KeyRef,
  textOpening,
  vectorOpening,
} from '../../src/keys/index.ts';
import {
  type ChunkLeaf,
  type DocMeta,
  factsCommit,
  textCommit,
  type VectorForm,
  vecCommit,
} from '../../src/provenance/chunk-tree.ts';
import { encodeVector, quantise } from '../../src/provenance/vector.ts';

/** What the fixture's vectors are. */
export const FORM: VectorForm = { model: 'test-model', dims: 8, dtype: 'i8' };

/** The text that the chunks cut up; 'é' makes byte offsets differ from character offsets. */
export const DOCUMENT_TEXT = 'First café rule.\nSecond rule applies.\nThird rule ends here.\n';

/** A document version's leaves with the plaintext that they commit to. */
export interface ChunkedDocument {
  readonly text: Uint8Array;
  readonly vectors: readonly Uint8Array[];
  readonly leaves: readonly ChunkLeaf[];
  readonly meta: DocMeta;
  /** Commitment to `meta`, and what opens it. */
  readonly facts: Hex;
  readonly factsOpening: Uint8Array;
}

/** The fixture's document under a data key, cut at line ends. */
export function chunkedDocument(dek: Uint8Array, ref: KeyRef): ChunkedDocument {
  const text = utf8(DOCUMENT_TEXT);
  const salt = documentSalt(dek, ref);
  const lines = DOCUMENT_TEXT.split(/(?<=\n)/);
  const vectors = lines.map((_, i) =>
    encodeVector(quantise(Float32Array.from({ length: 8 }, (_v, d) => Math.sin(i * 8 + d + 1)))),
  );
  let start = 0;
  const leaves = lines.map((line, i) => {
    const end = start + utf8(line).length;
    const leaf: ChunkLeaf = {
      i,
      n: lines.length,
      start,
      end,
      textCommit: textCommit(textOpening(salt, i), text.subarray(start, end)),
      vecCommit: vecCommit(vectorOpening(salt, i), FORM, vectors[i] as Uint8Array),
      meta: { headings: ['Rules', `Rule ${i + 1}`], page: i + 1, pos: { start, end } },
    };
    start = end;
    return leaf;
  });
  const meta: DocMeta = {
    namespace: 'files',
    sourceUri: 'rules/café.md',
    title: 'Rules',
    mediaType: 'text/markdown',
    scan: { findings: [{ kind: 'email', count: 1 }] },
    access: '{"groups":["staff"]}',
  };
  const opening = factsOpening(salt);
  const facts = factsCommit(opening, meta);
  return { text, vectors, leaves, meta, facts, factsOpening: opening };
}
