// SPDX-License-Identifier: Apache-2.0
// The packed package: what it holds, and that its library and its command line work where nothing else is installed.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledPackage, installPackage } from '../support/package.ts';

interface Manifest {
  readonly version: string;
  readonly bin: Record<string, string>;
  readonly exports: Record<string, { readonly types: string; readonly default: string }>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

/** What the product may read of its environment: places, secrets and colours, never a switch of a check. */
const ENVIRONMENT = new Set([
  'FORCE_COLOR',
  'NO_COLOR',
  'STRONGROOM_ACCESS',
  'STRONGROOM_DEBUG',
  'STRONGROOM_HOME',
  'STRONGROOM_OPENSEARCH',
  'STRONGROOM_OPENSEARCH_CA',
  'STRONGROOM_PASSPHRASE',
  'STRONGROOM_TOKEN',
  'STRONGROOM_VAULT',
  'TERM',
  'XDG_CONFIG_HOME',
]);

let installed: InstalledPackage;
let manifest: Manifest;
let files: readonly string[];

beforeAll(() => {
  installed = installPackage();
  const at = path.join(installed.folder, 'package.json');
  manifest = JSON.parse(readFileSync(at, 'utf8')) as Manifest;
  files = readdirSync(installed.folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(installed.folder, name)).isFile())
    .map((name) => name.replaceAll(path.sep, '/'))
    .sort();
}, 180_000);
afterAll(() => installed.remove());

const read = (name: string): string => readFileSync(path.join(installed.folder, name), 'utf8');
const node = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, args, { cwd: installed.project, encoding: 'utf8' });

describe('the packed files', () => {
  it('are built code, its types, the model and the pages for users, and nothing else', () => {
    const wanted = /^(?:dist\/[a-z0-9-/]+\.(?:js|d\.ts)|models\/static-256\/.*)$/;
    expect(files.filter((name) => !wanted.test(name))).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'package.json',
    ]);
    expect(files.filter((name) => /test|demo|bench|fixture|\.map$/.test(name))).toEqual([]);
  });

  it('hold no path of the machine that built them, and no switch that weakens a check', () => {
    const root = path.resolve(import.meta.dirname, '../..');
    for (const name of files) {
      const text = read(name);
      expect([name, text.includes(root), text.includes('sourceMappingURL')]).toEqual([
        name,
        false,
        false,
      ]);
    }
    const code = files
      .filter((name) => name.endsWith('.js'))
      .map(read)
      .join('\n');
    const accessed = [...code.matchAll(/\benv(?:\.|\[')([A-Z][A-Z_]{2,})/g)];
    const named = [...code.matchAll(/['"](STRONGROOM_[A-Z_]+)['"]/g)];
    const variables = new Set([...accessed, ...named].map(([, name = '']) => name));
    expect(variables).toContain('STRONGROOM_HOME');
    expect([...variables].filter((name) => !ENVIRONMENT.has(name))).toEqual([]);
  });

  it('import only what the manifest asks for', () => {
    const imported = new Set<string>();
    for (const name of files.filter((file) => file.endsWith('.js'))) {
      const statements =
        /^(?:import|export|\}) ?[^'"]*?from '([^'.][^']*)'|^import '([^'.][^']*)'/gm;
      for (const [, from, bare] of read(name).matchAll(statements)) {
        const specifier = from ?? bare ?? '';
        if (specifier.startsWith('node:')) continue;
        imported.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
      }
    }
    const unlisted = [...imported].filter((name) => !(name in manifest.dependencies));
    expect(unlisted).toEqual([]);
    const unused = Object.keys(manifest.dependencies).filter((name) => !imported.has(name));
    expect(unused).toEqual([]);
  });

  it('bring no package that runs a script when it is installed', () => {
    expect(Object.keys(manifest).filter((field) => /optional|bundle/.test(field))).toEqual([]);
    // Native code comes only to those who ask for it by name.
    const required = Object.keys(manifest.peerDependencies).filter(
      (name) => manifest.peerDependenciesMeta[name]?.optional !== true,
    );
    expect(required).toEqual([]);
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      readonly packages: Record<string, { hasInstallScript?: boolean; dependencies?: object }>;
    };
    const reached = new Set(Object.keys(manifest.dependencies));
    for (const name of reached) {
      const found = lock.packages[`node_modules/${name}`];
      for (const needed of Object.keys(found?.dependencies ?? {})) reached.add(needed);
    }
    expect(reached.size).toBeGreaterThan(Object.keys(manifest.dependencies).length);
    const scripted = [...reached].filter(
      (n) => lock.packages[`node_modules/${n}`]?.hasInstallScript,
    );
    expect(scripted).toEqual([]);
  });

  it('satisfy publint', async () => {
    const { messages } = await publint({ pkgDir: installed.folder, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });
});

describe('the library', () => {
  it('can be imported by every name that the manifest exports', () => {
    const names = Object.keys(manifest.exports).map((name) => name.replace('.', 'strongroom'));
    expect(names.length).toBeGreaterThan(10);
    const code = names
      .map((name) => `console.log('${name}', Object.keys(await import('${name}')).length)`)
      .join('\n');
    const { status, stdout, stderr } = node('--input-type=module', '--eval', code);
    expect([status, stderr.replaceAll(/.*ExperimentalWarning.*\n.*\n/g, '')]).toEqual([0, '']);
    const counts = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(counts.map(([name]) => name)).toEqual(names);
    for (const [name, count] of counts) expect([name, Number(count) > 0]).toEqual([name, true]);
    for (const { types } of Object.values(manifest.exports)) {
      expect([types, existsSync(path.join(installed.folder, types))]).toEqual([types, true]);
    }
  });

  it('brings types that a strict project accepts, without leave to skip those of libraries', () => {
    mkdirSync(path.join(installed.project, 'node_modules/@types'), { recursive: true });
    const types = path.resolve(import.meta.dirname, '../../node_modules');
    for (const name of ['@types/node', 'undici-types']) {
      symlinkSync(path.join(types, name), path.join(installed.project, 'node_modules', name));
    }
    const imports = Object.keys(manifest.exports).map(
      (name, i) => `export * as room${i} from '${name.replace('.', 'strongroom')}';`,
    );
    const use = "import { openVault, type Vault } from 'strongroom';";
    const typed = "export const opened: Promise<Vault> = openVault({ vault: 'v' });";
    writeFileSync(path.join(installed.project, 'user.ts'), [use, ...imports, typed].join('\n'));
    const tsc = path.join(types, 'typescript/bin/tsc');
    const options = ['--strict', '--noEmit', '--target', 'es2023', '--module', 'nodenext'];
    const { status, stdout } = node(tsc, ...options, '--types', 'node', 'user.ts');
    expect([status, stdout]).toEqual([0, '']);
  });

  it('keeps what is not exported to itself', () => {
    const { status, stderr } = node(
      '--input-type=module',
      '--eval',
      "await import('strongroom/cli')",
    );
    expect(status).toBe(1);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
