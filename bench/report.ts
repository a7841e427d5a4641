import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PERFORMANCE = path.resolve(import.meta.dirname, '../docs/performance.md');

/** Prints figures as tables or, with `--json`, as they are; with `--write`, puts the tables into their block of the page. */
export function publish(name: string, figures: object, tables: string): void {
  const isJson = process.argv.includes('--json');
  process.stdout.write(`${isJson ? JSON.stringify(figures, null, 2) : tables}\n`);
  if (!process.argv.includes('--write')) return;
  writeFileSync(PERFORMANCE, embedBlock(readFileSync(PERFORMANCE, 'utf8'), name, tables));
}
/** Puts a generated text between `<!-- begin NAME -->` and `<!-- end NAME -->` of a page. */
export function embedBlock(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}
