// SPDX-License-Identifier: Apache-2.0
// Files that people, or others, put into a source folder.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { utf8 } from '../../../src/core/index.ts';
import { readFrontMatter } from '../../../src/ingest/parse/front-matter.ts';
import { type Loader, loaderFor, type ParsedDocument } from '../../../src/ingest/parse/index.ts';
import type { Target } from '../engine.ts';
import type { TargetName } from '../parsers.ts';
import { ROOT } from '../runtime.ts';
import { LARGE_HTML, LARGE_JSON, LARGE_MARKDOWN } from './large-files.ts';
import { promise, target, textOf } from './shared.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(path.join(ROOT, 'test/ingest/fixtures', name)));

const MATTER = `---\ntitle: "A \\"title\\"" # x\naccess: { allow: [staff] }\n---\n`;
const MARKDOWN = `${MATTER}# One\n\ntext *with* \`code\` and [a link](http://x.example "t")\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n\n\`\`\`ts\ncode\n\`\`\`\n\n<div hidden>x</div>\n\n<!-- note -->\n\nTwo\n===\n\n1. x\n\n***\n\n![alt](i.png)\n\n[ref]: http://y.example\n`;
const HTML = `<!doctype html><title>T</title><h1>A</h1><p>b<br>c <b>d</b><span style="display:none">e</span></p><ul><li>f</ul><table><tr><th>g<td>h</table><pre>i\n j</pre><script>k</script><template>l</template><details><summary>m</summary>n</details><svg><text>o</text></svg><textarea>p</textarea><select><option>q</select><img alt="r"><noscript>s</noscript><a href="#">t</a>`;
const JSON_TEXT = `{"a":{"b":[1,-2.5e3,"x\\u00e9\\n",true,null,{}],"c":""},"a":2,"d e":[[],[{}]]}`;

/** What every document keeps, whatever it was made of. */
function promiseSound(document: ParsedDocument, bytes: number): void {
  const { text, blocks } = document;
  promise(text.isWellFormed() && /\S/.test(text), 'a text is well-formed and not empty');
  promise(text.normalize('NFC') === text && !text.includes('\r'), 'a text is in its normal form');
  let at = 0;
  for (const { start, end } of blocks) {
    promise(start >= at && end > start && end <= text.length, 'blocks are in order and inside');
    const range = document.sourceRange(start, end);
    const inside =
      range === null || (range.start >= 0 && range.start <= range.end && range.end <= bytes);
    promise(inside, 'a source range lies in the file');
    at = end;
  }
}

function loaderTarget(
  name: TargetName,
  uri: string,
  seeds: readonly Uint8Array[],
  tokens: readonly string[],
): Target {
  const loader = loaderFor({ uri, bytes: new Uint8Array(0) }) as Loader;
  return target(name, {
    form: 'text',
    maxBytes: 2048,
    seeds,
    tokens,
    run: async (input) => {
      // Both ways to give a limit: the default, and one that longer inputs exceed.
      const options = (input.length & 1) === 0 ? undefined : { maxBytes: 1536 };
      promiseSound(await loader.parse({ uri, bytes: input }, options), input.length);
    },
  });
}

const UTF16 = new Uint8Array(Buffer.from('\ufeffUTF-16 text\n\nmore', 'utf16le'));
const BE16 = Uint8Array.from([0xfe, 0xff, 0, 0x41, 0, 0x0a, 0xd8, 0x3d, 0xde, 0]);
const BOM = utf8('\ufeffa\n\nb\r\nc\u200bd\u202ee');
const ENTITIES = ['&amp;', '&#x202e;', '&nbsp;', '\u200b', '\u202e', '\ufeff', 'e\u0301', '\r\n'];
const TAGS = [
  '<p>',
  '</p>',
  '<div hidden>',
  '<!--',
  '-->',
  '<table><tr><td>',
  '</table>',
  '<svg>',
  '<br>',
  '<span style="opacity:0">',
  '<p style="font-size:0px">',
  '<template>',
  '<details>',
  ' aria-hidden="true"',
  '<input type="hidden" value="x">',
  '<select><option>',
  '<math>',
  '<dialog>',
  '<iframe>',
  '<pre>',
  '<ol start=3><li>',
];
const MARKS = [
  '# ',
  '\n\n',
  '- ',
  '1. ',
  '> ',
  '```\n',
  '| a | b |\n|---|---|\n',
  '    ',
  '[x](y)',
  '![a](b)',
  '<div>',
  '<!-- x -->',
  '[x]: y "z"\n',
  '***',
  '\\',
  '&#x41;',
  '===\n',
  '[//]: # (x)\n',
];

export const loaderTargets: readonly Target[] = [
  target('front-matter', {
    form: 'text',
    seeds: [
      MARKDOWN,
      `---\r\ntitle: 'it''s' # x\r\n...\r\n`,
      '---\ntitle: plain # c\n---\n',
      '--- \ntitle: - x\n---',
    ].map((text) => utf8(text.slice(0, 300))),
    tokens: ['---\n', '...\n', 'title: ', 'title: "', "title: '", '\\u0041', ' #'],
    run: (input) => {
      const text = textOf(input);
      const matter = readFrontMatter(text);
      if (matter === null) return;
      promise(
        matter.end <= text.length && matter.end > matter.yaml.length,
        'front matter ends in the text',
      );
      promise(
        matter.title === null || !/[\r\n]$/.test(matter.title) || matter.title.length > 0,
        'a title is a line',
      );
    },
  }),
  loaderTarget(
    'text',
    'a.txt',
    [
      utf8('one\ntwo\n\nthree'),
      UTF16,
      BE16,
      BOM,
      Uint8Array.of(0x61, 7, 7, 7),
      utf8('text\n\n'.repeat(50_000)),
    ],
    ENTITIES,
  ),
  loaderTarget(
    'markdown',
    'a.md',
    [utf8(MARKDOWN), fixture('handbook.md').slice(0, 2000), ...LARGE_MARKDOWN],
    [...MARKS, ...TAGS, ...ENTITIES],
  ),
  loaderTarget(
    'html',
    'a.html',
    [utf8(HTML), fixture('garden.html').slice(0, 2000), ...LARGE_HTML],
    [...TAGS, ...ENTITIES],
  ),
  loaderTarget(
    'json',
    'a.json',
    [...[JSON_TEXT, '"x"', '[1,[2,[3]]]'].map(utf8), ...LARGE_JSON],
    ['\\u0041', '\\ud800', '1e9', '-0', '{"a":', '[[', 'true', '"\\n"'],
  ),
  loaderTarget(
    'jsonl',
    'a.jsonl',
    [utf8(`${JSON_TEXT}\n\n{"b":1}\r\n`)],
    ['\n', '{"a":1}\n', '[]'],
  ),
];
