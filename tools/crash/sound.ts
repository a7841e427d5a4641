// SPDX-License-Identifier: Apache-2.0
// What must hold after a fault and a restart.
import { isStrongroomError } from '../../src/core/index.ts';
import type { LocalKeyRing } from '../../src/keys/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import type { MemoryDisk } from '../../test/support/memory-disk.ts';
import { leafOf, merkleRoot, verifyPlainLog } from '../../test/support/plain-log-verifier.ts';
import type { Operation } from './operations.ts';
import { LOG, type View, viewOf, type World } from './world.ts';

/** The disk after a fault, and what had been promised by then. */
export interface Aftermath {
  readonly world: World;
  readonly operation: Operation;
  readonly disk: MemoryDisk;
  /** Home of the key ring as the fault left it. */
  readonly home: string;
  /** Whether the operation had been acknowledged. */
  readonly acknowledged: boolean;
  /** Size and root (base64) of the newest head that was acknowledged before. */
  readonly head: { readonly size: number; readonly root: string };
  /** A store that lied: what is gone must be missed by name, or the vault refuses; it need not be whole. */
  readonly lied: boolean;
}

/** Codes that no crash may ever raise. */
export const NEVER = [
  'ROLLBACK',
  'LEDGER_TAMPERED',
  'POLICY_TAMPERED',
  'INDEX_TAMPERED',
  'INTEGRITY',
];

/** Restarts on a disk and looks at everything. @returns what is wrong */
export async function problemsAfter(after: Aftermath): Promise<string[]> {
  const problems: string[] = [];
  const alarms: string[] = [];
  try {
    const ring = await after.world.ring(after.home);
    const onAlarm = (code: string): void => void alarms.push(code);
    const vault = await after.world.open(after.disk, ring, { onAlarm });
    await checkRestarted(after, vault, ring, { problems, alarms });
    vault.close();
  } catch (error) {
    // Refusing to go on is what a store that lied deserves.
    if (!(after.lied && isStrongroomError(error))) problems.push(`restart: ${textOf(error)}`);
  }
  const forbidden = after.lied ? [] : alarms.filter((code) => NEVER.includes(code));
  return [...problems, ...forbidden.map((code) => `false alarm ${code}`)];
}

interface Found {
  readonly problems: string[];
  readonly alarms: readonly string[];
}

async function checkRestarted(
  after: Aftermath,
  vault: Vault,
  ring: LocalKeyRing,
  { problems, alarms }: Found,
): Promise<void> {
  const { operation, acknowledged, lied } = after;
  // As a reader first: nothing may depend on somebody who writes.
  const seen = await viewOf(vault);
  await vault.session.writer();
  const view = await viewOf(vault);
  const { failures } = await vault.verifyAll();
  const checked = await vault.fsck({ repair: true, orphanAge: 0 });
  const isTold = failures.length + checked.problems.length + alarms.length > 0;
  for (const problem of [
    ...viewProblems(operation, seen, false),
    ...viewProblems(operation, view, acknowledged),
  ]) {
    if (!(lied && isTold && problem.startsWith('missing'))) problems.push(problem);
  }
  if (!lied) {
    problems.push(...failures.map(({ code }) => `verifyAll: ${code}`));
    problems.push(
      ...checked.problems.map(({ code, what, where }) => `fsck: ${code} ${what} ${where}`),
    );
  }
  problems.push(...(await logProblems(after)));
  if (lied) return;
  // The interrupted work is simply done again.
  await operation.run(vault).catch((error: unknown) => {
    if (!isDone(operation, error)) problems.push(`again: ${textOf(error)}`);
  });
  problems.push(...viewProblems(operation, await viewOf(vault), true).map((p) => `again: ${p}`));
  const again = await vault.fsck({ repair: true, orphanAge: 0 });
  problems.push(...again.problems.map(({ code, what }) => `fsck again: ${code} ${what}`));
  problems.push(...(await logProblems(after)).map((problem) => `again: ${problem}`));
  const newcomer = await after.world.open(after.disk.machine(), ring);
  // What was staged and never won is discarded by the first writer that finds the log beyond it.
  await newcomer.session.writer();
  const { size } = newcomer.session.ledger.head;
  for await (const { path } of after.disk.shared.objects.list(`${LOG}staging/`)) {
    if (Number(/(\d+)-/.exec(path)?.[1]) <= size) problems.push(`left: ${path}`);
  }
  problems.push(
    ...viewProblems(operation, await viewOf(newcomer), true).map((p) => `newcomer: ${p}`),
  );
  const { failures: unproven } = await newcomer.verifyAll();
  problems.push(...unproven.map(({ code }) => `newcomer: ${code}`));
}

/** Deleting what has been deleted is told so. */
export function isDone({ name }: Operation, error: unknown): boolean {
  return ['delete', 'erase'].includes(name) && isStrongroomError(error, 'NOT_FOUND');
}

/** Each document is as it was before or as it is after; what nobody wrote or may read is never there. */
export function viewProblems({ before, after }: Operation, view: View, done: boolean): string[] {
  const problems: string[] = [];
  for (const key of new Set([...before.keys(), ...after.keys(), ...view.keys()])) {
    const now = view.get(key);
    const allowed = done ? [after.get(key)] : [before.get(key), after.get(key)];
    if (allowed.includes(now)) continue;
    problems.push(now === undefined ? `missing: ${key}` : `wrong: ${key} reads "${now}"`);
  }
  return problems;
}

async function logProblems({ disk, head, lied }: Aftermath): Promise<string[]> {
  const { objects } = disk.shared;
  try {
    const log = await verifyPlainLog(
      async (path) => (await objects.get(LOG + path))?.bytes ?? null,
      disk.trust.logVkey,
    );
    const problems: string[] = [];
    const root = merkleRoot(log.entries.slice(0, head.size).map(leafOf)).toString('base64');
    if (log.size < head.size || root !== head.root) problems.push('log: not a continuation');
    return problems;
  } catch (error) {
    return lied ? [] : [`log: ${textOf(error)}`];
  }
}

function textOf(error: unknown): string {
  return isStrongroomError(error)
    ? `${error.code} ${error.message}`
    : String((error as Error).stack);
}
