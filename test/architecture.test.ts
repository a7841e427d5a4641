// The walls of the house: imports go down only, rooms are entered through their door, an SDK lives in one room.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = path.resolve('src');

/** Rooms by layer, lowest first. Rooms of one layer do not import each other. */
const LAYERS = [
  ['core'],
  ['provenance', 'keys', 'access', 'network'],
  ['store', 'index', 'embed', 'guard', 'identity'],
  ['ingest', 'retrieve', 'witness', 'opensearch'],
  ['aws'],
  ['vault'],
  ['cli'],
];

/** Packages that one room alone may import; a name that ends in a slash stands for a whole scope. */
const AT_HOME = new Map([
  ['yaml', 'access'],
  ['jose', 'identity'],
  ['parse5', 'ingest'],
  ['csv-parse', 'ingest'],
  ['mammoth', 'ingest'],
  ['postal-mime', 'ingest'],
  ['unpdf', 'ingest'],
  ['p-queue', 'ingest'],
  ['onnxruntime-node', 'embed'],
  ['commander', 'cli'],
  ['cli-table3', 'cli'],
  ['node:sqlite', 'store'],
  ['@opensearch-project/', 'opensearch'],
  ['@aws-sdk/', 'aws'],
  ['@smithy/', 'aws'],
]);

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(full);
    return entry.name.endsWith('.ts') ? [full] : [];
  });
}

function roomOf(file: string): string {
  const relative = path.relative(SRC, file).split(path.sep);
  return relative.length === 1 ? '' : (relative[0] ?? '');
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const add = (node: ts.Expression | undefined): void => {
    if (node !== undefined && ts.isStringLiteral(node)) {
      found.push({ file: path.relative(SRC, file), room: roomOf(file), target: node.text });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The room that a package is at home in, or undefined. */
const homeOf = (target: string): string | undefined =>
  AT_HOME.get(target) ?? AT_HOME.get(target.slice(0, target.indexOf('/') + 1));

const imports = sources(SRC).flatMap(importsOf);
const layerOf = (room: string): number => LAYERS.findIndex((rooms) => rooms.includes(room));

/** Imports of another room, with that room and the file entered. */
const crossings = imports
  .filter(({ room, target }) => room !== '' && target.startsWith('.'))
  .map((found) => {
    const resolved = path.resolve(SRC, path.dirname(found.file), found.target);
    return { ...found, entered: roomOf(resolved), door: path.basename(resolved) };
  })
  .filter(({ room, entered }) => room !== entered);

describe('the architecture', () => {
  it('knows every room', () => {
    const rooms = new Set(sources(SRC).map(roomOf));
    expect([...rooms].filter((room) => room !== '' && layerOf(room) < 0)).toEqual([]);
    expect(LAYERS.flat().filter((room) => !rooms.has(room))).toEqual([]);
  });

  it('lets imports go down only', () => {
    const upward = crossings.filter(({ room, entered }) => layerOf(entered) >= layerOf(room));
    expect(upward.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  });

  it('enters another room through its index alone', () => {
    const windows = crossings.filter(({ door }) => door !== 'index.ts');
    expect(windows.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  });

  it('keeps each of the special packages in its own room', () => {
    const strays = imports.filter(({ room, target }) => (homeOf(target) ?? room) !== room);
    expect(strays.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  });

  it('keeps packages and the file system out of core', () => {
    const allowed = ['node:crypto'];
    const foreign = imports.filter(
      ({ room, target }) => room === 'core' && !target.startsWith('.') && !allowed.includes(target),
    );
    expect(foreign.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  });

  it('sees imports at all', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(crossings.length).toBeGreaterThan(50);
  });
});
