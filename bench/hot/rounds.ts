// Timing on a machine that others use too: short blocks in turn, medians, ratios within one run.

/** One way to answer query number `n`. */
export type Answer = (n: number) => unknown;

export interface Timed {
  /** Median over rounds of the median of a block, microseconds. */
  readonly p50: number;
  /** Over all calls. */
  readonly p99: number;
  /** Median over rounds of this block's median divided by that of the first alternative in the same round. */
  readonly ratio: number;
}

export interface Rounds {
  readonly rounds: number;
  readonly block: number;
}

/** Runs blocks of each alternative in turn; the first one is what the others are compared with. */
export async function inRounds(
  alternatives: ReadonlyMap<string, Answer>,
  { rounds, block }: Rounds,
): Promise<Map<string, Timed>> {
  const names = [...alternatives.keys()];
  const all = new Map(names.map((name) => [name, [] as number[]]));
  const medians = new Map(names.map((name) => [name, [] as number[]]));
  // Round -1 warms up. Each alternative has queries of its own in a round: the same ones again would find the cache hot.
  for (let round = -1; round < rounds; round++) {
    for (const [turn, [name, answer]] of [...alternatives].entries()) {
      const times: number[] = [];
      for (let call = 0; call < block; call++) {
        const n = (round + 1) * block + call + turn * 37;
        const start = performance.now();
        const result = answer(n);
        if (result instanceof Promise) await result;
        times.push((performance.now() - start) * 1000);
      }
      if (round < 0) continue;
      all.get(name)!.push(...times);
      medians.get(name)!.push(quantile(times, 0.5));
    }
  }
  const first = medians.get(names[0]!)!;
  return new Map(
    names.map((name) => {
      const own = medians.get(name)!;
      const ratio = quantile(
        own.map((value, round) => value / first[round]!),
        0.5,
      );
      return [name, { p50: quantile(own, 0.5), p99: quantile(all.get(name)!, 0.99), ratio }];
    }),
  );
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}

/** Mean of numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
