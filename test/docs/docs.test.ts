// What the pages say holds: codes are complete, examples compile, links lead somewhere, words stay out.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../../tools/errors-page.ts';

const ROOT = path.resolve('.');

function tracked(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file !== '' && existsSync(path.join(ROOT, file)));
}

function pages(): string[] {
  const docs = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const top = readdirSync(ROOT).filter((file) => file.endsWith('.md'));
  return [
    ...top,
    ...docs.filter((file) => file.endsWith('.md')).map((file) => path.join('docs', file)),
  ];
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** Type errors of a TypeScript example, with `strongroom` meaning this checkout. */
function typeErrors(code: string): string[] {
  const name = path.join(ROOT, 'example-in-page.ts');
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) =>
    ts.sys.readFile(file),
  ) as {
    config: { compilerOptions: Record<string, unknown> };
  };
  const options = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, noUnusedLocals: false, paths: { strongroom: ['./src/index.ts'] } },
    ROOT,
  ).options;
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (file) => (file === name ? code : readFile(file));
  host.fileExists = (file) => file === name || fileExists(file);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, version) =>
    file === name ? ts.createSourceFile(file, code, version) : getSourceFile(file, version);
  const program = ts.createProgram([name], options, host);
  const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(name));
  return found.map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '));
}

describe('the pages', () => {
  it('list every error code, as the code has it', () => {
    expect(read('docs/errors.md')).toBe(errorsPage());
  });

  it('hold TypeScript examples that compile', () => {
    const examples = pages().flatMap((page) => {
      const blocks = read(page).matchAll(/```ts\n([\s\S]*?)```/g);
      return [...blocks].map(([, code = '']) => ({ page, code }));
    });
    expect(examples.length).toBeGreaterThan(0);
    for (const { page, code } of examples) expect([page, ...typeErrors(code)]).toEqual([page]);
  });

  it('finds an error in an example that does not compile', () => {
    expect(typeErrors("import { openVault } from 'strongroom';\nopenVault(1);")).not.toEqual([]);
  });

  it('link to files that exist', () => {
    const dead: string[] = [];
    for (const page of pages()) {
      for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        const [file = ''] = target.split('#');
        if (/^[a-z]+:/.test(target) || file === '') continue;
        if (!existsSync(path.join(ROOT, path.dirname(page), file))) dead.push(`${page}: ${target}`);
      }
    }
    expect(dead).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages().flatMap((page) =>
      [...read(page).matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)].map(([, script]) => script),
    );
    expect(named.filter((script) => script !== undefined && !(script in scripts))).toEqual([]);
  });

  it('name every npm script in CONTRIBUTING.md, but for what npm itself calls', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const lines = read('CONTRIBUTING.md').split('\n');
    const isNamed = (script: string): boolean =>
      lines.some((line) => new RegExp(`^npm (?:run (?:-s )?)?${script} .*# \\S`).test(line));
    const own = Object.keys(scripts).filter((script) => script !== 'prepack');
    expect(own.filter((script) => !isNamed(script))).toEqual([]);
  });
});

describe('the repository', () => {
  it('holds no path of a machine and no host name of a package registry', () => {
    // Put together here, so that this file does not hold them either.
    const words = [
      'registry.npm' + 'js',
      'pypi' + '.org',
      'proxy.go' + 'lang',
      'static.cra' + 'tes',
      '/wo' + 'rk/',
      '/ro' + 'ot/',
      '/ho' + 'me/',
    ];
    const found: string[] = [];
    for (const file of tracked()) {
      const text = readFileSync(path.join(ROOT, file), 'latin1');
      for (const word of words) if (text.includes(word)) found.push(`${file}: ${word}`);
    }
    expect(found).toEqual([]);
  });

  it('keeps large files out, except the models that have to be there', () => {
    const sizes = tracked().map(
      (file) => [file, readFileSync(path.join(ROOT, file)).length] as const,
    );
    const large = sizes.filter(([, bytes]) => bytes > 1024 * 1024);
    // Every version of such a file stays in the history for ever: docs/adr/0073-transformer-tier.md.
    expect(large).toEqual([
      ['models/minilm/minilm-nb8.onnx', 24_596_163],
      ['models/static-256/static-256.i8', 7_813_632],
    ]);
  });
});
