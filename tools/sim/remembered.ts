// SPDX-License-Identifier: Apache-2.0
// Machines of a simulation ask the same pure functions the same questions again and again: every one of them verifies the
// same checkpoint, unwraps the same row, parses the same entry. Here each question is answered by the product's own code
// once, and the answer remembered. Bytes that differ in one bit are another question.
import { type Answers, BytesMemory, ObjectMemory } from './memory.ts';

/** How the questions of one function are told apart. */
interface Remembered {
  /** Path below src/. */
  readonly file: string;
  readonly name: string;
  readonly answers: Answers;
}

type Bytes = Uint8Array;

interface KeyRef {
  readonly tenantId: string;
  readonly kind: string;
  readonly id: string;
  readonly no: number;
}

interface SignedMeta {
  readonly chunks: number;
  readonly chunkRoot: string;
  readonly facts: string;
}

/** Bytes as a text of so many characters. */
function latin(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** An entry ends in its signature, a payload in its subject's digest: few share the last bytes. */
const byEnd = (): Answers =>
  new BytesMemory(([bytes]: [Bytes]) => [latin(bytes.subarray(-96)), [bytes]]);

/** Opening asks with a salted header and with what shall be under it. */
function sealed([dek, context, message]: [Bytes, Bytes, Bytes]): [string, Bytes[]] {
  return [latin(message.subarray(0, 56)), [dek, context, message]];
}

/** The functions that are remembered. All are pure; what throws is asked again. */
const REMEMBERED: readonly Remembered[] = [
  {
    file: 'provenance/public-key.ts',
    name: 'verifySignature',
    answers: new BytesMemory(
      ([key, message, signature]: [{ keyid: string; spki: Bytes }, Bytes, Bytes]) => [
        latin(signature),
        [key.spki, message],
      ],
    ),
  },
  { file: 'provenance/public-key.ts', name: 'parsePublicKey', answers: byEnd() },
  { file: 'core/jcs.ts', name: 'parseJcs', answers: byEnd() },
  { file: 'provenance/trust.ts', name: 'parseTrust', answers: byEnd() },
  { file: 'provenance/dsse.ts', name: 'parseEnvelope', answers: byEnd() },
  { file: 'provenance/statement.ts', name: 'parseStatement', answers: byEnd() },
  { file: 'provenance/statement.ts', name: 'checkStatement', answers: new ObjectMemory(0) },
  { file: 'provenance/state.ts', name: 'stateValueHash', answers: new ObjectMemory(1) },
  {
    file: 'provenance/state.ts',
    name: 'stateKey',
    answers: new BytesMemory(([idKey, kind, name]: [Bytes, string, string]) => [
      `${kind} ${name}`,
      [idKey],
    ]),
  },
  {
    file: 'provenance/chunk-tree.ts',
    name: 'openMeta',
    answers: new BytesMemory(([bytes, signed, opening]: [Bytes, SignedMeta, Bytes]) => [
      `${signed.chunks} ${signed.chunkRoot} ${signed.facts}`,
      [bytes, opening],
    ]),
  },
  {
    file: 'keys/wrap.ts',
    name: 'unwrapKey',
    answers: new BytesMemory(
      ([branch, ref, row]: [{ key: Bytes }, KeyRef, Bytes]) => [
        `${ref.tenantId} ${ref.kind} ${ref.id} ${ref.no} ${latin(row)}`,
        [branch.key],
      ],
      (dek: Bytes) => new Uint8Array(dek),
    ),
  },
  {
    file: 'keys/seal.ts',
    name: 'open',
    answers: new BytesMemory(sealed, (plain: Bytes) => new Uint8Array(plain)),
  },
  {
    file: 'keys/seal.ts',
    name: 'openHeader',
    answers: new BytesMemory(sealed, ({ key, baseNonce }: { key: Bytes; baseNonce: Bytes }) => ({
      key: new Uint8Array(key),
      baseNonce: new Uint8Array(baseNonce),
    })),
  },
];

const answers = REMEMBERED.map((of) => of.answers);
(globalThis as Record<string, unknown>)['strongroomAnswers'] = answers;

/** Has the functions of a file of src/ asked through their memory. @returns its text, changed */
export function remembering(file: string, source: string): string {
  let changed = source;
  for (const [i, of] of REMEMBERED.entries()) {
    if (of.file !== file) continue;
    const parts = changed.split(`export function ${of.name}(`);
    if (parts.length !== 2) throw new Error(`${file} exports no function ${of.name}`);
    const real = `${of.name}Itself`;
    changed = `${parts.join(`function ${real}(`)}
export function ${of.name}(...args) { return globalThis.strongroomAnswers[${i}].ask(${real}, args); }
`;
  }
  return changed;
}
