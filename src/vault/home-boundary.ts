// SPDX-License-Identifier: Apache-2.0
// The boundaries that hold for this machine: those of strongroom.json and, since that lies where others may write, those of
// the home directory, which nobody can lift from the vault.
import path from 'node:path';
import { z } from 'zod';
import { fail, need } from '../core/index.ts';
import { isExposed, readIfPresent } from '../keys/index.ts';
import { AMAZON_HOSTS, NetworkBoundary } from '../network/index.ts';
import type { LookupFunction } from 'node:net';
import type { VaultConfig } from './config.ts';
import { modelsSchema, networkSchema, parseStrictly } from './service-config.ts';

/** Boundaries of one machine for all vaults. */
const boundariesSchema = z.strictObject({
  network: networkSchema.optional(),
  models: modelsSchema.optional(),
});
type Boundaries = z.infer<typeof boundariesSchema>;

/** What holds for an opened vault. */
export interface HeldBoundaries {
  /** Every connection to a service is made within it. */
  readonly network: NetworkBoundary | undefined;
  /** ARNs of the models that may be used; undefined: any. */
  readonly models: readonly string[] | undefined;
}

/** File of this machine's boundaries in the home directory. */
export function boundariesPath(home: string): string {
  return path.join(home, 'boundaries.json');
}

/**
 * The boundaries of a vault on this machine. Where both places name models, those count that both name; where both name
 * a network, the home directory's hosts count.
 * @throws {CONFIG_INVALID} for a configuration that names a control which could not be enforced
 * @throws {NETWORK_REFUSED} when a configured address lies outside
 */
export async function boundariesOf(
  config: VaultConfig,
  home: string,
  resolver?: LookupFunction,
): Promise<HeldBoundaries> {
  const own = await ownBoundaries(home);
  const { embedder, models } = config;
  if (models !== undefined && embedder === undefined)
    throw fail('CONFIG_INVALID', 'strongroom.json: models: there is no embedder that it restricts');
  const network = own.network ?? config.network;
  const allowed =
    own.models === undefined || models === undefined
      ? (own.models ?? models)
      : models.filter((model) => own.models?.includes(model));
  if (network === undefined) return { network: undefined, models: allowed };
  const hosts = addressesOf(config).map((address) => new URL(address).hostname);
  const named = typeof network === 'string' ? [...AMAZON_HOSTS, ...hosts] : network.endpoints;
  const boundary = new NetworkBoundary({ hosts: named, ...(resolver && { resolver }) });
  // An early word; what counts is what each connection finds.
  for (const host of hosts) boundary.check(host);
  return { network: boundary, models: allowed };
}

async function ownBoundaries(home: string): Promise<Boundaries> {
  const file = boundariesPath(home);
  const bytes = await readIfPresent(file);
  if (bytes === null) return {};
  const isPrivate = !(await isExposed(file));
  need('INV-BOUNDARIES-MODE', isPrivate, 'CONFIG_INVALID', 'others may write boundaries.json');
  return parseStrictly(boundariesSchema, bytes, 'boundaries.json');
}

/** Every address that the configuration names. */
function addressesOf({ home, embedder, witnesses = [] }: VaultConfig): string[] {
  const places = home && [home.objects.s3, home.keyTable.s3, home.locks.s3, home.keys?.kms];
  const model = embedder && ('bedrock' in embedder ? embedder.bedrock : embedder.sagemaker);
  const all = [...(places ?? []), home?.index?.opensearch, model].map((place) => place?.endpoint);
  return [...all.filter((address) => address !== undefined), ...witnesses];
}
