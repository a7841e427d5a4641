// SPDX-License-Identifier: Apache-2.0
// Witnesses of tests: a key that cosigns whatever it is shown.
import { LocalSigner, newEd25519 } from '../../src/keys/local-signer.ts';
import { cosign } from '../../src/provenance/cosignature.ts';
import { type NoteKey, parseNote, parseVkey, vkeyOf } from '../../src/provenance/note.ts';
import { utf8 } from '../../src/core/index.ts';
import { SeededRandom } from './seeded-random.ts';

/** A witness without a memory. */
export class Cosigner {
  readonly signer: LocalSigner;
  readonly vkey: string;
  readonly key: NoteKey;

  constructor(name: string, seed = name) {
    this.signer = new LocalSigner(newEd25519(new SeededRandom(`witness ${seed}`)));
    this.vkey = vkeyOf(name, this.signer.rawPublicKey, 'cosignature');
    const key = parseVkey(this.vkey, 'cosignature');
    if (key === null) throw new Error('the test made a malformed vkey');
    this.key = key;
  }

  /** The note with this witness's line. */
  async onto(note: string, time: number): Promise<string> {
    const { text } = parseNote(utf8(note));
    return note + (await cosign(text, this.key, (bytes) => this.signer.sign(bytes), time));
  }
}
