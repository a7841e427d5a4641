// SPDX-License-Identifier: Apache-2.0
// A witness: cosigns a checkpoint only if it continues every one that it has cosigned of that log before.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import {
  type AlarmSink,
  type Clock,
  fail,
  fromBase64,
  fromHex,
  fromUtf8,
  hex,
  jcsBytes,
  parseJcs,
  type Random,
  sha256,
  utf8,
} from '../core/index.ts';
import {
  LocalSigner,
  newEd25519,
  privateDirectory,
  readIfPresent,
  withFileErrors,
  writePrivateFile,
} from '../keys/index.ts';
import {
  type Checkpoint,
  cosign,
  type NoteKey,
  openCheckpoint,
  parseNote,
  parseVkey,
  type TreeHead,
  verifyConsistency,
  vkeyOf,
} from '../provenance/index.ts';
import { FileLock, keepConflict } from '../store/index.ts';
import type { AddCheckpoint } from './wire.ts';

const keySchema = z.strictObject({
  v: z.literal('sr/witness-key/v1'),
  name: z.string(),
  pkcs8: z.string(),
});

const logSchema = z.strictObject({
  v: z.literal('sr/witness-log/v1'),
  vkey: z.string(),
  head: z.strictObject({ size: z.int().min(0), root: z.string(), note: z.string() }).nullable(),
});

type LogRecord = z.infer<typeof logSchema>;

/** What became of a request, in the terms of C2SP tlog-witness. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly line: string }
  | { readonly kind: 'unknown-log' }
  | { readonly kind: 'wrong-signature' }
  | { readonly kind: 'bad-request' }
  /** The log must prove from this size. */
  | { readonly kind: 'other-size'; readonly size: number }
  /** The checkpoint does not continue the one that was cosigned: evidence against the log was kept. */
  | { readonly kind: 'conflict'; readonly size: number };

/** Where a witness keeps its key and what it has seen, and who is told of conflicts. */
export interface WitnessOptions {
  /** A private directory; created when absent. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onAlarm: AlarmSink;
}

/** One witness with its durable memory. Holds the directory's lock until it is closed. */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #signer: LocalSigner;
  readonly #key: NoteKey;
  readonly #lock: FileLock;
  #turns: Promise<unknown> = Promise.resolve();

  private constructor(options: WitnessOptions, signer: LocalSigner, key: NoteKey, lock: FileLock) {
    this.#options = options;
    this.#signer = signer;
    this.#key = key;
    this.#lock = lock;
  }

  /**
   * Makes the key of a new witness.
   * @param name a schema-less URL by which logs know it, for example `witness.acme.example/one`
   * @throws {USAGE} when the directory holds a witness already, or the name cannot stand in a note
   */
  static async create(
    options: Pick<WitnessOptions, 'directory'>,
    name: string,
    random: Random,
  ): Promise<void> {
    if (!/^[^\s+]{1,128}$/.test(name)) throw fail('USAGE', 'the name of a witness has blanks or +');
    await withFileErrors(async () => {
      await privateDirectory(options.directory);
      const file = keyPath(options.directory);
      if ((await readIfPresent(file)) !== null) throw fail('USAGE', 'there is a witness already');
      const pkcs8 = Buffer.from(newEd25519(random)).toString('base64');
      await writePrivateFile(file, jcsBytes({ v: 'sr/witness-key/v1', name, pkcs8 }));
    });
  }

  /**
   * Opens a witness.
   * @throws {KEYRING_MISSING} when there is none in the directory; {@link KEYRING_INVALID} when its key is damaged
   * @throws {VAULT_LOCKED} when another process runs it
   */
  static async open(options: WitnessOptions): Promise<Witness> {
    const bytes = await withFileErrors(() => readIfPresent(keyPath(options.directory)));
    if (bytes === null) throw fail('KEYRING_MISSING', 'there is no witness in this directory');
    const { name, signer } = openKey(bytes);
    const key = parseVkey(vkeyOf(name, signer.rawPublicKey, 'cosignature'), 'cosignature');
    if (key === null) throw fail('KEYRING_INVALID', 'the key file of the witness is damaged');
    await mkdir(path.join(options.directory, 'logs'), { recursive: true, mode: 0o700 });
    const lock = FileLock.acquire(path.join(options.directory, 'lock'), 0);
    return new Witness(options, signer, key, lock);
  }

