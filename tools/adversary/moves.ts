// SPDX-License-Identifier: Apache-2.0
// What the files of test/attacks say of themselves, read from their source without running them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The project's folder. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** Folder of the suite, relative to {@link ROOT}. */
export const FOLDER = 'test/attacks';

/** One move as its file names it. */
export interface MoveSource {
  readonly file: string;
  readonly id: string;
  readonly title: string;
  readonly by: string;
  readonly codes: readonly string[];
}

/** Names of the files of the suite, in order. */
export function moveFiles(): string[] {
  return readdirSync(path.join(ROOT, FOLDER))
    .filter((name) => /^A[0-9]{2}-.*\.test\.ts$/.test(name))
    .sort();
}

/** Every move, in order. @throws Error for a file without a plain `move({ ... })` */
export function movesOfSource(): MoveSource[] {
  return moveFiles().map((file) => {
    const text = readFileSync(path.join(ROOT, FOLDER, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression))
        continue;
      const { expression, arguments: given } = statement.expression;
      if (expression.getText() !== 'move' || given[0] === undefined) continue;
      return { ...(valueOf(given[0]) as Omit<MoveSource, 'file'>), file };
    }
    throw new Error(`${file} holds no move`);
  });
}

/** The table of all moves in Markdown. */
export function movesTable(): string {
  const rows = movesOfSource().map(({ file, id, title, by, codes }) => {
    const link = `[${id}](../${FOLDER}/${file})`;
    return `| ${link} | ${title} | ${by} | ${codes.join(', ') || '-'} |`;
  });
  return [
    '| move | what the attacker does | stopped by | error codes |',
    '| - | - | - | - |',
    ...rows,
  ].join('\n');
}

/** Value of a literal. */
function valueOf(node: ts.Expression): unknown {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(valueOf);
  if (!ts.isObjectLiteralExpression(node)) throw new Error(`not a literal: ${node.getText()}`);
  return Object.fromEntries(
    node.properties.map((property) => {
      if (!ts.isPropertyAssignment(property)) throw new Error(`not a field: ${property.getText()}`);
      return [property.name.getText(), valueOf(property.initializer)];
    }),
  );
}
