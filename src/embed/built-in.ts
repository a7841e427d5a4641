// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from './embedder.ts';
import { hashEmbedder } from './hash-embedder.ts';
import { staticEmbedder } from './static-embedder.ts';

/** The embedder that a new vault gets when none is named. */
export function defaultEmbedder(): Embedder {
  return staticEmbedder();
}

/** The built-in embedder whose model a vault was made for; null when it was made for another one. */
export function builtInEmbedder(models: readonly { readonly id: string }[]): Embedder | null {
  const all = [staticEmbedder(), hashEmbedder()];
  return all.find(({ identity }) => models.some(({ id }) => id === identity.model.id)) ?? null;
}
