// Everything that guards the project: format, lint, types, all tests, then each security check removed in turn. Ends with a
// line of counts.
//
//   npm test                    all of it
//   npm test -- PATTERN...      only the tests whose file name matches
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Counts, countsText, runVitest } from './vitest-run.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const patterns = process.argv.slice(2);
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };

function node(script: string, ...args: string[]): boolean {
  const command = [path.join(root, script), ...args];
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  return status === 0;
}

function step(name: string, work: () => boolean): void {
  const start = performance.now();
  process.stdout.write(`\n== ${name}\n`);
  const ok = work();
  counts[ok ? 'passed' : 'failed'] += 1;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${ok ? 'ok' : 'FAILED'}  ${name}, ${seconds} s\n`);
}

/** Runs the tests and adds their counts. */
async function tests(): Promise<void> {
  process.stdout.write('\n== tests\n');
  const { passed, failed, skipped } = await runVitest(patterns);
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
}

if (patterns.length === 0) {
  step('format', () => node('node_modules/prettier/bin/prettier.cjs', '--check', '.'));
  step('types', () => node('node_modules/typescript/bin/tsc', '-p', '.'));
  step('lint', () => node('node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'));
}
await tests();
if (patterns.length === 0) {
  step('every security check is load-bearing', () => node('tools/check-invariants.ts'));
}

process.stdout.write(`\n${countsText(counts)}\n`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
