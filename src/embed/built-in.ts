// SPDX-License-Identifier: Apache-2.0
// The built-in models and their tiers.
import { fail, isStrongroomError } from '../core/index.ts';
import type { Embedder } from './embedder.ts';
import { hashEmbedder } from './hash-embedder.ts';
import { hasMinilmFiles, minilmEmbedder } from './minilm-embedder.ts';
import { mixedEmbedder } from './mixed-embedder.ts';
import { hasOnnxRuntime } from './onnx-runtime.ts';
import { staticEmbedder } from './static-embedder.ts';

/**
 * Which of the two models of the built-in space does what. `static`: the table for passages and questions. `mixed`: the
 * table for passages, the transformer for questions. `minilm`: the transformer for both.
 */
export type Tier = 'static' | 'mixed' | 'minilm';

/** Every tier, the cheapest first. */
export const TIERS: readonly Tier[] = ['static', 'mixed', 'minilm'];

/** The embedder that a new vault gets when none is named. */
export function defaultEmbedder(): Embedder {
  return staticEmbedder();
}

/** The embedder of a tier; what it needs is asked for when the first text comes. @throws {USAGE} for an unknown tier */
export function tierEmbedder(tier: Tier): Embedder {
  switch (tier) {
    case 'static':
      return staticEmbedder();
    case 'mixed':
      return mixedEmbedder(staticEmbedder(), minilmEmbedder());
    case 'minilm':
      return minilmEmbedder();
    default:
      throw fail('USAGE', 'there is no such tier');
  }
}

/** What the transformer needs and this machine lacks; empty when it can be used. */
export async function missingForMinilm(): Promise<readonly ('runtime' | 'model')[]> {
  const lacks = { runtime: !(await hasOnnxRuntime()), model: !hasMinilmFiles() };
  return (['runtime', 'model'] as const).filter((part) => lacks[part]);
}

/** How questions to a vault that names the transformer are embedded. */
export interface QueryRule {
  /**
   * `best`: by the transformer, and by the table where the transformer cannot be used. `required`: by the transformer or not
   * at all. `static`: by the table.
   */
  readonly queries: 'best' | 'required' | 'static';
  /** Told once when the table stands in for the transformer. */
  readonly onFallback: (reason: Error) => void;
}

/**
 * The built-in embedder of a vault by the models that its log names; null when it was made for another one. Passages get
 * the first of the models, which costs least; better vectors follow by an upgrade.
 */
export function builtInEmbedder(
  models: readonly { readonly id: string }[],
  rule?: QueryRule,
): Embedder | null {
  const names = (embedder: Embedder): boolean =>
    models.some(({ id }) => id === embedder.identity.model.id);
  const documents = [staticEmbedder(), hashEmbedder(), minilmEmbedder()].find(names) ?? null;
  if (documents === null || rule === undefined || rule.queries === 'static') return documents;
  const better = minilmEmbedder();
  const isShared = documents.identity.space === better.identity.space;
  if (!isShared || !names(better)) return documents;
  return mixedEmbedder(
    documents,
    rule.queries === 'required' ? better : withFallback(better, rule),
  );
}

/** The transformer, and in its place the table from the first time on that it cannot be loaded. */
function withFallback(better: Embedder, { onFallback }: QueryRule): Embedder {
  const table = staticEmbedder();
  let hasFailed = false;
  return {
    ...better,
    async embedQuery(text, options) {
      if (hasFailed) return table.embedQuery(text, options);
      try {
        return await better.embedQuery(text, options);
      } catch (error) {
        // Absent parts are a choice; an altered file is an attack or damage, and nothing stands in for it.
        const isAbsent =
          isStrongroomError(error, 'RUNTIME_MISSING') || isStrongroomError(error, 'MODEL_MISSING');
        if (!isAbsent) throw error;
        hasFailed = true;
        onFallback(error);
        return table.embedQuery(text, options);
      }
    },
  };
}
