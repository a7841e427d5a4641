// SPDX-License-Identifier: Apache-2.0
// People, classes and policy, opened from sealed records and followed along the ledger.
import {
  aclDigest,
  ClassTable,
  decodeClassRecord,
  Directory,
  parsePolicy,
  type Policy,
  stricterPolicy,
} from '../access/index.ts';
import { fail, type Hex, holds, isStrongroomError, isTransient } from '../core/index.ts';
import type { AclValue, Ledger, StateRecord } from '../provenance/index.ts';
import type { AccessView } from '../retrieve/index.ts';
import { getList, getRecord } from '../store/index.ts';
import { localPolicy } from './config.ts';
import type { VaultContext } from './context.ts';
import { aclRef, directoryRef, policyRef } from './refs.ts';

/** The access view of one process. */
export class AccessState {
  readonly #context: VaultContext;
  readonly #ledger: Ledger;
  readonly #classes = new ClassTable();
  #directory = Directory.empty(0);
  #policy: Policy;
  #policyEpoch: number;
  #classVersion = 0;
  /** Classes whose record could not be read for now. */
  readonly #unread = new Set<Hex>();

  private constructor(context: VaultContext, ledger: Ledger, policy: Policy, policyEpoch: number) {
    this.#context = context;
    this.#ledger = ledger;
    this.#policy = policy;
    this.#policyEpoch = policyEpoch;
  }

  /** Opens directory, policy and every class record that the ledger names. */
  static async open(context: VaultContext, ledger: Ledger): Promise<AccessState> {
    const { policy, epoch } = await openPolicy(context, ledger);
    const state = new AccessState(context, ledger, policy, epoch);
    await state.#openDirectory();
    for (const acl of ledger.classes()) await state.#openClass(acl);
    return state;
  }

  /** What decisions are made from. */
  get view(): AccessView {
    return {
      directory: this.#directory,
      classes: this.#classes,
      policy: this.#policy,
      policyEpoch: this.#policyEpoch,
      classVersion: this.#classVersion,
    };
  }

  /** Whether every class record that is there could be read. */
  get isWhole(): boolean {
    return this.#unread.size === 0;
  }

  /** Takes over what changed in the ledger, and what could not be read before. */
  async apply(records: readonly StateRecord[]): Promise<void> {
    for (const aclDigest of [...this.#unread]) {
      const acl = this.#ledger.lookup('acl', aclDigest);
      if (acl !== null) await this.#openClass(acl);
    }
    for (const record of records) {
      if (record.kind === 'acl') await this.#openClass(record.value);
      if (record.kind === 'dir') await this.#openDirectory();
      if (record.kind === 'config') {
        const { policy, epoch } = await openPolicy(this.#context, this.#ledger);
        this.#policy = policy;
        this.#policyEpoch = epoch;
      }
    }
  }

  /** A directory whose signer was revoked names nobody. */
  async #openDirectory(): Promise<void> {
    const { stores, config } = this.#context;
    const dir = this.#ledger.lookup('dir', 'people');
    if (dir === null || !holds('INV-DIRECTORY-TRUSTED', dir.trusted)) {
      this.#directory = Directory.empty(dir?.epoch ?? 0);
      return;
    }
    const ref = directoryRef(config.tenantId, dir.epoch);
    this.#directory = Directory.parse(dir.epoch, await getList(stores, ref, dir));
  }

  /** A class whose record is missing or another one admits nobody; the rest of the vault goes on. */
  async #openClass(acl: AclValue): Promise<void> {
    const { stores, config, ring, onAlarm } = this.#context;
    this.#classVersion += 1;
    this.#classes.remove(acl.classNo);
    try {
      const ref = aclRef(config.tenantId, acl.aclDigest);
      const bytes = await getRecord(stores, ref, 'record', acl.objectDigest);
      const isNamed = aclDigest(ring.lookupKey('class'), bytes) === acl.aclDigest;
      if (!holds('INV-CLASS-DIGEST', isNamed))
        throw fail('INTEGRITY', 'a class record is another one');
      this.#classes.set(acl.classNo, decodeClassRecord(bytes));
      this.#unread.delete(acl.aclDigest);
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      const isKnown = this.#unread.delete(acl.aclDigest);
      if (isTransient(error)) this.#unread.add(acl.aclDigest);
      if (isKnown && isTransient(error)) return;
      onAlarm({ code: error.code, message: 'a class record was refused: its class admits nobody' });
    }
  }
}

/**
 * The policy as it was signed, without what the local file makes stricter.
 * @throws {POLICY_TAMPERED} when the log holds none, or the sealed one is not what was signed
 */
export async function signedPolicy(
  context: VaultContext,
  ledger: Ledger,
): Promise<{ policy: Policy; epoch: number }> {
  const config = ledger.lookup('config', 'policy');
  if (config === null) throw fail('POLICY_TAMPERED', 'the log holds no policy');
  const ref = policyRef(context.config.tenantId, config.epoch);
  const policy = parsePolicy(await getList(context.stores, ref, config));
  return { policy, epoch: config.epoch };
}

async function openPolicy(
  context: VaultContext,
  ledger: Ledger,
): Promise<{ policy: Policy; epoch: number }> {
  const { policy, epoch } = await signedPolicy(context, ledger);
  return { policy: stricterPolicy(policy, localPolicy(context.config)), epoch };
}
