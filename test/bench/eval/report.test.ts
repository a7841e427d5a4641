// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A folder laid out like the published collections, with a document or two of each. */
function tinyData(): string {
  const data = temporaryFolder();
  const write = (file: string, content: string): void => {
    mkdirSync(path.dirname(path.join(data, file)), { recursive: true });
    writeFileSync(path.join(data, file), content);
  };
  for (const name of ['cranfield', 'medline']) {
    write(
      `ir/${name}/corpus.jsonl`,
      '{"_id":"a","title":"Keys","text":"wrap data keys"}\n{"_id":"b","text":"audit log"}\n',
    );
    write(`ir/${name}/queries.jsonl`, '{"_id":"1","text":"wrapping keys"}\n');
    write(`ir/${name}/qrels/test.tsv`, 'query-id\tcorpus-id\tscore\n1\ta\t1\n');
  }
  write('awsdocs-small/documents/guide/keys.md', '# Keys\n\nKeys are rotated every year.');
  write(
    'awsdocs-small/QA_dev.csv',
    'Question,Document_True\nWhen are keys rotated?,guide/keys.md\n',
  );
  const spans = 'chunking-eval/chunking_evaluation/evaluation_framework/general_evaluation_data';
  write(`${spans}/corpora/house.md`, 'The soap is in the bath.');
  const references = '"[{""start_index"": 0, ""end_index"": 24}]"';
  write(
    `${spans}/questions_df.csv`,
    `question,references,corpus_id\nWhere is the soap?,${references},house\n`,
  );
  return data;
}

describe('eval:report', () => {
  it('sets all tiers and modes side by side, and names what loses', () => {
    const entry = path.resolve('bench/eval/report.ts');
    const text = execFileSync(process.execPath, [entry, tinyData()], { encoding: 'utf8' });
    const titles = [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    expect(titles).toEqual([
      'Abstracts',
      'Under permissions',
      'Questions about AWS guides',
      'Spans',
      'Losing cells',
    ]);
    expect(text).toContain('| cranfield (1) | static | hybrid | 1.000 (1.00-1.00) |');
    expect(text).toContain('1 questions about 1 documents in 1 passages.');
    expect(text).toMatch(/### Losing cells\n\n(?:None\.|- )/);
  });

  it('has written the page of quality', () => {
    const page = readFileSync('docs/quality.md', 'utf8');
    const block = page.slice(
      page.indexOf('<!-- begin quality -->'),
      page.indexOf('<!-- end quality -->'),
    );
    for (const title of ['Abstracts', 'Under permissions', 'Spans', 'Losing cells']) {
      expect(block).toContain(`### ${title}`);
    }
    // The last column of the callers' table: no ranking differs.
    const callers =
      block.match(/^\| (?:cranfield|medline)\s*\| (?:random|topic).*\| 0\s*\|$/gm) ?? [];
    expect(callers).toHaveLength(4);
  });
});
