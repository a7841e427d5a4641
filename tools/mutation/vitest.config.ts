// SPDX-License-Identifier: Apache-2.0
// The tests that judge mutants of one room: those named by STRONGROOM_MUTATION_TESTS, in this process's own working folder.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: (process.env['STRONGROOM_MUTATION_TESTS'] ?? '').split(','),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
