// SPDX-License-Identifier: Apache-2.0
// The command line in this process, in a folder of its own: streams are caught, the environment is empty but for the home.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import { sharedTemporaryFolder, temporaryFolder } from './temporary-folder.ts';
import { OFFICE, OFFICE_ACCESS } from './vault-world.ts';

/** What one command line did. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON value on stdout. */
  readonly json: () => unknown;
}

/** Settings of one run. */
export interface CliSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly isTTY?: boolean;
}

/** A folder with documents, an access file, a home directory and, after `init`, a vault. */
export class CliWorld {
  readonly folder: string;

  constructor(folder: string = temporaryFolder()) {
    this.folder = folder;
  }

  /** A folder with the documents and the access file of the office, without a vault. */
  static async prepared(folder: string = temporaryFolder()): Promise<CliWorld> {
    const world = new CliWorld(folder);
    for (const [name, text] of Object.entries(OFFICE)) await world.write(`documents/${name}`, text);
    await world.write('strongroom.access.yaml', JSON.stringify(OFFICE_ACCESS, null, 2));
    return world;
  }

  /** Path of a file in the folder. */
  at(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  get home(): string {
    return this.at('home');
  }

  /** Runs one command line. */
  async run(argv: readonly string[], settings: CliSettings = {}): Promise<CliResult> {
    let [stdout, stderr] = ['', ''];
    const isTTY = settings.isTTY ?? false;
    const code = await runCli(argv, {
      stdout: { write: (text) => (stdout += text), isTTY },
      stderr: { write: (text) => (stderr += text) },
      env: { STRONGROOM_HOME: this.home, ...settings.env },
      cwd: settings.cwd ?? this.folder,
    });
    return { code, stdout, stderr, json: () => JSON.parse(stdout) as unknown };
  }

  /** Runs a command line that must succeed. @returns what it did */
  async ok(...argv: string[]): Promise<CliResult> {
    const result = await this.run(argv);
    if (result.code !== 0) throw new Error(`${argv.join(' ')}: ${result.code} ${result.stderr}`);
    return result;
  }

  /** Runs a command line with `--json`. @returns the value on stdout */
  async json(...argv: string[]): Promise<unknown> {
    return (await this.ok(...argv, '--json')).json();
  }

  /** Writes a file in the folder. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const file = this.at(name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** Reads a text in the folder. */
  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8');
  }

  /** Paths of the documents that a person finds, in order. */
  async finds(person: string, query: string): Promise<string[]> {
    const { passages } = (await this.json('search', query, '--as', person)) as {
      passages: { source: { uri: string } }[];
    };
    return [...new Set(passages.map(({ source }) => source.uri))].sort();
  }

  /** The id of the vault. */
  async vaultId(): Promise<string> {
    const { vaultId } = JSON.parse(await this.read('vault/strongroom.json')) as { vaultId: string };
    return vaultId;
  }
}

/** A world whose documents are in the vault, made once and handed out as copies. */
export function cliTemplate(): () => Promise<CliWorld> {
  const folder = sharedTemporaryFolder();
  beforeAll(async () => {
    const world = await CliWorld.prepared(folder);
    await world.ok('init');
    await world.ok('ingest', 'documents');
  });
  return async () => {
    const copy = new CliWorld();
    await cp(folder, copy.folder, { recursive: true, preserveTimestamps: true });
    return copy;
  };
}
