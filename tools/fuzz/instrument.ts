// SPDX-License-Identifier: Apache-2.0
// Rewrites a source file so that it counts which branches run and how often its loops turn. Counting inside the code costs
// nanoseconds, so that every single execution gives feedback; the profiler of V8 would have to be asked a thousand times
// a second.
import ts from 'typescript';

/** One place where the code may go one way or another. */
export interface Branch {
  /** Top-level function, constant or `Class.method` that holds it. */
  readonly owner: string;
  readonly line: number;
  readonly what: 'if' | 'else' | 'then' | 'otherwise' | 'right' | 'case' | 'default' | 'catch';
}

/** A rewritten file and its branches, numbered from the first counter that it was given. */
export interface Instrumented {
  readonly source: string;
  readonly branches: readonly Branch[];
  /** Literal texts of the file, which make good pieces of input. */
  readonly tokens: readonly string[];
}

/** Global that the rewritten code counts in: `c` by branch, `loop()` once per turn of a loop. */
export const COUNTERS = '__strongroomFuzz';

const LOGICAL = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

/** Instruments a TypeScript file; its first branch has the number `first`. */
export function instrument(text: string, first: number): Instrumented {
  const writer = new Writer(text, first);
  return { source: writer.whole(), branches: writer.branches, tokens: [...writer.tokens] };
}

class Writer {
  readonly branches: Branch[] = [];
  readonly tokens = new Set<string>();
  readonly #text: string;
  readonly #first: number;
  readonly #file: ts.SourceFile;
  readonly #owners: string[] = [];

  constructor(text: string, first: number) {
    this.#text = text;
    this.#first = first;
    this.#file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  }

  whole(): string {
    return `const __F=globalThis.${COUNTERS},__C=__F.c,__L=__F.loop;${this.#plain(this.#file, 0)}`;
  }

  /** The text of a node with its children rewritten; `start` includes what stands before the first child. */
  #plain(node: ts.Node, start = node.getStart(this.#file)): string {
    let out = '';
    let at = start;
    ts.forEachChild(node, (child) => {
      const from = child.getStart(this.#file);
      out += this.#text.slice(at, from) + this.#render(child);
      at = child.end;
    });
    return out + this.#text.slice(at, node.end);
  }

  #render(node: ts.Node): string {
    const owner = this.#ownerOf(node);
    if (owner === null) return this.#rewritten(node);
    this.#owners.push(owner);
    const out = this.#rewritten(node);
    this.#owners.pop();
    return out;
  }

  #rewritten(node: ts.Node): string {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return this.#asIs(node);
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return this.#asIs(node);
    if (ts.isStringLiteralLike(node)) this.#note(node.text);
    if (ts.isIfStatement(node)) return this.#if(node);
    if (ts.isConditionalExpression(node)) return this.#conditional(node);
    if (ts.isBinaryExpression(node) && LOGICAL.has(node.operatorToken.kind)) {
      return this.#around(node, node.right, 'right');
    }
    if ((ts.isParameter(node) || ts.isBindingElement(node)) && node.initializer !== undefined) {
      return this.#around(node, node.initializer, 'default');
    }
    if (ts.isCaseOrDefaultClause(node)) return this.#clause(node);
    if (ts.isCatchClause(node)) return this.#body(node, node.block, this.#count(node, 'catch'));
    if (ts.isIterationStatement(node, false)) return this.#body(node, node.statement, '__L();');
    return this.#plain(node);
  }

  #asIs(node: ts.Node): string {
    return this.#text.slice(node.getStart(this.#file), node.end);
  }

  /** A node with one of its children rewritten by hand. */
  #with(node: ts.Node, special: ReadonlyMap<ts.Node, () => string>): string {
    let out = '';
    let at = node.getStart(this.#file);
    ts.forEachChild(node, (child) => {
      const make = special.get(child);
      out += this.#text.slice(at, child.getStart(this.#file));
      out += make === undefined ? this.#render(child) : make();
      at = child.end;
    });
    return out + this.#text.slice(at, node.end);
  }

  #if(node: ts.IfStatement): string {
    const then = this.#count(node.thenStatement, 'if');
    const otherwise = this.#count(node.elseStatement ?? node, 'else');
    const parts = new Map([[node.thenStatement, () => this.#block(node.thenStatement, then)]]);
    const { elseStatement } = node;
    if (elseStatement === undefined) return `${this.#with(node, parts)} else {${otherwise}}`;
    parts.set(elseStatement, () => this.#block(elseStatement, otherwise));
    return this.#with(node, parts);
  }

  #conditional(node: ts.ConditionalExpression): string {
    const then = this.#count(node.whenTrue, 'then', ',');
    const otherwise = this.#count(node.whenFalse, 'otherwise', ',');
    return this.#with(
      node,
      new Map<ts.Node, () => string>([
        [node.whenTrue, () => `(${then}${this.#render(node.whenTrue)})`],
        [node.whenFalse, () => `(${otherwise}${this.#render(node.whenFalse)})`],
      ]),
    );
  }

  #around(node: ts.Node, part: ts.Expression, what: 'right' | 'default'): string {
    const count = this.#count(part, what, ',');
    return this.#with(node, new Map([[part, () => `(${count}${this.#render(part)})`]]));
  }

  #clause(node: ts.CaseOrDefaultClause): string {
    const [first] = node.statements;
    if (first === undefined) return this.#plain(node);
    const count = this.#count(node, 'case');
    return this.#with(node, new Map([[first, () => count + this.#render(first)]]));
  }

  #body(node: ts.Node, body: ts.Statement, count: string): string {
    return this.#with(node, new Map([[body, () => this.#block(body, count)]]));
  }

  #block(statement: ts.Statement, count: string): string {
    const inner = this.#render(statement);
    return ts.isBlock(statement) ? `{${count}${inner.slice(1)}` : `{${count}${inner}}`;
  }

  /** A new counter and the code that raises it. */
  #count(node: ts.Node, what: Branch['what'], end = ';'): string {
    const { line } = this.#file.getLineAndCharacterOfPosition(node.getStart(this.#file));
    this.branches.push({ owner: this.#owners.join('.'), line: line + 1, what });
    return `__C[${this.#first + this.branches.length - 1}]++${end}`;
  }

  #ownerOf(node: ts.Node): string | null {
    if (this.#owners.length === 0) {
      if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node))
        return node.name?.text ?? '';
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) return node.name.text;
    } else if (this.#owners.length === 1 && ts.isClassElement(node)) {
      return ts.isConstructorDeclaration(node)
        ? 'constructor'
        : (node.name?.getText(this.#file) ?? '');
    }
    return null;
  }

  /** Keeps short texts that may be part of an input, not sentences of errors. */
  #note(text: string): void {
    if (text.length > 0 && text.length <= 40 && !text.startsWith('INV-')) this.tokens.add(text);
  }
}
