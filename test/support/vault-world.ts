// SPDX-License-Identifier: Apache-2.0
// A real vault in a temporary folder: files, access file, home directory, clock, and everything that was alarmed.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, onTestFinished } from 'vitest';
import { type AccessFile, parseAccessFile } from '../../src/access/index.ts';
import type { Alarm, ErrorCode } from '../../src/core/index.ts';
import type { ContextResult } from '../../src/retrieve/index.ts';
import {
  type AwsAccess,
  createVault,
  type HomeConfig,
  openVault,
  type SessionOptions,
  type Vault,
  type VaultIngestOptions,
  type VaultIngestReport,
} from '../../src/vault/index.ts';
import { accountOf, folderHome, IN_BUCKETS } from './aws/file-s3.ts';
import { type CountingEmbedder, countingEmbedder } from './counting-embedder.ts';
import { FixedClock } from './fixed-clock.ts';
import { sharedTemporaryFolder, temporaryFolder } from './temporary-folder.ts';
import { told, type ToldResult } from './told.ts';

/** Documents of a small office, one topic each. {@link OFFICE_ACCESS} says who may read which. */
export const OFFICE: Readonly<Record<string, string>> = {
  'news/opening-hours.md':
    '# Opening hours\n\nThe office is open from eight to six. Visitors ring the brass bell.\n',
  'news/canteen.md': '# Canteen\n\nThe canteen serves soup on Mondays and dumplings on Fridays.\n',
  'staff/leave.md':
    '# Leave\n\nEverybody may take thirty days of leave. Ask the team lead a week before.\n\n' +
    '## Sick leave\n\nA doctor has to sign for more than three days of sickness.\n',
  'people/salaries.md':
    '# Salaries\n\nThe salary of an engineer begins at four thousand two hundred crowns.\n',
  'board/merger.md': '# Merger\n\nThe merger with Bluebird will be announced in the second week.\n',
};

/**
 * Four people and nested groups: `news` is for everybody, `staff` for all but dan, `people` for chloe and ada, `board`
 * for ada. ada has every right, chloe the clearance for `people`, ben and dan none.
 */
export const OFFICE_ACCESS = {
  v: 1,
  default: 'refuse',
  owner: 'ada',
  people: { ada: { clearance: 3, actions: 'all' }, ben: {}, chloe: { clearance: 2 }, dan: {} },
  groups: { board: ['ada'], 'people-ops': ['chloe', 'board'], staff: ['ben', 'people-ops'] },
  rules: [
    { path: 'news/**', allow: ['everyone'] },
    { path: 'staff/**', allow: ['staff'], deny: ['dan'] },
    { path: 'people/**', allow: ['people-ops'], classification: 2 },
    { path: 'board/**', allow: ['board'], classification: 3 },
  ],
};

/** How a test's vault differs from the usual one. */
export interface VaultWorldOptions {
  /** Paths and contents; default {@link OFFICE}. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Content of the access file; default {@link OFFICE_ACCESS}. */
  readonly access?: object;
  readonly passphrase?: string;
  readonly tenantId?: string;
  /** Services that hold the shared parts, and how they are called. */
  readonly services?: HomeConfig;
  readonly aws?: AwsAccess;
}

/** One vault with everything around it. Paths of documents are relative to the folder `documents`. */
export class VaultWorld {
  /** Holds all the rest. */
  readonly folder: string;
  readonly options: VaultWorldOptions;
  readonly clock = new FixedClock();
  readonly embedder: CountingEmbedder = countingEmbedder();
  /** Everything that vaults opened here have alarmed. */
  readonly alarms: Alarm[] = [];
  access: AccessFile;
  readonly #aws: AwsAccess | undefined;

  constructor(folder: string, options: VaultWorldOptions) {
    this.folder = folder;
    this.options = options;
    this.#aws = options.aws ?? (IN_BUCKETS ? accountOf(folder) : undefined);
    this.access = accessOf(options.access ?? OFFICE_ACCESS);
  }

  /** A vault without documents, in a folder that is removed when the test ends unless another is given. */
  static async founded(
    options: VaultWorldOptions = {},
    folder = temporaryFolder(),
  ): Promise<VaultWorld> {
    const world = new VaultWorld(folder, options);
    const { access, embedder } = world;
    const { tenantId = 'default' } = options;
    const services = options.services ?? (IN_BUCKETS ? await folderHome() : undefined);
    const where = services === undefined ? {} : { services };
    await createVault({ ...world.place, ...where, access, embedder, tenantId });
    return world;
  }

  /** A vault with its documents ingested. */
  static async ingested(
    options: VaultWorldOptions = {},
    folder = temporaryFolder(),
  ): Promise<VaultWorld> {
    const world = await VaultWorld.founded(options, folder);
    for (const [name, content] of Object.entries(options.files ?? OFFICE)) {
      await world.write(name, content);
    }
    const report = await world.ingest();
    if (report.failures.length > 0) throw new Error(JSON.stringify(report.failures));
    return world;
  }

