// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { hidingOf } from '../../../src/ingest/parse/html-hiding.ts';
import { counts, parseAs } from './document-rules.ts';

describe('text hidden by HTML', () => {
  it.each([
    ['html-hidden', 'hidden'],
    ['html-hidden', 'HIDDEN="until-found"'],
    ['html-hidden', 'style="display:none"'],
    ['html-hidden', 'style="color:red; DISPLAY : none !important"'],
    ['html-hidden', 'style="d\\69splay:/**/none"'],
    ['html-hidden', 'style="visibility:hidden"'],
    ['html-hidden', 'style="content-visibility:hidden"'],
    ['html-invisible', 'style="font-size:0"'],
    ['html-invisible', 'style="font-size: 0.0em"'],
    ['html-invisible', 'style="font-size:1px"'],
    ['html-invisible', 'style="font:0/0 a"'],
    ['html-invisible', 'style="opacity:0"'],
    ['html-invisible', 'style="opacity:.01"'],
    ['html-invisible', 'style="color:transparent"'],
    ['html-invisible', 'style="color:rgba(0,0,0,0)"'],
    ['html-invisible', 'style="color:#ffffff00"'],
    ['html-invisible', 'style="color:#fff;background:white"'],
    ['html-invisible', 'style="transform:scale(0)"'],
    ['html-invisible', 'style="overflow:hidden;width:1px;height:1px"'],
    ['html-off-screen', 'style="position:absolute;left:-9999px"'],
    ['html-off-screen', 'style="position:fixed;top:-100em"'],
    ['html-off-screen', 'style="text-indent:-999em"'],
    ['html-off-screen', 'style="margin-left:-10000px"'],
    ['html-off-screen', 'style="transform:translateX(-9999px)"'],
    ['html-off-screen', 'style="position:absolute;clip:rect(1px, 1px, 1px, 1px)"'],
    ['html-off-screen', 'style="clip-path:inset(50%)"'],
  ])('is found as %s by %s', async (kind, attribute) => {
    const document = await parseAs('x.html', `<p>a</p><div ${attribute}>x <b>y</b></div><p>b</p>`);
    expect(document.text).toBe('a\n\nb');
    expect(counts(document)).toEqual({ [kind]: 1 });
    expect(counts(await parseAs('x.html', `a<div ${attribute}> <img> </div>`))).toEqual({});
  });

  it.each([
    'aria-hidden="true"',
    'style="display:block"',
    'style="font-size:10px"',
    'style="font-size:0.8em"',
    'style="font: 10px/1 a"',
    'style="opacity:0.5"',
    'style="color:white"',
    'style="color:white;background:black"',
    'style="color:rgb(0,0,0)"',
    'style="color:rgba(0,0,0,0.8)"',
    'style="left:-9999px"',
    'style="position:absolute;top:-50%"',
    'style="margin-left:-20px"',
    'style="transform:scale(0.5) translate(-50%, -50%)"',
    'style="overflow:hidden;width:100%"',
    'style="display:none-such"',
    'style=";;:;a"',
    'style="\\110000 a:b"',
  ])('is not suspected by %s', (attribute) => {
    const match = /^([a-z-]+)="(.*)"$/.exec(attribute) as unknown as [string, string, string];
    expect(hidingOf('div', [{ name: match[1], value: match[2] }])).toBe(null);
  });

  it('is found in closed dialogs, and not in open ones or details', async () => {
    const html =
      '<dialog>x</dialog><dialog open>a</dialog><details><summary>b</summary>c</details>';
    const document = await parseAs('x.html', html);
    expect(document.text).toBe('a\n\nb\n\nc');
    expect(counts(document)).toEqual({ 'html-hidden': 1 });
  });
});
