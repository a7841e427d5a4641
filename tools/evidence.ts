// SPDX-License-Identifier: Apache-2.0
// The evidence page: what was tried against the product, how much of it, when, and by whose tools.
//
//   npm run -s evidence                        measures everything that takes minutes, writes docs/evidence.md
//   npm run -s evidence -- --only vectors      one part: vectors, foreign, moves, negatives, fuzz, crash, sim, invariants
//   npm run -s evidence -- --page              the page alone, from what was measured before
//
// Results are kept in docs/evidence.json with their dates. `invariants` takes long and runs when it is named.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { evidencePage } from './evidence/page.ts';
import { PARTS, type PartName, USUAL } from './evidence/parts.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const FACTS = path.join(ROOT, 'docs/evidence.json');
const PAGE = path.join(ROOT, 'docs/evidence.md');

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    page: { type: 'boolean', default: false },
  },
});

const wanted = values.page ? [] : (values.only ?? USUAL);
const unknown = wanted.find((name) => !(name in PARTS));
if (unknown === undefined) {
  const evidence = JSON.parse(readFileSync(FACTS, 'utf8')) as Record<string, unknown>;
  for (const name of wanted as PartName[]) {
    process.stderr.write(`${name} ...\n`);
    const facts = PARTS[name](ROOT);
    if (facts === null) process.stderr.write(`  not available here; what was kept stays\n`);
    else evidence[name] = { date: new Date().toISOString().slice(0, 10), ...facts };
  }
  writeFileSync(FACTS, `${JSON.stringify(evidence, null, 2)}\n`);
  writeFileSync(PAGE, evidencePage(evidence));
} else {
  process.stderr.write(`there is no part ${unknown}: ${Object.keys(PARTS).join(', ')}\n`);
  process.exitCode = 2;
}
