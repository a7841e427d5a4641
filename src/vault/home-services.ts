// SPDX-License-Identifier: Apache-2.0
// Everything that a vault uses outside this process, opened as its configuration says and within its boundaries.
import type { LookupFunction } from 'node:net';
import {
  type Clock,
  type ObjectStore,
  type Random,
  systemClock,
  systemRandom,
} from '../core/index.ts';
import type { Embedder } from '../embed/index.ts';
import { boundedFetch, type Fetch } from '../network/index.ts';
import type { VaultConfig } from './config.ts';
import { boundariesOf } from './home-boundary.ts';
import { cloudEmbedder } from './home-embedder.ts';
import type { SearchAccess } from './home-index.ts';
import { type AwsAccess, type HomeParts, openParts } from './home-parts.ts';
import type { RingOptions } from './home-ring.ts';

/** Where a vault and what belongs to it are. */
export interface ServicePlace {
  /** The vault's folder. */
  readonly vault: string;
  /** STRONGROOM_HOME. */
  readonly home: string;
  readonly config: VaultConfig;
}

/** How services are reached, where it is not by what the environment says. */
export interface ServiceAccess {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly passphrase?: string;
  readonly objects?: ObjectStore;
  readonly aws?: AwsAccess;
  readonly search?: SearchAccess;
  /** Resolves names for the boundary of the network; default: the system's. */
  readonly resolver?: LookupFunction;
}

/** What was opened. */
export interface OpenServices {
  readonly parts: HomeParts;
  /** The embedder that the configuration names. */
  readonly embedder: Embedder | undefined;
  /** For calls by no client of a service; undefined where no boundary is drawn. */
  readonly fetch: Fetch | undefined;
  /** What the key ring is opened by. */
  readonly ring: RingOptions;
}

/**
 * Opens services. Nothing is read from them yet.
 * @throws {CONFIG_INVALID} {@link NETWORK_REFUSED} {@link MODEL_REFUSED} for what the boundaries do not allow
 */
export async function openServices(
  access: ServiceAccess,
  { vault, home, config }: ServicePlace,
): Promise<OpenServices> {
  const { clock = systemClock, random = systemRandom, passphrase = null } = access;
  const { network, models } = await boundariesOf(config, home, access.resolver);
  const bounded = network === undefined ? {} : { boundary: network };
  const aws = { ...access.aws, ...bounded };
  const search = { ...access.search, ...bounded };
  const embedder = config.embedder && (await cloudEmbedder(config.embedder, models, aws));
  const { objects } = access;
  const parts = await openParts({ vault, home, config, clock, objects, aws, search });
  return {
    parts,
    embedder,
    fetch: network && boundedFetch(network),
    ring: { home, config, objects: parts.objects, passphrase, clock, random, aws },
  };
}
