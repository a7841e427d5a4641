// SPDX-License-Identifier: Apache-2.0
// Real crashes: processes that work on one vault in files, one after the other, each killed with SIGKILL at a seeded call.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createVault } from '../../src/vault/index.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { tinyEmbedder } from '../../test/support/tiny-embedder.ts';
import type { CrashOptions, Tally } from './tally.ts';
import { OPEN } from './world.ts';

/** Calls among which one is drawn: opening takes some hundred, an ingestion as many again. */
const CALLS = 900;
const CHAINS = 2;
/** Alarms that a crash must never raise. */
const NEVER = [
  'ROLLBACK',
  'SPLIT_VIEW',
  'LEDGER_TAMPERED',
  'INDEX_TAMPERED',
  'INTEGRITY',
  'LOG_TAMPERED',
];

interface Line {
  readonly alarm?: string;
  readonly state?: {
    readonly view: Readonly<Record<string, string>>;
    readonly failures: readonly { code: string }[];
    readonly problems: readonly { code: string; what: string; where: string }[];
    readonly size: number;
  };
  readonly begin?: Change;
  readonly done?: Change;
}

interface Change {
  readonly uri: string;
  readonly text: string | null;
}

/** Kills processes. */
export async function killPoints(
  options: CrashOptions & { readonly seed: string },
): Promise<Tally[]> {
  const total = options.all ? 200 : 40;
  const chains = Array.from({ length: CHAINS }, (_, i) => new Chain(`${options.seed} ${i}`));
  await Promise.all(chains.map((chain) => chain.run(total / CHAINS)));
  const sum = (of: (chain: Chain) => number): number => chains.reduce((all, c) => all + of(c), 0);
  const tally: Tally = {
    part: 'kill',
    operation: 'all',
    fault: 'kill',
    total,
    covered: sum(({ killed }) => killed),
    restarts: sum(({ restarted }) => restarted),
    problems: chains.flatMap(({ problems }) => problems),
  };
  options.onTally?.(tally);
  return [tally];
}

/** One vault and the processes that die on it. */
class Chain {
  killed = 0;
  restarted = 0;
  readonly problems: string[] = [];
  readonly #seed: string;
  readonly #random: SeededRandom;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'strongroom-kill-'));
  /** What was acknowledged of each document; null: deleted. */
  readonly #acknowledged = new Map<string, string | null>();
  #begun: Change | null = null;
  #size = 0;

  constructor(seed: string) {
    this.#seed = seed;
    this.#random = new SeededRandom(`kill ${seed}`);
  }

  async run(times: number): Promise<void> {
    const place = {
      vault: path.join(this.#folder, 'vault'),
      home: path.join(this.#folder, 'home'),
    };
    await createVault({ ...place, access: OPEN, embedder: tinyEmbedder() });
    for (let i = 0; i < times; i++) await this.#victim(i, 1 + this.#random.below(CALLS));
    // The last one is killed too, but late enough to tell what it found.
    if (this.restarted === 0)
      this.problems.push('no process lived long enough to tell what it found');
    rmSync(this.#folder, { recursive: true });
  }

  async #victim(i: number, call: number): Promise<void> {
    const args = [
      '--disable-warning=ExperimentalWarning',
      path.join(import.meta.dirname, 'victim.ts'),
    ];
    args.push(this.#folder, `${this.#seed} ${i}`, String(call));
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
    const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
    const at = `process ${i} of seed ${this.#seed}, killed at call ${call}`;
    if (signal === 'SIGKILL') this.killed += 1;
    else this.problems.push(`${at}: ended by itself: ${err.slice(0, 400)}`);
    for (const text of out.split('\n')) if (text !== '') this.#line(at, JSON.parse(text) as Line);
  }

  #line(at: string, { alarm, state, begin, done }: Line): void {
    if (alarm !== undefined && NEVER.includes(alarm))
      this.problems.push(`${at}: false alarm ${alarm}`);
    if (begin !== undefined) this.#begun = begin;
    if (done !== undefined) {
      this.#acknowledged.set(done.uri, done.text);
      this.#begun = null;
    }
    if (state !== undefined) this.#check(at, state);
  }

  #check(at: string, { view, failures, problems, size }: NonNullable<Line['state']>): void {
    this.restarted += 1;
    const wrong = (what: string): void => void this.problems.push(`${at}: before it: ${what}`);
    for (const { code } of failures) wrong(`verifyAll ${code}`);
    for (const { code, what, where } of problems) wrong(`fsck ${code} ${what} ${where}`);
    if (size < this.#size) wrong('the log is shorter than before');
    this.#size = size;
    const uris = new Set([
      ...this.#acknowledged.keys(),
      ...Object.keys(view).map((k) => k.slice(4)),
    ]);
    if (this.#begun !== null) uris.add(this.#begun.uri);
    for (const uri of uris) {
      const now = view[`ada ${uri}`] ?? null;
      const allowed = [this.#acknowledged.get(uri) ?? null];
      if (this.#begun?.uri === uri) allowed.push(this.#begun.text);
      if (!allowed.includes(now))
        wrong(`${uri} reads ${JSON.stringify(now)}, not ${JSON.stringify(allowed)}`);
      // Whatever became of it is now a fact.
      this.#acknowledged.set(uri, now);
    }
    this.#begun = null;
  }
}
