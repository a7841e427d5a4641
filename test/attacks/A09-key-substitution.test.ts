// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { base64, concat, jcsBytes, parseJcs, utf8 } from '../../src/core/index.ts';
import {
  parseNote,
  parseVkey,
  signatureLine,
  verifyNote,
  vkeyOf,
} from '../../src/provenance/index.ts';
import { checkpointText, signCheckpoint } from '../../src/provenance/checkpoint.ts';
import { logPrefix } from '../../src/store/index.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { overwrite } from '../support/insider.ts';
import { LogAuthor } from '../support/log-author.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { codeThrownBy } from '../support/tampering.ts';

const NAME = 'example.org/log';
/** Two seeds whose public keys have the same 32-bit note key id under {@link NAME}; found by search. */
const COLLIDING = [28_867, 52_570] as const;

/** An Ed25519 key from a numbered seed. */
function keyOf(seed: number): { vkey: string; sign: (text: string) => Uint8Array } {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(seed, 28);
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([prefix, bytes]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { vkey: vkeyOf(NAME, spki.subarray(-32)), sign: (text) => sign(null, utf8(text), key) };
}

/** The fields of an envelope. */
interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

move(
  {
    id: 'A09',
    title: 'present a signature under the id of another key, or an id twice',
    by: 'configured keys alone are tried, each counts once, an id decides nothing',
    codes: ['SIGNATURE_INVALID', 'CHECKPOINT_INVALID', 'FORMAT_INVALID'],
  },
  () => {
    it('tells two keys apart whose 32-bit note ids collide', () => {
      const [first, second] = COLLIDING.map(keyOf);
      const [a, b] = [parseVkey(first!.vkey)!, parseVkey(second!.vkey)!];
      expect(a.id).toEqual(b.id);
      expect(a.key.keyid).not.toBe(b.key.keyid);
      const text = checkpointText(NAME, { size: 1, root: new Uint8Array(32) });
      const note = (...signed: readonly (typeof first)[]): Uint8Array =>
        utf8(`${text}\n${signed.map((key) => signatureLine(a, key!.sign(text))).join('')}`);
      const trusted = (bytes: Uint8Array, ...keys: (typeof a)[]): string[] =>
        verifyNote(parseNote(bytes), keys).map(({ key }) => key.keyid);
      expect(trusted(note(second), a, b)).toEqual([b.key.keyid]);
      expect(trusted(note(first, second), a, b)).toEqual([a.key.keyid, b.key.keyid]);
      // The same key twice is one signer.
      expect(trusted(note(first, first), a, b)).toEqual([a.key.keyid]);
      // The colliding key of a stranger does not pass for the trusted one.
      refused(codeThrownBy(() => trusted(note(second), a)));
      refused(codeThrownBy(() => trusted(note(first, second), a)));
      refused(codeThrownBy(() => parseNote(note(...Array<typeof first>(17).fill(first)))));
    });

    it('is void in the log', async () => {
      const replica = await Replica.founded();
      const { author } = replica;
      const forged = await author.ingest('a', null, {}, 'nobody');
      const envelope = parseJcs(forged) as unknown as Envelope;
      const [signature] = envelope.signatures;
      for (const name of ['ingest', 'root', 'sequencer']) {
        const { keyid } = author.signer(name);
        const substituted = { ...envelope, signatures: [{ ...signature, keyid }] };
        replica.refuse(jcsBytes(substituted), 'SIGNATURE');
        tried();
      }
      const own = parseJcs(await author.ingest('a')) as unknown as Envelope;
      const twice = [...own.signatures, ...own.signatures];
      replica.refuse(jcsBytes({ ...own, signatures: twice }), 'FORMAT');
      replica.refuse(jcsBytes({ ...own, signatures: [...own.signatures, signature] }), 'FORMAT');
      replica.refuse(jcsBytes({ ...own, signatures: [] }), 'FORMAT');
      // A key that is known cannot come back with another role.
      replica.refuse(await author.delegate('ingest', 'acl'), 'KEY_EXISTS');
      tried(4);
    });

    onEachVault((target) => {
      it('does not let a stranger publish a checkpoint', async () => {
        const stranger = new LogAuthor('stranger').signer('log');
        for (const kind of ['own line', 'trusted name and id'] as const) {
          const damaged = await target.copy();
          await damaged.use(async ({ session }) => {
            const { log, logKey } = session.ledger.trust;
            const { head } = session.ledger;
            const own = parseVkey(vkeyOf(log, stranger.rawPublicKey))!;
            const key = kind === 'own line' ? own : logKey;
            const note = await signCheckpoint(log, head, key, (text) => stranger.sign(text));
            const { objects, config } = session.context;
            await overwrite(objects, `${logPrefix(config.tenantId)}checkpoint`, utf8(note));
          });
          const expected = { codes: ['CHECKPOINT_INVALID'], passages: 'none' } as const;
          await expectStopped(target, damaged, expected);
        }
      });
    });

    it('does not take a key whose id does not fit it', () => {
      const { vkey } = keyOf(COLLIDING[0]);
      const [name, id, key] = vkey.split('+');
      const other = base64(concat(Uint8Array.of(1), new Uint8Array(32).fill(7)));
      for (const forged of [`${name}+00000000+${key}`, `${name}+${id}+${other}`, `x${vkey}`]) {
        expect(parseVkey(forged)).toBeNull();
        tried();
      }
    });
  },
);
