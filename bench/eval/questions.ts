// SPDX-License-Identifier: Apache-2.0
// Questions about a folder of documents, each with the document that answers it.
import type { Embedder } from '../../src/embed/index.ts';
import type { SearchMode } from '../../src/index/index.ts';
import { readCorpus, readTable } from './corpus.ts';
import { MODES } from './evaluate.ts';
import { type Judgements, recall, reciprocalRank } from './metrics.ts';
import { bootstrap, type Interval } from './statistics.ts';
import { embedQuery, type TrialDocument, TrialIndex } from './trial-index.ts';

/** How often the answering document is found. */
export interface QuestionScores {
  readonly recall1: Interval;
  readonly recall5: Interval;
  readonly recall10: Interval;
  readonly mrr10: Interval;
  /** Questions whose document is not among the first ten. */
  readonly missed: readonly string[];
}

/** What was measured. */
export interface QuestionEvaluation {
  readonly documents: number;
  readonly rows: number;
  readonly questions: number;
  /** Questions whose document is not in the folder; not counted. */
  readonly unanswerable: number;
  readonly embedder: string;
  readonly modes: Readonly<Partial<Record<SearchMode, QuestionScores>>>;
}

/**
 * Asks every question of a CSV file with the columns Question and Document_True.
 * @throws {SOURCE_MISSING} {@link SOURCE_MALFORMED} when documents or questions cannot be read
 */
export async function evaluateQuestions(
  place: { readonly folder: string; readonly file: string },
  embedder: Embedder,
  modes: readonly SearchMode[] = MODES,
): Promise<QuestionEvaluation> {
  const { documents, asked, unanswerable } = await readQuestions(place, embedder);
  const index = new TrialIndex(embedder);
  for (const document of documents) index.add(document);
  const scores: Partial<Record<SearchMode, QuestionScores>> = {};
  for (const mode of modes) {
    const ranked: AnsweredQuestion[] = [];
    for (const { text, judged } of asked) {
      const found = index.documents(await embedQuery(embedder, text), mode, { depth: 10 });
      ranked.push({ text, found, judged });
    }
    scores[mode] = questionScores(ranked);
  }
  return {
    documents: documents.length,
    rows: index.rows,
    questions: asked.length,
    unanswerable,
    embedder: embedder.identity.model.id,
    modes: scores,
  };
}

/** A question with the documents that answer it. */
export interface AskedQuestion {
  readonly text: string;
  readonly judged: Judgements;
}

/** A question with the documents that were found for it, best first. */
export interface AnsweredQuestion extends AskedQuestion {
  readonly found: readonly string[];
}

/**
 * Reads documents and questions.
 * @throws {SOURCE_MISSING} {@link SOURCE_MALFORMED}
 */
export async function readQuestions(
  place: { readonly folder: string; readonly file: string },
  embedder: Embedder,
): Promise<{
  readonly documents: readonly TrialDocument[];
  readonly asked: readonly AskedQuestion[];
  readonly unanswerable: number;
}> {
  const table = await readTable(place.file, ['Question', 'Document_True']);
  const documents = await readCorpus(place.folder, embedder);
  const asked = table.flatMap(({ Question: text = '', Document_True: name = '' }) => {
    const answers = documents.filter(({ id }) => isNamed(id, name.trim()));
    return answers.length === 0
      ? []
      : [{ text, judged: new Map(answers.map(({ id }) => [id, 1])) }];
  });
  return { documents, asked, unanswerable: table.length - asked.length };
}

/** How often the answering document is found. */
export function questionScores(ranked: readonly AnsweredQuestion[]): QuestionScores {
  const at = (k: number): Interval =>
    bootstrap(ranked.map(({ found, judged }) => recall(found, judged, k)));
  return {
    recall1: at(1),
    recall5: at(5),
    recall10: at(10),
    mrr10: bootstrap(ranked.map(({ found, judged }) => reciprocalRank(found, judged, 10))),
    missed: ranked.filter((r) => recall(r.found, r.judged, 10) === 0).map(({ text }) => text),
  };
}

/** Whether a path is the document of a name that may leave folders out: `guide/a.md` names `guide/source/a.md`. */
function isNamed(file: string, name: string): boolean {
  const wanted = name.split('/');
  const parts = file.split('/');
  if (wanted.pop() !== parts.pop()) return false;
  let at = 0;
  for (const part of parts) if (part === wanted[at]) at += 1;
  return at === wanted.length;
}
