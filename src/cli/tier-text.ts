// SPDX-License-Identifier: Apache-2.0
// What a vault's tier is, and what the others would cost on this machine.
import { minilmEmbedder, missingForMinilm, type Tier } from '../embed/index.ts';
import type { TierReport } from '../vault/index.ts';
import { count } from './text.ts';

/** What the transformer needs, what of it is missing, and how fast it is here. */
export interface TransformerCost {
  readonly missing: readonly ('runtime' | 'model')[];
  /** Passages of common length in a second; null where it cannot run. */
  readonly passagesPerSecond: number | null;
  /** Seconds that the documents without its vectors would take; null where it cannot run. */
  readonly secondsToUpgrade: number | null;
}

/** About as long as a chunk is on the average: 128 tokens. */
const SAMPLE = Array.from({ length: 64 }, (_, at) => (at % 2 === 0 ? 'access' : 'policy')).join(
  ' ',
);
const RUNS = 4;

/** Finds out what the transformer costs here; runs it some times where it can run, for about a second. */
export async function transformerCost({ chunksToUpgrade }: TierReport): Promise<TransformerCost> {
  const missing = await missingForMinilm();
  if (missing.length > 0) return { missing, passagesPerSecond: null, secondsToUpgrade: null };
  const model = minilmEmbedder();
  await model.embedQuery(SAMPLE);
  const start = performance.now();
  await model.embedDocuments(Array.from({ length: RUNS }, () => SAMPLE));
  const passagesPerSecond = (1000 * RUNS) / (performance.now() - start);
  const secondsToUpgrade = chunksToUpgrade / passagesPerSecond;
  return { missing, passagesPerSecond, secondsToUpgrade };
}

const MEANING: Readonly<Record<Tier, string>> = {
  static: 'passages and questions by the static table',
  mixed: 'questions by the transformer, passages not yet all of them',
  minilm: 'passages and questions by the transformer',
};

/** One line: the tier of a vault. */
export function tierText({ tier, documents, upgraded }: TierReport): string {
  if (tier === null) return 'none: the vault has an embedder of its own';
  const share = tier === 'mixed' ? ` (${upgraded} of ${count(documents, 'document')})` : '';
  return `${tier}: ${MEANING[tier]}${share}`;
}

/** Lines: what the tiers above the present one cost; none for the highest. */
export function costTexts(report: TierReport, cost: TransformerCost): [string, string][] {
  const { tier, chunksToUpgrade } = report;
  if (tier === null || tier === 'minilm') return [];
  const needs = needsText(cost);
  const chunks = count(chunksToUpgrade, 'passage');
  const { secondsToUpgrade: seconds } = cost;
  const time = seconds === null ? 'some minutes a thousand' : `about ${timeSpan(seconds)} here`;
  const all: [string, string] = [
    'minilm would cost',
    `${chunks} embedded again, ${time}, and as many bytes again for the new versions; ${needs}: strongroom upgrade`,
  ];
  if (tier === 'mixed') return [all];
  const questions = `some milliseconds more a question, 150 MB of memory; ${needs}: strongroom upgrade --questions`;
  return [['mixed would cost', questions], all];
}

function needsText({ missing }: TransformerCost): string {
  if (missing.length === 0) return 'all it needs is installed';
  const names = {
    runtime: 'onnxruntime-node (290 MB)',
    model: '@strongroom/model-minilm (25 MB)',
  };
  return `needs ${missing.map((part) => names[part]).join(' and ')}`;
}

function timeSpan(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
