// Everything that guards the project: format, lint, types, all tests, then each security check removed in turn. Ends with a
// line of counts.
//
//   npm test                    all of it
//   npm test -- PATTERN...      only the tests whose file name matches
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const patterns = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };

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

/** Runs the tests and adds their counts; a run that ends without a report counts as one failure. */
function tests(): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-check-'));
  const report = path.join(folder, 'report.json');
  process.stdout.write('\n== tests\n');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = node('node_modules/vitest/vitest.mjs', 'run', ...reporters, ...patterns);
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Record<string, number>;
    counts.passed += numPassedTests ?? 0;
    // A file that fails to load has no failed test of its own.
    counts.failed += Math.max(numFailedTests ?? 0, ok ? 0 : 1);
    counts.skipped += numPendingTests ?? 0;
  } catch {
    counts.failed += 1;
  }
  rmSync(folder, { recursive: true });
}

if (patterns.length === 0) {
  step('format', () => node('node_modules/prettier/bin/prettier.cjs', '--check', '.'));
  step('types', () => node('node_modules/typescript/bin/tsc', '-p', '.'));
  step('lint', () => node('node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'));
}
tests();
if (patterns.length === 0) {
  step('every security check is load-bearing', () => node('tools/check-invariants.ts'));
}

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
