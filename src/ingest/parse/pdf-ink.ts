// SPDX-License-Identifier: Apache-2.0
// Text that a page draws and nobody sees, found by following the operators that draw it (ISO 32000-2, 8.4 and 9.4).
import { getResolvedPDFJS } from 'unpdf';

/** Horizontal and vertical scale, skew and shift, as PDF writes them. */
type Matrix = readonly [number, number, number, number, number, number];

interface State {
  /** Text rendering mode; 3 and 7 leave no ink. */
  mode: number;
  isWhite: boolean;
  /** From the present coordinates to those of the page. */
  matrix: Matrix;
}

/** What a page draws, as the library lists it. */
export interface OperatorList {
  readonly fnArray: readonly number[];
  readonly argsArray: readonly unknown[];
}

/** How many runs of text leave no ink, and how many begin outside the page. */
export interface UnseenRuns {
  readonly invisible: number;
  readonly offPage: number;
}

const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** Counts a page's runs of text that nobody sees; `view` is left, bottom, right and top of the page. */
export async function unseenRuns(
  { fnArray, argsArray }: OperatorList,
  view: readonly number[],
): Promise<UnseenRuns> {
  const { OPS } = await getResolvedPDFJS();
  const shows = new Set<number>([OPS.showText, OPS.showSpacedText, OPS.nextLineShowText]);
  let state: State = { mode: 0, isWhite: false, matrix: IDENTITY };
  let line = IDENTITY;
  const stack: State[] = [];
  let [invisible, offPage] = [0, 0];
  for (const [at, operator] of fnArray.entries()) {
    const args = (argsArray[at] ?? []) as readonly unknown[];
    if (operator === OPS.save) stack.push({ ...state });
    else if (operator === OPS.restore) state = stack.pop() ?? state;
    else if (operator === OPS.transform) state.matrix = product(matrixOf(args), state.matrix);
    else if (operator === OPS.beginText) line = IDENTITY;
    else if (operator === OPS.setTextMatrix) line = matrixOf(args);
    else if (operator === OPS.moveText || operator === OPS.setLeadingMoveText) {
      line = product([1, 0, 0, 1, Number(args[0]), Number(args[1])], line);
    } else if (operator === OPS.setTextRenderingMode) state.mode = Number(args[0]);
    else if (operator === OPS.setFillRGBColor) state.isWhite = isWhite(args);
    else if (shows.has(operator)) {
      const [, , , , x, y] = product(line, state.matrix);
      if (isOutside(x, y, view)) offPage++;
      else if (state.mode === 3 || state.mode === 7 || state.isWhite) invisible++;
    }
  }
  return { invisible, offPage };
}

function isOutside(x: number, y: number, view: readonly number[]): boolean {
  const [left = 0, bottom = 0, right = 0, top = 0] = view;
  return x < left - 1 || x > right + 1 || y < bottom - 1 || y > top + 1;
}

/** As six numbers, or as one list of them. */
function matrixOf(args: readonly unknown[]): Matrix {
  const list = (args.length === 1 ? Array.from(args[0] as ArrayLike<unknown>) : args).map(Number);
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = list;
  return [a, b, c, d, e, f];
}

function product(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[1] * n[2],
    m[0] * n[1] + m[1] * n[3],
    m[2] * n[0] + m[3] * n[2],
    m[2] * n[1] + m[3] * n[3],
    m[4] * n[0] + m[5] * n[2] + n[4],
    m[4] * n[1] + m[5] * n[3] + n[5],
  ];
}

/** Colours come as `#rrggbb` or as three bytes. */
function isWhite(args: readonly unknown[]): boolean {
  const [first] = args;
  if (typeof first === 'string') return /^#(?:f[a-f0-9]){3}$/i.test(first);
  return args.length >= 3 && args.slice(0, 3).every((part) => Number(part) >= 240);
}
