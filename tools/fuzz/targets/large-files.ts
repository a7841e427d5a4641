// SPDX-License-Identifier: Apache-2.0
// Files that are large or odd enough to take the ways that no small change of a small file leads to.
import { utf8 } from '../../../src/core/index.ts';

const LINES = 1700;
const WIDE = 'word '.repeat(16);

/** Bytes of even length: the loaders' targets give longer files of odd length a limit that they exceed. */
const even = (text: string): Uint8Array => utf8(utf8(text).length % 2 === 0 ? text : `${text} `);
const many = (line: string, lines = LINES): string => `${line}\n`.repeat(lines);

/** Markdown whose blocks do not end within the largest window, in every kind. */
export const LARGE_MARKDOWN: readonly Uint8Array[] = [
  `\`\`\`\n${many(WIDE)}\`\`\`\n\nend\n`,
  `~~~~\n${many('~~~')}${many(WIDE)}`,
  `    ${many(WIDE, 1).trim()}\n${many(`    ${WIDE}`)}\nend`,
  `<!-- ${many(WIDE)} -->\n\nend`,
  `<!-- ${many(WIDE)}`,
  `<?php ${many(WIDE)} ?>\nend`,
  `<![CDATA[ ${many(WIDE)} ]]>\nend`,
  `<!DOCTYPE ${many(WIDE)}>\nend`,
  `<script>\n${many(WIDE)}</script>\n\nend`,
  `<pre>${many(WIDE)}`,
  `<div>\n${many(WIDE)}\n\nend`,
  many(WIDE),
  `${many(WIDE)}===\n\nend`,
  `> ${many(WIDE)}<!-- x\n\ny -->\n\nend`,
  many(`- ${WIDE}`),
  `- a\n${many(`  ${WIDE}`)}`,
  many('| a | b |\n|---|---|'),
  `| a |\n|---|\n${many(`| ${WIDE} |`)}`,
  many(`[x]: y "z"`, 300),
  `${many('[x]: y', 250)}text\n`,
  `[x]: y\n\ttext\n\n${many('[x]: y\n    "z"', 250)}`,
  `text\n\n${'> '.repeat(40)}deep\n\nend`,
  `${'- '.repeat(40)}\n\nend`,
  `${'a'.repeat(70_000)}\n\nend <!-- x`,
  `# ${'[a](b) *c* '.repeat(60)}\n\n## ![alt](x) \`code\` [r][x] **b**  \n\n[x]: #\n\n[//]: # (note)\n\n[y]: <> "z"\n`,
  many(`${WIDE}\n`, 2000),
].map(even);

const STYLES = [
  'display:none',
  'visibility:collapse',
  'content-visibility:hidden',
  'position:absolute;left:-9999px',
  'position:fixed;clip:rect(0 0 0 0)',
  'text-indent:-60em',
  'margin-left:-100%',
  'transform:translatex(-9999px)',
  'transform:translate(1px, -200vw)',
  'transform:scale(0)',
  'clip-path:inset(50%)',
  'clip-path:circle(0)',
  'font:0/0 a',
  'font-size:0.5px',
  'font-size:.4em',
  'opacity:.01',
  'overflow:hidden;max-height:0',
  'overflow:clip;width:1px',
  'overflow:hidden',
  'color:transparent',
  'color:#fff0',
  'color:rgba(1,2,3,0)',
  'color:rgb(1,2,3)',
  'color:white;background:#fff',
  'color:black;background-color:rgb(0,0,0)',
  'color:red;background:blue',
  'd\\69splay:/* x */none!important',
  '\\110000:x;nothing',
  'font-size:px',
];

/** HTML with every way to hide a text, and with much of everything. */
export const LARGE_HTML: readonly Uint8Array[] = [
  `<title>T</title>${STYLES.map((style) => `<p style="${style}">${style.length}</p>`).join('')}<p>end`,
  `<dialog>a</dialog><dialog open>b</dialog><p hidden>c</p><img alt="d"><img><area alt=e><p>f`,
  `<h1>${'<b>x</b>'.repeat(200)}</h1><h2></h2><h6>y</h6><p>${'&amp;&#x41;&nbsp;\r\n'.repeat(50)}z`,
  `<p>${Array.from({ length: 1200 }, (_, i) => `&#${1000 + i};`).join('')}`,
  `<table>${'<tr><td>a<td>b'.repeat(300)}</table><ul>${'<li>x'.repeat(300)}</ul>`,
  `${'<div>'.repeat(600)}deep${'</div>'.repeat(600)}`,
  `<p>${WIDE.repeat(4000)}`,
  `<svg><title>a</title><desc>b</desc><foreignobject><p>c</foreignobject></svg><math><mi>d</math><p>e`,
  `<p>a<br><br>b<wbr>c<hr>d<pre>\n e\n</pre><textarea>\nf</textarea><p>&copy &notit; &#0; &#x80;`,
].map(even);

/** JSON with long keys, long texts and many records. */
export const LARGE_JSON: readonly Uint8Array[] = [
  `{"${'k'.repeat(150)}":{"a.b":"","c d":[1],"\\n":"${'\\u00e9'.repeat(100)}"}}`,
  `[${'{"a":[1,2,{"b":"text"}]},'.repeat(12_000)}0]`,
  `{"a":"${'x'.repeat(300_000)}"}`,
].map(even);
