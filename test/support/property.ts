// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';

const runs = process.env['SLOW'] === '1' ? 1000 : 100;

/** fast-check with a fixed seed, so that a failure repeats; `SLOW=1` tries ten times as many cases. */
fc.configureGlobal({ seed: 20_270_115, numRuns: runs });

export { fc };
