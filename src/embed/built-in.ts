// SPDX-License-Identifier: Apache-2.0
// The built-in models and their tiers.
import { fail, isStrongroomError, type StrongroomError } from '../core/index.ts';
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

/** How questions are embedded to a vault whose log names the transformer. */
export interface QuestionRule {
  /** Whether the log names it by now. */
  readonly isNamed: () => boolean;
  /**
   * `best`: by the transformer, and by the table where the transformer is not installed. `required`: by the transformer or
   * not at all. `static`: by the table.
   */
  readonly queries: Queries;
  /** Told once when the table stands in for the transformer. */
  readonly onFallback: (reason: StrongroomError) => void;
  /** Default: the built-in one. */
  readonly transformer?: Embedder;
}

/** See {@link QuestionRule}. */
export type Queries = 'best' | 'required' | 'static';

/** The built-in embedder of passages whose model is among those that a vault names, the cheapest of them; or null. */
export function builtInEmbedder(models: readonly { readonly id: string }[]): Embedder | null {
  const all = [staticEmbedder(), hashEmbedder(), minilmEmbedder()];
  return all.find(({ identity }) => models.some(({ id }) => id === identity.model.id)) ?? null;
}

/**
 * An embedder of passages, with questions by the transformer from the moment on that the vault names it. What is not
 * installed may be done without; an altered file is an attack or damage, and nothing stands in for it.
 */
export function withQuestions(passages: Embedder, rule: QuestionRule): Embedder {
  const better = rule.transformer ?? minilmEmbedder();
  const isOfSpace = passages.identity.space === better.identity.space;
  if (!isOfSpace || rule.queries === 'static') return passages;
  let isAbsent = false;
  const isUsed = (): boolean => !isAbsent && rule.isNamed();
  return {
    ...passages,
    questionsBy: () => (isUsed() ? better : passages).identity.model.id,
    async embedQuery(text, options) {
      if (!isUsed()) return passages.embedQuery(text, options);
      try {
        return await better.embedQuery(text, options);
      } catch (error) {
        if (rule.queries === 'required' || !isMissing(error)) throw error;
        isAbsent = true;
        rule.onFallback(error);
        return passages.embedQuery(text, options);
      }
    },
  };
}

function isMissing(error: unknown): error is StrongroomError {
  return isStrongroomError(error, 'RUNTIME_MISSING') || isStrongroomError(error, 'MODEL_MISSING');
}
