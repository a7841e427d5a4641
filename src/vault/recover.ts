// SPDX-License-Identifier: Apache-2.0
// Going back on purpose, after the newest state of a vault was lost and an older copy restored.
import { fail, fromHex, type Hex, hex, isStrongroomError } from '../core/index.ts';
import {
  type Checkpoint,
  type LOG_KEY_PATH,
  type NamedHead,
  openPublished,
  openRecovery,
  RECOVERY_PATH,
  signStatement,
  type TreeHead,
  type Trust,
} from '../provenance/index.ts';
import { logPrefix } from '../store/index.ts';
import { openContext, type VaultContext } from './context.ts';
import { Session, type SessionOptions } from './session.ts';

/** The two heads of a recovery. */
export interface RecoveryPlan {
  /** The newest head that this machine has seen, and that the store has lost. */
  readonly old: NamedHead;
  /** The head that the store shows, from which the log goes on. */
  readonly new: NamedHead;
}

/** What a recovery would go back from and to; nothing is changed. @throws {USAGE} when nothing was lost */
export async function planRecovery(options: SessionOptions): Promise<RecoveryPlan> {
  const context = await openContext(options);
  try {
    return (await plan(context)).heads;
  } finally {
    context.close();
  }
}

/**
 * Signs with the root key that the log goes on from the older head that the store shows, lets this machine go back to it,
 * and makes the statement the next entry of the log. Other readers who have seen exactly the lost head then accept it; who
 * has seen one in between needs a new trust file. What was acknowledged after the older head is gone.
 * @throws {USAGE} when nothing was lost; {@link SPLIT_VIEW} when the store shows another history instead of an older one
 * @throws {VAULT_LOCKED} {@link KEY_UNAVAILABLE}
 */
export async function recoverVault(options: SessionOptions, reason: string): Promise<RecoveryPlan> {
  const context = await openContext(options);
  let begun: { readonly heads: RecoveryPlan; readonly entry: Uint8Array };
  try {
    begun = await begin(context, reason);
  } finally {
    context.close();
  }
  const session = await Session.open(options);
  try {
    await session.commitAll([begun.entry]);
  } finally {
    session.close();
  }
  return begun.heads;
}

async function begin(
  context: VaultContext,
  reason: string,
): Promise<{ heads: RecoveryPlan; entry: Uint8Array }> {
  const lock = await context.lockWriter();
  const locks = context.openLocks();
  try {
    const { heads, trust, found, unfinished } = await plan(context);
    if (unfinished !== null) return { heads, entry: unfinished };
    const time = Math.floor(context.clock.now() / 1000);
    const [root] = context.ring.signers('root');
    if (root === undefined) throw fail('KEY_UNAVAILABLE', 'the key ring holds no root key');
    const predicate = { log: trust.log, time, ...heads, logVkey: null, reason };
    const entry = await signStatement('recovery', predicate, root);
    await putBeside(context, RECOVERY_PATH, entry);
    const state = await locks.read();
    if (!(await locks.swap(state, { ...state, signed: heads.new, pending: null }))) {
      throw fail('VAULT_LOCKED', 'another sequencer is at work');
    }
    await context.trust.goBack(headOf(heads.old), found);
    return { heads, entry };
  } finally {
    locks.close();
    lock.release();
  }
}

interface Plan {
  readonly heads: RecoveryPlan;
  readonly trust: Trust;
  readonly found: Checkpoint;
  /** The statement of a recovery that stopped before it stood in the log. */
  readonly unfinished: Uint8Array | null;
}

async function plan(context: VaultContext): Promise<Plan> {
  const { reader, clock } = context;
  const trust = await context.trust.read();
  const found = openPublished(await reader.checkpointBytes(), trust, clock);
  const seen = trust.head;
  if (seen === null) throw fail('USAGE', 'this machine has seen no head of the log yet');
  if (await continues(context, seen, found)) {
    const bytes = await reader.recoveryBytes();
    const begun = bytes === null ? null : openRecovery(bytes, trust);
    const isNext =
      begun?.predicate.new.size === found.size && begun.predicate.new.root === hex(found.root);
    if (begun === null || !isNext)
      throw fail('USAGE', 'the log goes on from the head seen before: nothing was lost');
    const { old, new: next } = begun.predicate;
    return { heads: { old, new: next }, trust, found, unfinished: begun.entry };
  }
  const heads = { old: named(seen), new: named(found) };
  return { heads, trust, found, unfinished: null };
}

async function continues(
  context: VaultContext,
  seen: TreeHead,
  found: Checkpoint,
): Promise<boolean> {
  try {
    await context.reader.checkContinues(seen, found);
    return true;
  } catch (error) {
    if (isStrongroomError(error, 'ROLLBACK')) return false;
    throw error;
  }
}

/** Puts a statement where readers look that cannot go on without it. @throws {STORE_FAILED} */
export async function putBeside(
  context: VaultContext,
  place: typeof RECOVERY_PATH | typeof LOG_KEY_PATH,
  entry: Uint8Array,
): Promise<void> {
  const path = logPrefix(context.config.tenantId) + place;
  const present = await context.objects.get(path);
  if (!(await context.objects.compareAndSwap(path, present?.version ?? null, entry))) {
    throw fail('STORE_FAILED', 'a statement of the root key could not be stored');
  }
}

function named({ size, root }: TreeHead): { size: number; root: Hex } {
  return { size, root: hex(root) };
}

function headOf({ size, root }: NamedHead): TreeHead {
  return { size, root: fromHex(root) ?? new Uint8Array(0) };
}
