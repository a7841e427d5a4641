// SPDX-License-Identifier: Apache-2.0
import { fail, type Signer } from '../core/index.ts';
import {
  type CommitOutcome,
  type Ledger,
  rawKeyOf,
  type Role,
  Sequencer,
  type SequencerOptions,
  SharedSequencer,
  type Witnesses,
} from '../provenance/index.ts';
import { logPrefix } from '../store/index.ts';
import { type HeldLock, reportRefusal, type VaultContext } from './context.ts';
import { snapshotState } from './state-snapshot.ts';
import { cosigner } from './witnessing.ts';

type OpenLocks = ReturnType<VaultContext['openLocks']>;

type AnySequencer = Pick<Sequencer, 'commit'>;

/**
 * The right to write to a vault: the writer lock and a sequencer that has taken over the log; or, in a home that many
 * machines share, one that takes turns with the others.
 */
export class VaultWriter {
  readonly #context: VaultContext;
  readonly #ledger: Ledger;
  readonly #lock: HeldLock;
  readonly #locks: OpenLocks;
  readonly #sequencer: AnySequencer;

  private constructor(
    at: { context: VaultContext; ledger: Ledger },
    held: { lock: HeldLock; locks: OpenLocks; sequencer: AnySequencer },
  ) {
    this.#context = at.context;
    this.#ledger = at.ledger;
    this.#lock = held.lock;
    this.#locks = held.locks;
    this.#sequencer = held.sequencer;
  }

  /**
   * Takes the writer lock and finishes what a former writer left behind.
   * @param witnesses whose word the policy demands for every head
   * @throws {VAULT_LOCKED} naming the process that writes; {@link ROLLBACK} {@link LOG_TAMPERED}
   */
  static async open(
    context: VaultContext,
    ledger: Ledger,
    witnesses: () => Witnesses,
  ): Promise<VaultWriter> {
    const { config } = context;
    const lock = await context.lockWriter();
    let locks: OpenLocks | null = null;
    try {
      locks = context.openLocks();
      const sequencer = await sequencerOf(context, {
        idKey: context.ring.lookupKey('id'),
        store: context.objects,
        prefix: logPrefix(config.tenantId),
        ledger,
        locks,
        signers: () => context.ring.signers('sequencer'),
        signNote: (text, key) => context.ring.signNote(text, rawKeyOf(key)),
        clock: context.clock,
        onAlarm: context.onAlarm,
        cosign: cosigner(context, ledger, witnesses),
        snapshot: (state, index) => snapshotState(context, state, index),
      });
      return new VaultWriter({ context, ledger }, { lock, locks, sequencer });
    } catch (error) {
      locks?.close();
      lock.release();
      throw error;
    }
  }

  /** Appends entries; resolves when they are acknowledged or refused. What is not as it was signed is alarmed. */
  async commit(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    try {
      return await this.#sequencer.commit(entries);
    } catch (error) {
      reportRefusal(this.#context, error);
      throw error;
    }
  }

  /**
   * Appends entries that must all be accepted.
   * @throws {ENTRY_REFUSED} naming the ledger's reason
   */
  async commitAll(entries: readonly Uint8Array[]): Promise<CommitOutcome[]> {
    return allCommitted(await this.commit(entries));
  }

  /** A key of the role that is live at the head. @throws {KEY_UNAVAILABLE} */
  signer(role: Role): Signer {
    return signerFor(this.#context, this.#ledger, role);
  }

  /** Lets the next writer in. */
  close(): void {
    this.#locks.close();
    this.#lock.release();
  }
}

function sequencerOf({ turns }: VaultContext, options: SequencerOptions): Promise<AnySequencer> {
  if (turns === undefined) return Sequencer.start(options);
  return Promise.resolve(new SharedSequencer(options, turns));
}

/** The outcomes, if the ledger took every entry. @throws {ENTRY_REFUSED} naming the ledger's reason */
export function allCommitted(outcomes: CommitOutcome[]): CommitOutcome[] {
  for (const outcome of outcomes) {
    if (outcome.outcome === 'refused') {
      throw fail('ENTRY_REFUSED', `the ledger refuses the change: ${outcome.reason}`);
    }
  }
  return outcomes;
}

/**
 * The newest key of a role that the ledger knows as live; before genesis, the newest of the ring.
 * @throws {KEY_UNAVAILABLE} when there is none
 */
export function signerFor(context: VaultContext, ledger: Ledger, role: Role): Signer {
  const now = Math.floor(context.clock.now() / 1000);
  const { keys } = ledger.view.state;
  const signer = context.ring.signers(role).find(({ keyid }) => {
    const leaf = keys.get(keyid);
    if (leaf === undefined) return ledger.head.size === 0;
    return leaf.endIndex === null && (leaf.notAfter === null || leaf.notAfter > now);
  });
  if (signer === undefined)
    throw fail('KEY_UNAVAILABLE', `no live key of the role ${role}`, { role });
  return signer;
}
