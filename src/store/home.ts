// SPDX-License-Identifier: Apache-2.0
// STRONGROOM_HOME: what is trusted and therefore lies outside every vault.
import os from 'node:os';
import path from 'node:path';
import { base64, fail, fromUtf8, hex, jcsBytes, need, utf8 } from '../core/index.ts';
import {
  isExposed,
  privateDirectory,
  readIfPresent,
  withFileErrors,
  writePrivateFile,
} from '../keys/index.ts';
import { FileLock } from './file-lock.ts';
import {
  movedTo,
  parseTrust,
  raised,
  type SeenHead,
  type TreeHead,
  type Trust,
  type TrustFile,
  type TrustStore,
} from '../provenance/index.ts';

/** The home directory: STRONGROOM_HOME, else the user's configuration directory. */
export function homeDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const named = env['STRONGROOM_HOME'];
  if (named !== undefined && named !== '') return path.resolve(named);
  // The XDG specification has empty and relative values ignored: the latter would put trust beside what is not trusted.
  const configured = env['XDG_CONFIG_HOME'] ?? '';
  const base = path.isAbsolute(configured) ? configured : path.join(os.homedir(), '.config');
  return path.join(base, 'strongroom');
}

/** Path of the sequencer's lock record. */
export function lockPath(home: string, vaultId: string, tenantId: string): string {
  return path.join(home, 'sequencer', `${vaultId}-${tenantId}.sqlite`);
}

/** Path of a vault's audit trail. */
export function auditPath(home: string, vaultId: string): string {
  return path.join(home, 'audit', `${vaultId}.sqlite`);
}

/** Path of the digests of index snapshots that this machine has verified row by row. */
export function verifiedPath(home: string, vaultId: string): string {
  return path.join(home, 'verified', `${vaultId}.json`);
}

/** Milliseconds that one process waits for another that is writing a trust file. */
const PATIENCE = 5000;
/** The last change of each trust file that this process has begun. */
const changes = new Map<string, Promise<unknown>>();

/** The trust file of one vault in the home directory (0600, replaced atomically). */
export class FileTrustStore implements TrustStore {
  readonly #file: string;
  readonly #vaultId: string;

  constructor(home: string, vaultId: string) {
    this.#file = path.join(home, 'trust', `${vaultId}.json`);
    this.#vaultId = vaultId;
  }

  async read(): Promise<Trust> {
    const bytes = await withFileErrors(() => readIfPresent(this.#file));
    if (bytes === null) {
      throw fail('TRUST_UNKNOWN', 'this machine does not know which keys to trust for this vault', {
        vaultId: this.#vaultId,
      });
    }
    need(
      'INV-TRUST-MODE',
      !(await isExposed(this.#file)),
      'TRUST_INVALID',
      'others may read or write the trust file',
    );
    const trust = parseTrust(bytes);
    need(
      'INV-TRUST-VAULT',
      trust.file.vaultId === this.#vaultId,
      'TRUST_INVALID',
      'the trust file is of another vault',
    );
    return trust;
  }

  /** True when the machine has a trust file for the vault. */
  async exists(): Promise<boolean> {
    return (await withFileErrors(() => readIfPresent(this.#file))) !== null;
  }

  /** Writes the trust file of a vault that was unknown, or replaces it on purpose. */
  async write(file: TrustFile): Promise<void> {
    await withFileErrors(() => privateDirectory(path.dirname(this.#file)));
    await this.#alone(() => writePrivateFile(this.#file, jcsBytes(file)));
  }

  async raise(head: SeenHead): Promise<void> {
    const { file } = await this.read();
    if (raised(file, head) === file) return;
    await this.#alone(async () => {
      const present = (await this.read()).file;
      const next = raised(present, head);
      if (next === present) return;
      await writePrivateFile(this.#file, jcsBytes(next));
      if (head.note !== undefined) await writePrivateFile(this.#noteFile, utf8(head.note));
    });
  }

  async goBack(from: TreeHead, to: SeenHead): Promise<void> {
    await this.#alone(async () => {
      const { file, head } = await this.read();
      const isAt = head?.size === from.size && hex(head.root) === hex(from.root);
      if (!isAt) throw fail('HEAD_STALE', 'another head has been seen in the meantime');
      await writePrivateFile(this.#file, jcsBytes(movedTo(file, to)));
    });
  }

  /** The signed note of the newest head seen, as evidence; null when it was not kept or is of another head. */
  async seenNote({ size, root }: TreeHead): Promise<string | null> {
    const bytes = await withFileErrors(() => readIfPresent(this.#noteFile));
    const note = bytes === null ? '' : fromUtf8(bytes);
    return note.includes(`\n${size}\n${base64(root)}\n`) ? note : null;
  }

  get #noteFile(): string {
    return `${this.#file.slice(0, -'.json'.length)}.checkpoint`;
  }

  /** One change after the other, in this process and among processes: else an older head could replace a newer one. */
  #alone(change: () => Promise<void>): Promise<void> {
    const before = changes.get(this.#file) ?? Promise.resolve();
    const run = before.then(() =>
      withFileErrors(async () => {
        const lock = FileLock.acquire(`${this.#file}.lock`, PATIENCE);
        try {
          await change();
        } finally {
          lock.release();
        }
      }),
    );
    changes.set(
      this.#file,
      run.catch(() => undefined),
    );
    return run;
  }
}
