// SPDX-License-Identifier: Apache-2.0
// Languages whose words are stemmed, and how they are told apart.
import snowball from 'snowball-stemmers';

/** A language other than English, which is what a text counts as unless it shows otherwise. */
export interface Language {
  /** Two letters of ISO 639-1. */
  readonly code: string;
  /** Words that are frequent in it and rare in the others, in lower case. */
  readonly functionWords: ReadonlySet<string>;
  /** The Snowball stem of a word in lower case. */
  stem(word: string): string;
}

/** Words whose stems are remembered for each language; the stemmers take tens of microseconds. */
const MEMO = 20_000;
/** UTF-16 units of a text that decide on its language. */
const SAMPLE = 20_000;
/** Function words that a text must show, and how many times as many as of English. */
const LEAST_HITS = 4;
const LEAST_RATIO = 1.5;

const WORD = /\p{L}{1,32}/gu;

const ENGLISH_WORDS = setOf(
  `the of and to in is that for it with as was on are be this by at from or have an not which you can will if has when
   but they we all there their how what where who why does do`,
);

/** Every language, in the order of their numbers. */
export const LANGUAGES: readonly Language[] = [
  language(
    'de',
    'german',
    `der die das und ist nicht mit ein eine einen einem einer auf für von den dem des zu sich auch werden wird sind wie
     wir ich sie es im bei nach oder aber wenn kann durch über noch nur als aus um zum zur was wo wer warum`,
  ),
  language(
    'fr',
    'french',
    `le la les des du et est une un dans pour que qui sur avec pas par plus ce cette ces il elle nous vous ils au aux
     sont mais ou où être leur se ne je comment quand pourquoi quel quelle`,
  ),
  language(
    'es',
    'spanish',
    `el la los las de del y es un una en que por con para no se su al lo como más pero este esta son entre cuando
     también fue ha muy donde cómo qué cuál quién dónde`,
  ),
  language(
    'it',
    'italian',
    `il lo la gli le di del della dei delle e è un una in che per con non si da dal al alla sono come più ma questo
     questa anche nel nella quando dove cosa perché chi`,
  ),
  language(
    'pt',
    'portuguese',
    `o os as de do da dos das e é um uma em no na nos nas que por com para não se ao à como mais mas este esta são
     também quando foi pelo pela onde qual quem você`,
  ),
  language(
    'nl',
    'dutch',
    `de het een en is van dat niet op te in zijn met voor er aan ook als bij door naar uit wordt worden deze dit maar
     om hebben kan kunnen wat waar hoe wie waarom wij ik`,
  ),
  language(
    'sv',
    'swedish',
    `och att det som en ett är på för med av den inte till har de om var från kan man men eller när så ska vi jag hur
     vad vem varför också blir`,
  ),
  language(
    'ru',
    'russian',
    `и в не на что с по как это для из от к за у или но если при все его так же был была быть они мы вы где когда кто
     почему чтобы`,
  ),
];

/**
 * The number of the language that a text is written in; null for English and for texts that do not show one: too short,
 * mixed, or in a language that is not known here. Decided by function words of the first 20,000 code units.
 */
export function languageOf(text: string): number | null {
  return decide(text, LEAST_HITS, LEAST_RATIO);
}

/** As {@link languageOf} for a question: one function word that English has not is enough. */
export function languageOfQuery(text: string): number | null {
  return decide(text, 1, 1.01);
}

function decide(text: string, leastHits: number, leastRatio: number): number | null {
  const hits = LANGUAGES.map(() => 0);
  let english = 0;
  for (const [word] of text.slice(0, SAMPLE).toLowerCase().matchAll(WORD)) {
    if (ENGLISH_WORDS.has(word)) english += 1;
    for (const [no, { functionWords }] of LANGUAGES.entries()) {
      if (functionWords.has(word)) hits[no] = (hits[no] as number) + 1;
    }
  }
  const most = Math.max(...hits);
  if (most < leastHits || most < english * leastRatio) return null;
  const best = hits.indexOf(most);
  // Two languages that the text shows alike are none.
  return hits.lastIndexOf(most) === best ? best : null;
}

function language(code: string, algorithm: string, functionWords: string): Language {
  let stemmer: ReturnType<typeof snowball.newStemmer> | null = null;
  const memo = new Map<string, string>();
  return {
    code,
    functionWords: setOf(functionWords),
    stem(word) {
      const known = memo.get(word);
      if (known !== undefined) return known;
      // Made when first needed: most collections are in one language.
      stemmer ??= snowball.newStemmer(algorithm);
      const stem = stemmer.stem(word);
      if (memo.size >= MEMO) memo.clear();
      memo.set(word, stem);
      return stem;
    },
  };
}

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/));
}
