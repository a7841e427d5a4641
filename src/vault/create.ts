// SPDX-License-Identifier: Apache-2.0
// Founding a vault: keys, genesis, delegations, first directory and policy.
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { type AccessFile, initialPolicy } from '../access/index.ts';
import {
  base64,
  fail,
  isTenantId,
  jcs,
  logOrigin,
  newVaultId,
  type Signer,
  systemRandom,
} from '../core/index.ts';
import { defaultEmbedder, type Embedder } from '../embed/index.ts';
import { codeOf, type ManagedKeyRing, withFileErrors } from '../keys/index.ts';
import {
  INITIAL_LOCK,
  Ledger,
  type Predicate,
  type Role,
  ROLE_KINDS,
  signStatement,
  type TrustFile,
  vkeyOf,
} from '../provenance/index.ts';
import { FileTrustStore, homeDirectory, logPrefix, putList } from '../store/index.ts';
import { configPath, VAULT_FORMAT, writeConfig } from './config.ts';
import { contextWith, type OpenOptions, type VaultContext } from './context.ts';
import { chosenEmbedder } from './embedder-of.ts';
import type { HomeConfig } from './home-config.ts';
import type { HomeParts } from './home-parts.ts';
import { createRing } from './home-ring.ts';
import { openServices } from './home-services.ts';
import { directoryRef, policyRef } from './refs.ts';
import type { ServiceSettings } from './service-config.ts';
import { VaultWriter } from './writer.ts';

/** How to found a vault. */
export interface CreateOptions extends OpenOptions {
  /** Opaque id; default `default`. */
  readonly tenantId?: string;
  /** People, groups and the default rule. */
  readonly access: AccessFile;
  /** Services that are to hold the shared parts of the vault; default: files in its directory. */
  readonly services?: HomeConfig;
  /** A model in the cloud that embeds, the models that may be used, where connections may go. */
  readonly settings?: ServiceSettings;
  /** Default: the built-in model. A vault keeps its embedder for ever. */
  readonly embedder?: Embedder;
}

/** What the first entries of a log are made from. */
export type Founding = Pick<CreateOptions, 'access' | 'embedder'>;

/** The roles that get a key of their own at once; entry 1 of the log is the sequencer's. */
export const FIRST_ROLES: readonly Role[] = [
  'sequencer',
  'ingest',
  'acl',
  'directory',
  'eraser',
  'indexer',
  'retriever',
];

/**
 * Founds a vault in an empty directory. The configuration file is written last: without it there is no vault.
 * @returns the vault's id
 * @throws {VAULT_EXISTS} when there is one; {@link USAGE} when the directory holds other files, or for a malformed tenant id
 */
export async function createVault(options: CreateOptions): Promise<{ vaultId: string }> {
  const vault = path.resolve(options.vault);
  await requireFree(vault);
  const random = options.random ?? systemRandom;
  const home = options.home ?? homeDirectory(process.env);
  const tenantId = options.tenantId ?? 'default';
  if (!isTenantId(tenantId)) throw fail('USAGE', 'a tenant id must match [a-z0-9][a-z0-9-]{0,62}');
  const vaultId = newVaultId(random);
  const { services, settings } = options;
  const config = {
    v: 1 as const,
    format: VAULT_FORMAT,
    vaultId,
    tenantId,
    ...(services !== undefined && { home: services }),
    ...settings,
  };
  await withFileErrors(() => mkdir(vault, { recursive: true, mode: 0o700 }));
  const opened = await openServices(options, { vault, home, config });
  const trust = new FileTrustStore(home, vaultId);
  const made = async (): Promise<VaultContext> => {
    await requireUnused(opened.parts, tenantId);
    const ring = await createRing(opened.ring);
    for (const role of FIRST_ROLES) await ring.addSigner(role);
    await trust.write(trustFile(ring));
    return contextWith(options, { vault, home, config, trust, ring, random, services: opened });
  };
  const context = await made().catch((error: unknown) => {
    opened.parts.close();
    throw error;
  });
  try {
    await foundLog(context, options);
  } finally {
    context.close();
  }
  await writeConfig(vault, config);
  return { vaultId };
}