  /** Options that name this place, for a library call or an attack. */
  get place(): SessionOptions & { readonly home: string } {
    return {
      vault: this.vault,
      home: this.home,
      clock: this.clock,
      onAlarm: (alarm) => void this.alarms.push(alarm),
      ...(this.options.passphrase === undefined ? {} : { passphrase: this.options.passphrase }),
      ...(this.#aws === undefined ? {} : { aws: this.#aws }),
    };
  }

  get vault(): string {
    return path.join(this.folder, 'vault');
  }

  get home(): string {
    return path.join(this.folder, 'home');
  }

  /** Folder of the source files. */
  get documents(): string {
    return path.join(this.folder, 'documents');
  }

  /** Codes of the alarms so far. */
  get codes(): ErrorCode[] {
    return this.alarms.map(({ code }) => code);
  }

  /** Opens the vault; it is closed when the test ends, if not before. */
  async open(options: Partial<SessionOptions> = {}): Promise<Vault> {
    const vault = await openVault({ ...this.place, embedder: this.embedder, ...options });
    let isOpen = true;
    const close = vault.close.bind(vault);
    vault.close = () => {
      if (isOpen) close();
      isOpen = false;
    };
    onTestFinished(() => {
      vault.close();
    });
    return vault;
  }

  /** Opens the vault for one piece of work and closes it. */
  async use<T>(
    work: (vault: Vault) => Promise<T>,
    options: Partial<SessionOptions> = {},
  ): Promise<T> {
    const vault = await openVault({ ...this.place, embedder: this.embedder, ...options });
    try {
      return await work(vault);
    } finally {
      vault.close();
    }
  }

  /** Writes a source file. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const file = path.join(this.documents, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** Removes a source file. */
  async remove(name: string): Promise<void> {
    await rm(path.join(this.documents, name));
  }

  /** Ingests the source files as they are. */
  ingest(options: Partial<VaultIngestOptions> = {}): Promise<VaultIngestReport> {
    const { access } = this;
    return this.use((vault) => vault.ingest([this.documents], { access, ...options }));
  }

  /** Changes the content of the access file, which is what later calls use. */
  setAccess(content: object): AccessFile {
    this.access = accessOf(content);
    return this.access;
  }

  /** Paths of the documents that a person finds, best first, each once. */
  async finds(person: string, query: string, k = 10): Promise<string[]> {
    return this.use((vault) => finds(vault, person, query, k));
  }

  /** The same people, clock and services in another, empty folder: a machine that has joined nothing yet. */
  elsewhere(folder: string): VaultWorld {
    const other = new VaultWorld(folder, this.options);
    other.access = this.access;
    other.clock.seconds = this.clock.seconds;
    return other;
  }

  /** A copy of vault, home and documents in a new folder, to be damaged. Nothing may have the vault open. */
  async copy(folder = temporaryFolder()): Promise<VaultWorld> {
    await cp(this.folder, folder, { recursive: true, preserveTimestamps: true });
    return this.elsewhere(folder);
  }

  /** Paths of every stored file, vault and home, relative to the world's folder, in order. */
  async storedFiles(): Promise<string[]> {
    const found: string[] = [];
    for (const part of [this.vault, this.home]) {
      const entries = await readdir(part, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile()) continue;
        found.push(path.relative(this.folder, path.join(entry.parentPath, entry.name)));
      }
    }
    return found.sort();
  }

  /** Path of the sealed object of a document's current version, relative to the world's folder. */
  async objectOf(name: string): Promise<string> {
    const { docId, version } = await this.use((vault) => vault.describe(name));
    const folder = path.join('vault', 'store', 'obj', 'doc', docId);
    const objects = await readdir(path.join(this.folder, folder));
    const object = objects.find((found) => found.startsWith(`${version}-`));
    if (object === undefined) throw new Error(`the test has not ingested ${name}`);
    return path.join(folder, object);
  }

  /** Replaces a stored file by what `change` makes of its bytes. */
  async alter(file: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
    const absolute = path.join(this.folder, file);
    await writeFile(absolute, change(new Uint8Array(await readFile(absolute))));
  }
}

/**
 * One world for a whole suite, made once and handed out as copies: call it where tests are collected, and the result
 * within a test.
 */
export function worldTemplate(
  make: (folder: string) => Promise<VaultWorld> = (folder) => VaultWorld.ingested({}, folder),
): () => Promise<VaultWorld> {
  const folder = sharedTemporaryFolder();
  let template: VaultWorld | null = null;
  beforeAll(async () => {
    template = await make(folder);
  });
  return () => {
    if (template === null) throw new Error('the template is made before the first test');
    return template.copy();
  };
}

/** Who asks. */
export function caller(id: string): { id: string; identity: 'impersonated' } {
  return { id, identity: 'impersonated' };
}

/** Asks an open vault as a person. */
export function search(vault: Vault, person: string, query: string, k = 10): Promise<ToldResult> {
  return told((onStats) => vault.search({ caller: caller(person), query, k }, onStats));
}

/** Paths of the documents that a person finds in an open vault, best first, each once. */
export async function finds(
  vault: Vault,
  person: string,
  query: string,
  k = 10,
): Promise<string[]> {
  const { passages } = await search(vault, person, query, k);
  return [...new Set(passages.map(({ source }) => source.uri))];
}

/** A context with its receipt for a person. */
export function contextWithReceipt(
  vault: Vault,
  person: string,
  query: string,
): Promise<ContextResult> {
  return vault.context({ caller: caller(person), query, receipt: true });
}

/** An access file from its content, by way of JSON, which is YAML too. */
export function accessOf(content: object): AccessFile {
  return parseAccessFile(JSON.stringify(content));
}
