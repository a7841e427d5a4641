// SPDX-License-Identifier: Apache-2.0
// WordPiece as BERT's uncased models use it: Devlin et al., "BERT", 2018, and the reference code's BasicTokenizer.

const MARK = /\p{Mn}/u;
const DROPPED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;
const PUNCTUATION = /\p{P}/u;
const SPACE = /\p{White_Space}/u;
const CJK =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/u;

/** Words of more code points are unknown, as in the reference. */
const MAX_WORD = 100;
/** Words whose pieces are remembered. */
const MEMO = 50_000;
/** UTF-16 units read of a text for each token that is wanted: more than any text of words has. */
const UNITS_PER_TOKEN = 128;

/** What an ASCII character is to the tokeniser. */
const DROP = 0;
const BLANK = 1;
const PUNCT = 2;
const WORD = 3;
const ASCII = Uint8Array.from({ length: 128 }, (_, c) => {
  if (c === 9 || c === 10 || c === 13 || c === 32) return BLANK;
  if (c < 32 || c === 127) return DROP;
  const isAlphanumeric = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
  return isAlphanumeric ? WORD : PUNCT;
});

/**
 * Cuts texts into the pieces of a vocabulary: lower case, without accents, each punctuation mark and each Chinese
 * character by itself, words into the longest pieces that the vocabulary holds.
 *
 * Text is only text: the reference tokenisers turn the characters `[SEP]` of a document into the control token of that
 * name, this one into the pieces `[`, `sep` and `]`. It adds no control tokens of its own.
 */
export class WordPiece {
  readonly #first = new Map<string, number>();
  readonly #further = new Map<string, number>();
  readonly #memo = new Map<string, readonly number[]>();
  readonly #unknown: number;
  readonly #longest: number;
  readonly #clean: (text: string) => string;

  /**
   * @param vocabulary the pieces in the order of their numbers, those that continue a word marked by `##`
   * @param options `cased` keeps capital letters and accents, for models that tell them apart
   */
  constructor(vocabulary: readonly string[], { cased = false }: { readonly cased?: boolean } = {}) {
    this.#clean = cased ? spaced : clean;
    for (const [id, piece] of vocabulary.entries()) {
      const continues = piece.startsWith('##');
      if (continues) this.#further.set(piece.slice(2), id);
      // `##` in the text of a word is punctuation and never reaches this table.
      else this.#first.set(piece, id);
    }
    this.#longest = vocabulary.reduce((most, piece) => Math.max(most, piece.length), 0);
    this.#unknown = this.#first.get('[UNK]') ?? 0;
  }

  /** The number of a whole piece such as `[CLS]`, which no text gives; null when the vocabulary has none. */
  numberOf(piece: string): number | null {
    return this.#first.get(piece) ?? null;
  }

  /**
   * The first `limit` token numbers of a text. Linear in the part of the text that is read: about 128 characters for
   * each token wanted. Deterministic for one version of Unicode.
   */
  encode(text: string, limit: number): number[] {
    const read =
      text.length > limit * UNITS_PER_TOKEN ? text.slice(0, limit * UNITS_PER_TOKEN) : text;
    const out: number[] = [];
    this.#words(this.#clean(read), limit, out);
    return out.length > limit ? out.slice(0, limit) : out;
  }

  #words(text: string, limit: number, out: number[]): void {
    let start = -1;
    for (let at = 0; at < text.length && out.length < limit;) {
      const unit = text.charCodeAt(at);
      const width = unit >= 0xd800 && unit <= 0xdbff ? 2 : 1;
      const kind = unit < 128 ? (ASCII[unit] as number) : kindOf(text.slice(at, at + width));
      if (kind === WORD) {
        if (start < 0) start = at;
      } else {
        if (start >= 0) this.#push(text.slice(start, at), out);
        start = -1;
        if (kind === PUNCT) this.#push(text.slice(at, at + width), out);
      }
      at += width;
    }
    if (start >= 0 && out.length < limit) this.#push(text.slice(start), out);
  }

  #push(word: string, out: number[]): void {
    let pieces = this.#memo.get(word);
    if (pieces === undefined) {
      pieces = this.#pieces(word);
      // Texts are hostile: the memory for their words is bounded.
      if (this.#memo.size >= MEMO) this.#memo.clear();
      if (word.length <= MAX_WORD) this.#memo.set(word, pieces);
    }
    for (const piece of pieces) out.push(piece);
  }

  /** Longest piece first, from left to right; unknown as a whole when a part is in no piece. */
  #pieces(word: string): readonly number[] {
    if (word.length > 2 * MAX_WORD) return [this.#unknown];
    const characters = Array.from(word);
    if (characters.length > MAX_WORD) return [this.#unknown];
    const whole = this.#first.get(word);
    if (whole !== undefined) return [whole];
    const pieces: number[] = [];
    for (let at = 0; at < characters.length;) {
      const table = at === 0 ? this.#first : this.#further;
      let end = Math.min(characters.length, at + this.#longest);
      let piece: number | undefined;
      for (; end > at && piece === undefined; end--)
        piece = table.get(characters.slice(at, end).join(''));
      if (piece === undefined) return [this.#unknown];
      pieces.push(piece);
      at = end + 1;
    }
    return pieces;
  }
}

/** Lower case without accents and control characters; Chinese characters with spaces around them. */
function clean(text: string): string {
  if (isAscii(text)) return dropControls(text).toLowerCase();
  let plain = '';
  // Character by character: no case rule of the reference looks at neighbours.
  for (const character of spaced(text).normalize('NFD')) {
    if (character.charCodeAt(0) < 128) plain += character;
    else if (!MARK.test(character)) plain += character.toLowerCase();
  }
  return plain.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Without control characters, and with spaces around Chinese characters. */
function spaced(text: string): string {
  if (isAscii(text)) return dropControls(text);
  let kept = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 128) {
      const kind = ASCII[code];
      if (kind !== DROP) kept += kind === BLANK ? ' ' : character;
    } else if (code === 0xfffd || DROPPED.test(character)) {
      continue;
    } else if (SPACE.test(character)) {
      kept += ' ';
    } else {
      kept += CJK.test(character) ? ` ${character} ` : character;
    }
  }
  return kept;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}

const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

function dropControls(text: string): string {
  return text.replace(CONTROLS, '');
}

function kindOf(character: string): number {
  if (SPACE.test(character)) return BLANK;
  return PUNCTUATION.test(character) ? PUNCT : WORD;
}