/** Writes the first entries of a vault's log: genesis, delegations, policy, directory. */
export async function foundLog(context: VaultContext, options: Founding): Promise<void> {
  const ledger = await Ledger.found({
    idKey: context.ring.lookupKey('id'),
    reader: context.reader,
    trust: context.trust,
    cache: context.cache,
    clock: context.clock,
    onAlarm: context.onAlarm,
  });
  const none = initialPolicy(options.access.default).witnesses;
  const writer = await VaultWriter.open(context, ledger, () => none);
  try {
    await writer.commitAll(await firstEntries(context, options));
  } finally {
    writer.close();
  }
}

async function firstEntries(context: VaultContext, options: Founding): Promise<Uint8Array[]> {
  const { ring, clock, config, stores } = context;
  const [root] = ring.signers('root');
  if (root === undefined) throw fail('KEY_UNAVAILABLE', 'the key ring holds no root key');
  const log = logOrigin(config.vaultId, config.tenantId);
  const every = { log, time: Math.floor(clock.now() / 1000) };
  const genesis = {
    ...every,
    vaultId: config.vaultId,
    tenantId: config.tenantId,
    format: 1 as const,
    rootSpki: base64(root.spki),
    logVkey: vkeyOf(log, ring.logPublicKey),
    embedder: identityOf(chosenEmbedder(context, options.embedder) ?? defaultEmbedder()),
  };
  const entries = [await signStatement('genesis', genesis, root)];
  for (const role of FIRST_ROLES) {
    for (const key of ring.signers(role)) entries.push(await delegation(every, role, key, root));
  }
  const policy = initialPolicy(options.access.default);
  const sealedPolicy = await putList(stores, policyRef(config.tenantId, 1), [policy]);
  entries.push(await signStatement('config', { ...every, epoch: 1, ...sealedPolicy }, root));
  const people = await putList(stores, directoryRef(config.tenantId, 1), options.access.directory);
  const [directory] = ring.signers('directory');
  if (directory === undefined) throw fail('KEY_UNAVAILABLE', 'the key ring holds no directory key');
  entries.push(await signStatement('directory', { ...every, epoch: 1, ...people }, directory));
  return entries;
}

/** The root's statement that a key may sign in a role, for everything the role allows. */
export function delegation(
  every: { readonly log: string; readonly time: number },
  role: Role,
  key: Signer,
  root: Signer,
): Promise<Uint8Array> {
  const predicate = {
    ...every,
    keyid: key.keyid,
    spki: base64(key.spki),
    role,
    kinds: [...ROLE_KINDS[role]],
    namespaces: null,
    notAfter: null,
  };
  return signStatement('delegate', predicate, root);
}

/** What genesis says of an embedder. */
export function identityOf(embedder: Embedder): Predicate<'genesis'>['embedder'] {
  const { space, model, dims, dtype } = embedder.identity;
  return { space, dims, dtype, models: [{ ...model }] };
}

/** The trust file of whoever founds a vault with this ring. */
export function trustFile(ring: ManagedKeyRing): TrustFile {
  const [root] = ring.signers('root');
  const log = logOrigin(ring.vaultId, ring.tenantId);
  return {
    v: 'sr/trust/v1',
    vaultId: ring.vaultId,
    tenantId: ring.tenantId,
    logVkey: vkeyOf(log, ring.logPublicKey),
    rootSpki: base64(root?.spki ?? new Uint8Array(0)),
    witnesses: { vkeys: [], k: 0 },
    maxAge: null,
    head: null,
    origin: 'init',
  };
}

/** A second vault at one place of a service would destroy the first. @throws {VAULT_EXISTS} */
async function requireUnused(parts: HomeParts, tenantId: string): Promise<void> {
  const locks = parts.openLocks();
  try {
    const isUsed = jcs(await locks.read()) !== jcs(INITIAL_LOCK);
    if (isUsed || (await hasAny(parts.objects.list(logPrefix(tenantId)))))
      throw fail('VAULT_EXISTS', 'there is the log of a vault at this place of the store already');
  } finally {
    locks.close();
  }
}

async function hasAny(items: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of items) return true;
  return false;
}

async function requireFree(vault: string): Promise<void> {
  const present = await readdir(vault).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    throw fail('USAGE', 'the directory of a new vault must be empty or absent', {}, error);
  });
  if (present.includes(path.basename(configPath(vault))))
    throw fail('VAULT_EXISTS', 'there is a vault in this directory already');
  if (present.length > 0)
    throw fail('USAGE', 'the directory of a new vault must be empty or absent');
}
