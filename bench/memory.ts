// SPDX-License-Identifier: Apache-2.0
// How much memory ingestion takes: generated documents of about the wanted number of chunks, then a search in the same
// process. Prints the largest resident size that the operating system saw.
//
//   npm run -s bench:memory -- [--chunks 100000] [--json]
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createVault, hashEmbedder, openVault, parseAccessFile } from '../src/index.ts';

const at = process.argv.indexOf('--chunks');
const wanted = at < 0 ? 100_000 : Number(process.argv[at + 1]);
const CHUNKS_PER_DOCUMENT = 50;
const CLASSES = 20;
const VOCABULARY = 30_000;

const work = mkdtempSync(path.join(os.tmpdir(), 'strongroom-memory-'));
try {
  await measure();
} finally {
  rmSync(work, { recursive: true });
}

async function measure(): Promise<void> {
  const documents = path.join(work, 'documents');
  await generate(documents);
  const place = { vault: path.join(work, 'vault'), home: path.join(work, 'home') };
  const rules = Array.from({ length: CLASSES }, (_, n) => ({
    path: `class-${n}/**`,
    allow: [`g${n}`],
  }));
  const groups = Object.fromEntries(rules.map((_, n) => [`g${n}`, ['ada']]));
  const access = parseAccessFile(
    JSON.stringify({
      ...{ v: 1, default: 'refuse', owner: 'ada', people: { ada: { actions: 'all' } } },
      ...{ groups, rules },
    }),
  );
  const embedder = hashEmbedder();
  await createVault({ ...place, access, embedder });
  const vault = await openVault({ ...place, embedder });
  const before = process.memoryUsage.rss();
  const { chunks, added, seconds } = await vault.ingest([documents], { access });
  const ingested = peak();
  const caller = { id: 'ada', identity: 'impersonated' } as const;
  const { passages } = await vault.search({ caller, query: 'word17 word4711', k: 10 });
  vault.close();
  const figures = {
    ...{ documents: added, chunks, seconds, found: passages.length },
    ...{ residentBefore: before, peakIngest: ingested, peakSearch: peak() },
  };
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else {
    const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
    process.stdout.write(
      `${added} documents, ${chunks} chunks in ${seconds.toFixed(0)} s; resident ${mb(before)} before, at most ` +
        `${mb(ingested)} while ingesting, ${mb(peak())} with a search\n`,
    );
  }
}

/** The largest resident size so far, in bytes. */
function peak(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Text of a Zipf-like vocabulary, so that term tables and postings are of the size that real ones have. */
async function generate(folder: string): Promise<void> {
  let state = 42;
  const word = (): string => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return `word${Math.floor(VOCABULARY ** (state / 2 ** 32))}`;
  };
  for (let n = 0; n < CLASSES; n++)
    await mkdir(path.join(folder, `class-${n}`), { recursive: true });
  for (let n = 0; n * CHUNKS_PER_DOCUMENT < wanted; n++) {
    const sections = Array.from({ length: CHUNKS_PER_DOCUMENT }, (_, section) => {
      const sentences = Array.from({ length: 8 }, () => {
        const words = Array.from({ length: 9 }, word);
        return `${words.join(' ')}.`;
      });
      return `## Section ${section}\n\n${sentences.join(' ')}`;
    });
    const file = path.join(folder, `class-${n % CLASSES}`, `${n}.md`);
    await writeFile(file, `# Document ${n}\n\n${sections.join('\n\n')}\n`);
  }
}
