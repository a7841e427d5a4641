// SPDX-License-Identifier: Apache-2.0
import { fail, need } from '../core/index.ts';
import {
  builtInEmbedder,
  defaultEmbedder,
  type Embedder,
  minilmEmbedder,
  withQuestions,
} from '../embed/index.ts';
import type { Ledger } from '../provenance/index.ts';
import type { VaultContext } from './context.ts';

/**
 * The embedder to open a vault with: the one that is given, else the built-in one that the vault was made for, with
 * questions by the transformer if the log names it.
 * @throws {EMBEDDER_MISMATCH} when the vault was made for another one
 */
export function embedderOf(
  ledger: Ledger,
  { queries = 'best', onAlarm }: Pick<VaultContext, 'queries' | 'onAlarm'>,
  given?: Embedder,
): Embedder {
  const made = ledger.view.state.vault?.embedder;
  const embedder = given ?? builtInEmbedder(made?.models ?? []) ?? defaultEmbedder();
  const { space, dims } = embedder.identity;
  const isSame = made?.space === space && made.dims === dims && isNamed(ledger, embedder);
  need('INV-EMBEDDER', isSame, 'EMBEDDER_MISMATCH', 'the vault was made for another embedder');
  if (given !== undefined) return given;
  return withQuestions(embedder, {
    queries,
    isNamed: () => isNamed(ledger, minilmEmbedder()),
    onFallback: ({ code, message }) => {
      onAlarm({ code, message: `${message}: questions go through the static table` });
    },
  });
}

/**
 * The embedder that was given in code or named by the configuration.
 * @throws {USAGE} for both: what the configuration says of models and network would not hold for one given in code
 */
export function chosenEmbedder(
  { embedder }: Pick<VaultContext, 'embedder'>,
  given?: Embedder,
): Embedder | undefined {
  if (given !== undefined && embedder !== undefined)
    throw fail('USAGE', 'strongroom.json names the embedder: none can be given in code');
  return given ?? embedder;
}

/** Whether the log names a model as one of the vault's, with these very weights. */
export function isNamed(ledger: Ledger, { identity: { model } }: Embedder): boolean {
  const models = ledger.view.state.vault?.embedder.models ?? [];
  return models.some(({ id, sha256 }) => id === model.id && sha256 === model.sha256);
}
