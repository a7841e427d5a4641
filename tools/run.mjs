// SPDX-License-Identifier: Apache-2.0
// Runs a script of the project on the pinned Node.js, after installing what it needs. Plain JavaScript without
// dependencies: it must run on whatever Node.js npm itself runs on.
//
//   node tools/run.mjs SCRIPT [ARG...]        a TypeScript or JavaScript file of the project
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamp = path.join(root, 'node_modules', '.strongroom-installed');
const pinned = path.join(
  root,
  'node_modules',
  '.bin',
  process.platform === 'win32' ? 'node.cmd' : 'node',
);

/** What an installation depends on: the lock file and the machine. */
function wanted() {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  return `${hash} ${process.platform} ${process.arch}\n`;
}

function install() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return;
  process.stderr.write('Installing the pinned packages (once, about 800 MB on disk)...\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const options = { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options);
  if (status !== 0) {
    process.stderr.write('npm ci failed; see above.\n');
    process.exit(1);
  }
  writeFileSync(stamp, wanted());
}

/** The pinned Node.js; on platforms for which npm has none, the present one if it is new enough. */
function runtime() {
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  process.stderr.write(
    `Strongroom's checkout needs Node.js 22.18 or newer; this is ${process.version}.\n`,
  );
  process.exit(1);
}

install();
const [script, ...args] = process.argv.slice(2);
// npm changes to the project's folder; paths that a person types are meant from where he stands.
const cwd = process.env.INIT_CWD ?? process.cwd();
const child = spawn(
  runtime(),
  ['--disable-warning=ExperimentalWarning', path.join(root, script), ...args],
  { cwd, stdio: 'inherit', shell: process.platform === 'win32' },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal !== null) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
