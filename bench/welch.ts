// SPDX-License-Identifier: Apache-2.0

/**
 * Welch's t of two samples: how far their means lie apart, in standard errors, without assuming equal variances. In
 * side-channel testing |t| >= 4.5 counts as a difference.
 */
export function welchT(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [moments(a), moments(b)];
  return (x.mean - y.mean) / Math.sqrt(x.variance / a.length + y.variance / b.length);
}

function moments(sample: readonly number[]): { mean: number; variance: number } {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const squares = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (sample.length - 1) };
}
