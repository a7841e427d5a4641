// SPDX-License-Identifier: Apache-2.0
import { findEntry, idOf, occurrencesOf } from './bags.ts';
import type { ClassBlock } from './class-block.ts';
import type { LexicalTerm } from './lexical-term.ts';
import { NO_TERM } from './term-table.ts';
import type { TopRows } from './top-rows.ts';

/** How fast repeats of a term stop counting. */
export const K1 = 1.2;
/** How much a long row is marked down. */
export const B = 0.75;

/** The terms of the query that one block holds. */
interface TermsOfBlock {
  readonly block: ClassBlock;
  /** Their numbers in the block, in the order of the query; a term may have one for each language. */
  readonly ids: readonly number[];
  /** Their places in the query. */
  readonly terms: readonly number[];
}

/**
 * The lexical half of one search: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with
 * `idf = ln(1 + (N - n + 0.5) / (n + 0.5))`. N, n and the average length are summed over the given blocks, so that the
 * scores of all of them compare and nothing else shows in them. A row's score is summed in the order of the query's
 * terms, however it is reached, so it is the same to the last bit.
 */
export class LexicalQuery {
  /** Over all terms and blocks, the number of rows with the term. */
  readonly postings: number;
  readonly #found = new Map<ClassBlock, TermsOfBlock>();
  /** By term of the query, `idf * (k1 + 1)`. */
  readonly #weights: Float64Array;
  readonly #averageLength: number;

  constructor(blocks: readonly ClassBlock[], query: readonly LexicalTerm[]) {
    const rowsWith = new Float64Array(query.length);
    let rows = 0;
    let totalLength = 0;
    for (const block of blocks) {
      rows += block.liveRows;
      totalLength += block.totalLength;
      const found = termsOfBlock(block, query);
      if (found.ids.length > 0) this.#found.set(block, found);
      found.terms.forEach((term, at) => {
        rowsWith[term] = (rowsWith[term] as number) + block.terms.rowsWith(found.ids[at] as number);
      });
    }
    this.postings = rowsWith.reduce((sum, n) => sum + n, 0);
    this.#weights = rowsWith.map((n) => Math.log(1 + (rows - n + 0.5) / (n + 0.5)) * (K1 + 1));
    // Without words anywhere nothing is found, and nothing must be divided by zero.
    this.#averageLength = totalLength === 0 ? 1 : totalLength / rows;
  }

  /** Offers every row that holds a term of the query, with its score. */
  search(top: TopRows): void {
    for (const found of this.#found.values()) {
      const { block } = found;
      block.postings.settle(block.terms.size);
      const scores = this.#scoreSettled(found);
      for (let row = 0; row < block.rows; row++) {
        const score = row < scores.length ? (scores[row] as number) : this.#scoreRow(found, row);
        if (score > 0) top.offer(block, row, score);
      }
    }
  }

  /** The score of one row; 0 for a row without a term of the query, as for a removed one. */
  scoreOf(block: ClassBlock, row: number): number {
    const found = this.#found.get(block);
    return found === undefined ? 0 : this.#scoreRow(found, row);
  }

  /** Scores by settled row, gathered term by term. */
  #scoreSettled({ block, ids, terms }: TermsOfBlock): Float64Array {
    const scores = new Float64Array(block.postings.settledRows);
    ids.forEach((id, at) => {
      const weight = this.#weights[terms[at] as number] as number;
      for (const posting of block.postings.ofTerm(id)) {
        const row = idOf(posting);
        const length = block.lengthOf(row);
        scores[row] = (scores[row] as number) + this.#gain(weight, occurrencesOf(posting), length);
      }
    });
    return scores;
  }

  #scoreRow({ block, ids, terms }: TermsOfBlock, row: number): number {
    const entries = block.postings.ofRow(row);
    const length = block.lengthOf(row);
    let score = 0;
    for (let at = 0; at < ids.length; at++) {
      const entry = entries[findEntry(entries, ids[at] as number)] ?? 0;
      const weight = this.#weights[terms[at] as number] as number;
      score += this.#gain(weight, occurrencesOf(entry), length);
    }
    return score;
  }

  /** What a term adds to a row; 0 when it does not occur. */
  #gain(weight: number, occurrences: number, length: number): number {
    const relative = length / this.#averageLength;
    return (weight * occurrences) / (occurrences + K1 * (1 - B + B * relative));
  }
}

function termsOfBlock(block: ClassBlock, query: readonly LexicalTerm[]): TermsOfBlock {
  const ids: number[] = [];
  const terms: number[] = [];
  for (const [at, term] of query.entries()) {
    for (const form of term.formsFor(block.terms.languages)) {
      const id = block.terms.find(form);
      if (id === NO_TERM) continue;
      ids.push(id);
      terms.push(at);
    }
  }
  return { block, ids, terms };
}
