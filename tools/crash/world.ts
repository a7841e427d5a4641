// SPDX-License-Identifier: Apache-2.0
// A small vault whose every reader, document and passage is known, and what must be true of it after any fault.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AccessFile, parseAccessFile } from '../../src/access/index.ts';
import { type Clock, systemRandom } from '../../src/core/index.ts';
import { LocalKeyRing } from '../../src/keys/index.ts';
import { logPrefix } from '../../src/store/index.ts';
import { FIRST_ROLES, foundLog, trustFile } from '../../src/vault/inside.ts';
import { Session, Vault } from '../../src/vault/index.ts';
import { FixedClock } from '../../test/support/fixed-clock.ts';
import { type DiskPorts, MemoryDisk } from '../../test/support/memory-disk.ts';
import { tinyEmbedder } from '../../test/support/tiny-embedder.ts';

export const PEOPLE = ['ada', 'dan'] as const;
const VAULT_ID = '5f'.repeat(16);
const TENANT = 'default';

/** Who may read `open/` and `closed/`; ada may read everything. */
export function accessFile(
  open: string,
  people = 'ada: { clearance: 3, actions: all }, dan: {}',
): AccessFile {
  return parseAccessFile(`
v: 1
default: owner
owner: ada
people: { ${people} }
rules:
  - { path: "open/**", allow: [${open}] }
  - { path: "closed/**", allow: [ada] }
`);
}

/** Everybody reads `open/`. */
export const OPEN = accessFile('everyone');
/** Only ada reads anything. */
export const SHUT = accessFile('ada');
/** As {@link OPEN}, with another person. */
export const MORE_PEOPLE = accessFile(
  'everyone',
  'ada: { clearance: 3, actions: all }, dan: {}, eve: {}',
);

/** Documents of a world: path to text. */
export type Texts = Readonly<Record<string, string>>;

export const FIRST: Texts = {
  'open/a.md': 'The common word of the garden.\n',
  'open/b.md': 'The common word of the kitchen.\n',
  'closed/c.md': 'The common word of the cellar.\n',
};

/** A folder of sources, a key ring and a founded vault, from which every run starts with a copy. */
export class World {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'strongroom-crash-'));
  readonly clock: Clock = new FixedClock();
  #homes = 0;

  /** Writes a folder of source files. @returns its path */
  sources(name: string, texts: Texts): string {
    const folder = path.join(this.folder, name);
    for (const [file, text] of Object.entries(texts)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    return folder;
  }

  /** Founds a vault. @returns its disk and the home of its key ring */
  async found(): Promise<{ disk: MemoryDisk; home: string }> {
    const home = path.join(this.folder, 'home');
    const ring = await LocalKeyRing.create(this.#ringOptions(home));
    for (const role of FIRST_ROLES) await ring.addSigner(role);
    const disk = new MemoryDisk(this.clock, trustFile(ring));
    const context = disk.context({ ring, random: systemRandom });
    await foundLog(context, { access: OPEN, embedder: tinyEmbedder() });
    return { disk, home };
  }

  /** A copy of a key ring's home, for a run that changes it. */
  copyHome(home: string): string {
    const copy = path.join(this.folder, `home-${(this.#homes += 1)}`);
    cpSync(home, copy, { recursive: true });
    return copy;
  }

  /** Opens a key ring anew, as a new process does. */
  ring(home: string): Promise<LocalKeyRing> {
    return LocalKeyRing.open(this.#ringOptions(home));
  }

  /** Opens the vault as a process does. */
  async open(
    disk: MemoryDisk,
    ring: LocalKeyRing,
    more: { between?: (ports: DiskPorts) => DiskPorts; onAlarm?: (code: string) => void } = {},
  ): Promise<Vault> {
    const { between, onAlarm } = more;
    const context = disk.context({
      ring,
      random: systemRandom,
      ...(between && { between }),
      ...(onAlarm && { onAlarm: ({ code }) => onAlarm(code) }),
    });
    return Vault.over(await Session.over(context, tinyEmbedder()));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #ringOptions(home: string): Parameters<typeof LocalKeyRing.open>[0] {
    return { home, vaultId: VAULT_ID, tenantId: TENANT, passphrase: null, random: systemRandom };
  }
}

/** Path of the log inside the store. */
export const LOG = logPrefix(TENANT);

/** What each person sees of each document: `person path` to its text. */
export type View = ReadonlyMap<string, string>;

/** Searches as everybody. */
export async function viewOf(vault: Vault): Promise<View> {
  const view = new Map<string, string>();
  for (const id of PEOPLE) {
    const caller = { id, identity: 'impersonated' } as const;
    const { passages } = await vault.search({ caller, query: 'common word', k: 50 });
    for (const { source, text } of passages) view.set(`${id} ${source.uri}`, text.trim());
  }
  return view;
}

/** The view that documents and rules give. */
export function expectedView(texts: Texts, readers: (file: string) => readonly string[]): View {
  const view = new Map<string, string>();
  for (const [file, text] of Object.entries(texts)) {
    for (const person of readers(file)) view.set(`${person} ${file}`, text.trim());
  }
  return view;
}
