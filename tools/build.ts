// Builds the package into dist/: plain JavaScript and type declarations, after compiling the kernels and comparing them
// with the committed module.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
const kernels = path.join(root, 'tools/kernels.ts');
const checked = spawnSync(process.execPath, [kernels, '--check'], { cwd: root, stdio: 'inherit' });
if (checked.status !== 0) process.exit(1);
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status === 0) chmodSync(path.join(dist, 'cli', 'main.js'), 0o755);
process.exitCode = status ?? 1;
