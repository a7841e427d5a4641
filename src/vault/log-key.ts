// SPDX-License-Identifier: Apache-2.0
// Another key for the log: the root key names it, the log holds that statement, and its next head is signed by it.
import { fail, hex } from '../core/index.ts';
import {
  LOG_KEY_PATH,
  type NamedHead,
  parseVkey,
  rawKeyOf,
  signStatement,
  vkeyOf,
} from '../provenance/index.ts';
import { every } from './permissions.ts';
import { putBeside } from './recover.ts';
import type { Session } from './session.ts';

/** A change of the log key: the head up to which the present one signs, and the key that signs what follows. */
export interface LogKeyRotation {
  readonly head: NamedHead;
  /** vkey lines. */
  readonly from: string;
  readonly to: string;
}

/**
 * What a rotation of the log key would do. The next key is made and kept, so that witnesses can be told of it before it
 * signs; nothing else is changed.
 * @throws {VAULT_LOCKED} {@link KEY_UNAVAILABLE}
 */
export async function planLogKey(session: Session): Promise<LogKeyRotation> {
  // A batch that somebody left behind would move the head.
  await session.writer();
  return session.exclusively(() => plan(session));
}

/**
 * Has the root key name the next log key for everything after the present head, makes that statement the next entry of
 * the log, and signs the log's next head with the new key. The former key is then forgotten. Readers follow by themselves;
 * witnesses must have been told before, else the batch stays pending and is finished by the next writer.
 * @throws {VAULT_LOCKED} {@link KEY_UNAVAILABLE} {@link WITNESS_QUORUM}
 */
export async function rotateLogKey(session: Session, reason: string): Promise<LogKeyRotation> {
  const writer = await session.writer();
  return session.exclusively(async () => {
    const rotation = await plan(session);
    const { head, to } = rotation;
    const predicate = { ...every(session), old: head, new: head, logVkey: to, reason };
    const entry = await signStatement('recovery', predicate, writer.signer('root'));
    // Before the log: a head under a key that nobody can be told of would be of no use.
    await putBeside(session.context, LOG_KEY_PATH, entry);
    await session.commitAll([entry]);
    await session.context.ring.keepLogKey(rawPublicKey(to));
    return rotation;
  });
}

async function plan({ context, ledger }: Session): Promise<LogKeyRotation> {
  const { size, root } = ledger.head;
  const { log, file } = ledger.trust;
  const next = await context.ring.nextLogKey(rawPublicKey(file.logVkey));
  return { head: { size, root: hex(root) }, from: file.logVkey, to: vkeyOf(log, next) };
}

function rawPublicKey(vkey: string): Uint8Array {
  const key = parseVkey(vkey);
  if (key === null) throw fail('INTERNAL', 'a log key that was trusted does not parse');
  return rawKeyOf(key);
}