  /** The public key as logs and readers name it. */
  get vkey(): string {
    return vkeyOf(this.#key.name, this.#signer.rawPublicKey, 'cosignature');
  }

  /** Lets the witness vouch for a log from now on. @throws {USAGE} when it knows the log by another key */
  async addLog(vkey: string): Promise<void> {
    const key = parseVkey(vkey);
    if (key === null) throw fail('USAGE', 'the key of the log is malformed');
    await this.#next(async () => {
      const known = await this.#read(key.name);
      if (known?.vkey === vkey) return;
      if (known !== null)
        throw fail('USAGE', 'the witness knows this log by another key: witness rekey');
      await this.#write(key.name, { v: 'sr/witness-log/v1', vkey, head: null });
    });
  }

  /**
   * Lets the witness know a log by another key from now on: after its owner has said, by another way, that the root key
   * changed it. What was cosigned stays what the log must continue.
   * @throws {USAGE} when it does not know the log
   */
  async changeLogKey(vkey: string): Promise<void> {
    const key = parseVkey(vkey);
    if (key === null) throw fail('USAGE', 'the key of the log is malformed');
    await this.#next(async () => {
      const known = await this.#read(key.name);
      if (known === null) throw fail('USAGE', 'the witness does not know this log');
      await this.#write(key.name, { ...known, vkey });
    });
  }

  /** What was last cosigned of a log, or null. */
  async head(origin: string): Promise<TreeHead | null> {
    return headOf(await this.#read(origin));
  }

  /** Judges one request. What is cosigned is durable before it is answered. */
  addCheckpoint(request: AddCheckpoint): Promise<WitnessAnswer> {
    return this.#next(() => this.#judge(request));
  }

  /** Lets another process run the witness. */
  close(): void {
    this.#lock.release();
  }

  async #judge(request: AddCheckpoint): Promise<WitnessAnswer> {
    const origin = request.checkpoint.split('\n')[0] ?? '';
    const log = await this.#read(origin);
    const logKey = log === null ? null : parseVkey(log.vkey);
    if (log === null || logKey === null) return { kind: 'unknown-log' };
    const found = verified(request.checkpoint, origin, logKey);
    if (found === null) return { kind: 'wrong-signature' };
    if (request.oldSize > found.size) return { kind: 'bad-request' };
    const seen = headOf(log);
    const size = seen?.size ?? 0;
    if (request.oldSize !== size) return { kind: 'other-size', size };
    // From nothing there is nothing to continue, and a proof would mean that the log thinks otherwise.
    const continues =
      seen === null
        ? request.proof.length === 0
        : verifyConsistency(seen, found, [...request.proof]);
    if (!continues) return this.#conflict(log, found);
    const { text } = parseNote(utf8(request.checkpoint));
    const head = { size: found.size, root: hex(found.root), note: request.checkpoint };
    await this.#write(origin, { ...log, head });
    const time = Math.floor(this.#options.clock.now() / 1000);
    const line = await cosign(text, this.#key, (message) => this.#signer.sign(message), time);
    return { kind: 'cosigned', line };
  }

  /** Two roots for one size are evidence against the log by themselves; another size may also come with a made-up proof. */
  async #conflict(log: LogRecord, found: Checkpoint): Promise<WitnessAnswer> {
    const size = log.head?.size ?? 0;
    if (log.head !== null) {
      const seen = { size, root: log.head.root, note: log.head.note };
      await keepConflict(path.join(this.#options.directory, 'evidence'), { seen, found });
      this.#options.onAlarm({
        code: size === found.size ? 'SPLIT_VIEW' : 'PROOF_INVALID',
        message: 'a log showed a checkpoint that does not continue the one cosigned before',
        details: { seen: size, found: found.size },
      });
    }
    return { kind: 'conflict', size };
  }

  async #read(origin: string): Promise<LogRecord | null> {
    const bytes = await withFileErrors(() => readIfPresent(this.#logPath(origin)));
    if (bytes === null) return null;
    const record = logSchema.safeParse(parseJcs(bytes));
    // Starting anew from a damaged memory would let a log go back.
    if (!record.success) throw fail('FORMAT_INVALID', 'the memory of the witness is damaged');
    return record.data;
  }

  async #write(origin: string, record: LogRecord): Promise<void> {
    await withFileErrors(() => writePrivateFile(this.#logPath(origin), jcsBytes(record)));
  }

  #logPath(origin: string): string {
    return path.join(this.#options.directory, 'logs', `${hex(sha256(utf8(origin)))}.json`);
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => undefined);
    return turn;
  }
}

function keyPath(directory: string): string {
  return path.join(directory, 'witness.key');
}

function openKey(bytes: Uint8Array): { name: string; signer: LocalSigner } {
  try {
    const { name, pkcs8 } = keySchema.parse(JSON.parse(fromUtf8(bytes)));
    return { name, signer: new LocalSigner(fromBase64(pkcs8) ?? new Uint8Array(0)) };
  } catch (error) {
    throw fail('KEYRING_INVALID', 'the key file of the witness is damaged', {}, error);
  }
}

function headOf(log: LogRecord | null): TreeHead | null {
  const root = log?.head == null ? null : fromHex(log.head.root);
  return log?.head == null || root === null ? null : { size: log.head.size, root };
}

function verified(note: string, origin: string, logKey: NoteKey): Checkpoint | null {
  try {
    return openCheckpoint(utf8(note), origin, logKey);
  } catch {
    return null;
  }
}
