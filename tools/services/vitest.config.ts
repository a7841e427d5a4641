// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests that need servers; `tools/services/main.ts` starts these. */
export default defineConfig({
  root: path.resolve(import.meta.dirname, '../..'),
  test: {
    include: ['test/services/**/*.services.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
