// SPDX-License-Identifier: Apache-2.0
import { need } from '../core/index.ts';
import { builtInEmbedder, defaultEmbedder, type Embedder } from '../embed/index.ts';
import type { Ledger } from '../provenance/index.ts';

/**
 * The embedder to open a vault with: the one that is given, else the built-in one that the vault was made for.
 * @throws {EMBEDDER_MISMATCH} when the vault was made for another one
 */
export function embedderOf(ledger: Ledger, given?: Embedder): Embedder {
  const made = ledger.view.state.vault?.embedder;
  const embedder = given ?? builtInEmbedder(made?.models ?? []) ?? defaultEmbedder();
  const { space, dims, model } = embedder.identity;
  const isSame =
    made?.space === space &&
    made.dims === dims &&
    made.models.some((known) => known.id === model.id && known.sha256 === model.sha256);
  need('INV-EMBEDDER', isSame, 'EMBEDDER_MISMATCH', 'the vault was made for another embedder');
  return embedder;
}
