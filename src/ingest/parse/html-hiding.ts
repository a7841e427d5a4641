// SPDX-License-Identifier: Apache-2.0
// Whether an element's own attributes hide its text from a reader. Style sheets and scripts are not evaluated.
import type { FindingKind } from '../../guard/index.ts';

/** The ways in which an element's text is hidden. */
export type Hiding = Extract<FindingKind, 'html-hidden' | 'html-invisible' | 'html-off-screen'>;

/** An attribute with lower-case name. */
export interface HtmlAttribute {
  readonly name: string;
  readonly value: string;
}

/** Elements whose content no browser draws as text. */
export const UNDRAWN: ReadonlySet<string> = new Set(
  'script style template noscript noframes noembed iframe object audio video canvas datalist rp title annotation annotation-xml desc metadata defs symbol'.split(
    ' ',
  ),
);

// Longer styles do not occur by hand, and are read only so far.
const MAX_STYLE = 8192;

/** How an element hides its text, or null when it does not. */
export function hidingOf(name: string, attributes: readonly HtmlAttribute[]): Hiding | null {
  let isOpen = false;
  let style = '';
  for (const attribute of attributes) {
    if (attribute.name === 'hidden') return 'html-hidden';
    if (attribute.name === 'open') isOpen = true;
    if (attribute.name === 'style') style = attribute.value;
  }
  if (name === 'dialog' && !isOpen) return 'html-hidden';
  return style === '' ? null : hidingOfStyle(declarationsOf(style));
}

type Declarations = ReadonlyMap<string, string>;

function declarationsOf(style: string): Declarations {
  const plain = style
    .slice(0, MAX_STYLE)
    .replace(/\/\*[^]*?(?:\*\/|$)/g, ' ')
    .replace(/\\([0-9a-f]{1,6})\s?/gi, (_, code: string) => characterOf(parseInt(code, 16)))
    .toLowerCase();
  const declarations = new Map<string, string>();
  for (const declaration of plain.split(';')) {
    const colon = declaration.indexOf(':');
    if (colon < 0) continue;
    const value = declaration.slice(colon + 1).replace('!important', '');
    declarations.set(declaration.slice(0, colon).trim(), value.trim().replace(/\s+/g, ' '));
  }
  return declarations;
}

function characterOf(code: number): string {
  return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
}

function hidingOfStyle(style: Declarations): Hiding | null {
  const is = (name: string, pattern: RegExp) => pattern.test(style.get(name) ?? '');
  if (is('display', /^none$/) || is('visibility', /^(?:hidden|collapse)$/)) return 'html-hidden';
  if (is('content-visibility', /^hidden$/)) return 'html-hidden';
  if (isOffScreen(style)) return 'html-off-screen';
  if (is('font', /(?:^| )0(?:\.0+)?(?:[a-z]+|%)?(?: ?\/| )/)) return 'html-invisible';
  if (isAtMost(style.get('font-size'), { px: 1, other: 0 })) return 'html-invisible';
  if (isAtMost(style.get('opacity'), { px: 0, other: 0.05 })) return 'html-invisible';
  if (is('transform', /\bscale[xy]?\( ?0(?:\.0+)? ?[,)]/)) return 'html-invisible';
  if (is('overflow', /hidden|clip/) && hasNoExtent(style)) return 'html-invisible';
  return isUncoloured(style) ? 'html-invisible' : null;
}

function isOffScreen(style: Declarations): boolean {
  const isPlaced = /^(?:absolute|fixed)$/.test(style.get('position') ?? '');
  const edges = isPlaced ? ['left', 'right', 'top', 'bottom'] : [];
  const isFar = (name: string) => isFarOut(style.get(name));
  if ([...edges, 'text-indent', 'margin-left', 'margin-top'].some(isFar)) return true;
  const moved = /\btranslate(?:x|y|3d)?\(([^)]*)\)/.exec(style.get('transform') ?? '');
  if (moved !== null && (moved[1] as string).split(',').some((part) => isFarOut(part.trim()))) {
    return true;
  }
  const clip = style.get('clip') ?? '';
  if (isPlaced && /^rect\((?:[ ,]*[01](?:px)?){4} ?\)$/.test(clip)) return true;
  return /^(?:inset\( ?(?:50|100)%|circle\( ?0)/.test(style.get('clip-path') ?? '');
}

/** True for a length that leaves any page on its near side. */
function isFarOut(value: string | undefined): boolean {
  const match = /^(-[0-9]{1,9}(?:\.[0-9]+)?)(px|pt|em|rem|ch|%|vw|vh|)/.exec(value ?? '');
  if (match === null) return false;
  const amount = Number(match[1]);
  const isPixels = match[2] === 'px' || match[2] === 'pt' || match[2] === '';
  return amount <= (isPixels ? -500 : -100) || (/em|ch/.test(match[2] as string) && amount <= -50);
}

function isAtMost(
  value: string | undefined,
  limit: { readonly px: number; readonly other: number },
) {
  const match = /^\+?([0-9]{0,9}(?:\.[0-9]{1,9})?)(px|pt|[a-z]*|%)$/.exec(value ?? '');
  if (match === null || match[1] === '') return false;
  return Number(match[1]) <= (match[2] === 'px' || match[2] === 'pt' ? limit.px : limit.other);
}

function hasNoExtent(style: Declarations): boolean {
  const names = ['width', 'height', 'max-width', 'max-height'];
  return names.some((name) => isAtMost(style.get(name), { px: 1, other: 0 }));
}

/** True for text without colour, or in the very colour of the background beside it. */
function isUncoloured(style: Declarations): boolean {
  const colour = colourOf(style.get('color') ?? '');
  if (colour === '') return false;
  if (/^(?:transparent|#.{3}0|#.{6}00)$/.test(colour)) return true;
  if (/^(?:rgb|hsl)a?\(.*[,/] ?0(?:\.0+)?%? ?\)$/.test(colour) && /a\(|\//.test(colour))
    return true;
  const background = style.get('background-color') ?? style.get('background') ?? '';
  return colour === colourOf(background);
}

function colourOf(value: string): string {
  if (/^(?:white|#fff|#ffffff|rgb\(255, ?255, ?255\))$/.test(value)) return 'white';
  if (/^(?:black|#000|#000000|rgb\(0, ?0, ?0\))$/.test(value)) return 'black';
  return value;
}
