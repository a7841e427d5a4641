// SPDX-License-Identifier: Apache-2.0
// The package as users get it: packed by npm from a fresh build, and installed into a temporary project. Only what its
// manifest asks for is linked beside it, so that a package of ours that only development has is missed at once.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(ROOT, 'node_modules/.cache/strongroom');
/** What the packed files are made of. */
const INPUTS = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tools/build.ts',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'SECURITY.md',
  'models',
  'src',
];

/** A temporary project into which the package is installed. */
export interface InstalledPackage {
  /** The project's folder. */
  readonly project: string;
  /** The package's folder in it. */
  readonly folder: string;
  remove(): void;
}

/** Packs the checkout, unless a former run has, and installs the package into a new project. */
export function installPackage(): InstalledPackage {
  const tarball = packed();
  const project = mkdtempSync(path.join(tmpdir(), 'strongroom-project-'));
  const modules = path.join(project, 'node_modules');
  mkdirSync(modules);
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  const folder = path.join(modules, 'strongroom');
  execFileSync('mv', [path.join(modules, 'package'), folder]);
  for (const name of productionPackages()) link(name, modules);
  writeFileSync(path.join(project, 'package.json'), '{"private":true,"type":"module"}\n');
  const remove = (): void => rmSync(project, { recursive: true, force: true });
  return { project, folder, remove };
}

function link(name: string, modules: string): void {
  const target = path.join(modules, name);
  mkdirSync(path.dirname(target), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules', name), target, 'junction');
}

/** Names of the packages at the top of the tree that an installation without development has. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; link?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([place, { dev, optional, link: linked }]) => {
      const isTop = place.startsWith('node_modules/') && place.lastIndexOf('node_modules/') === 0;
      return isTop && dev !== true && optional !== true && linked !== true;
    })
    .map(([place]) => place.slice('node_modules/'.length));
}

/** Test files run side by side: one packs, the others wait for it. */
function packed(): string {
  const folder = path.join(CACHE, `package-${digest()}`);
  const [lock, marker] = [`${CACHE}/package.lock`, path.join(folder, '.complete')];
  mkdirSync(CACHE, { recursive: true });
  while (!existsSync(marker)) {
    if (!acquired(lock)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      continue;
    }
    try {
      if (!existsSync(marker)) pack(folder, marker);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  return path.join(folder, name);
}

function pack(folder: string, marker: string): void {
  for (const name of readdirSync(CACHE)) {
    if (name.startsWith('package-')) rmSync(path.join(CACHE, name), { recursive: true });
  }
  mkdirSync(folder);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status, stderr } = spawnSync(npm, ['pack', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  writeFileSync(marker, '');
}

/** Takes the lock, or one that a killed run has left behind. */
function acquired(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > 120_000) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function digest(): string {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    const place = path.join(ROOT, input);
    const files = statSync(place).isDirectory()
      ? readdirSync(place, { recursive: true, encoding: 'utf8' }).sort()
      : [''];
    for (const file of files) {
      const found = path.join(place, file);
      if (statSync(found).isFile()) hash.update(`${input}/${file}\0`).update(readFileSync(found));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
