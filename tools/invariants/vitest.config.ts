import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { removable, ROOT } from './source-checks.ts';

const SRC = path.join(ROOT, 'src') + path.sep;

export default defineConfig({
  root: ROOT,
  plugins: [
    {
      name: 'removable-checks',
      enforce: 'pre',
      load(id) {
        const [file = ''] = id.split('?');
        if (!file.startsWith(SRC) || !file.endsWith('.ts')) return null;
        return removable(readFileSync(file, 'utf8'));
      },
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['tools/invariants/setup.ts'],
    testNamePattern: /(^| )INV-[A-Z0-9-]+: /,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    printConsoleTrace: false,
    silent: true,
  },
});
