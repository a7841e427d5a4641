// SPDX-License-Identifier: Apache-2.0
// Where an invisible character does honest work: the scripts and emoji sequences that need it.

/** Scripts whose letters join, or form clusters, that a joiner or non-joiner changes. */
const JOINING_SCRIPTS =
  'Adlm Arab Bali Beng Brah Deva Gran Gujr Guru Java Khmr Knda Limb Mand Mani Mlym Modi Mong Mtei Mymr Newa Nkoo Orya Phag Phlp Rohg Shrd Sidd Sinh Sogd Sund Syrc Taml Telu Tibt Tirh';
/** Scripts written without spaces, where a zero-width space marks a border of words. */
const SPACELESS_SCRIPTS = 'Bali Java Khmr Lana Laoo Mymr Tale Talu Thai Tibt';
// Marks that several of the scripts share are named by their ranges: marks of Latin letters must not count.
const JOINING_LETTER = letterOf(
  JOINING_SCRIPTS,
  '\\u064b-\\u0655\\u0670\\u0951-\\u0954\\u1cd0-\\u1cff',
);
const SPACELESS_LETTER = letterOf(SPACELESS_SCRIPTS);
const EMOJI_BEFORE_JOINER = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u{e007f}]$/u;
const PICTOGRAPH = /^\p{Extended_Pictographic}$/u;
const IDEOGRAPH = /^\p{Ideographic}$/u;
const MONGOLIAN = /^\p{scx=Mong}$/u;
const MARK = /^\p{M}$/u;
// A letter of a right-to-left script, by the blocks that Unicode reserves for them.
const RTL_LETTER =
  /(?=\p{L})[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const BIDI_PAIRS = /[\u202a-\u202e\u2066-\u2069]/g;
// The depth limit of the bidirectional algorithm (UAX #9, BD2).
const MAX_BIDI_DEPTH = 125;

/** True where a zero-width joiner or non-joiner shapes emoji or letters. */
export function joins(before: string, joiner: string, after: string): boolean {
  if (JOINING_LETTER.test(before) || JOINING_LETTER.test(after)) return true;
  return joiner === '\u200d' && EMOJI_BEFORE_JOINER.test(before) && PICTOGRAPH.test(after);
}

/** True where a zero-width space marks a word border of a script written without spaces. */
export function separatesWords(before: string, after: string): boolean {
  return SPACELESS_LETTER.test(before) && SPACELESS_LETTER.test(after);
}

/** True where a variation selector follows something that it can vary. */
export function selects(before: string, selector: string): boolean {
  const code = selector.codePointAt(0) as number;
  if (code >= 0xe0100) return IDEOGRAPH.test(before);
  if (code < 0xfe00) return MONGOLIAN.test(before);
  if (/^[0-9#*]$/.test(before)) return true;
  return before > '\u007f' && /^[\p{L}\p{M}\p{S}\p{P}]$/u.test(before) && !isSelector(before);
}

/** True where a grapheme joiner holds combining marks apart. */
export function holdsMarks(before: string, after: string): boolean {
  return MARK.test(after) && after !== '\u034f' && /^[\p{L}\p{M}]$/u.test(before);
}

/** True where a Hangul filler completes a syllable of single jamo. */
export function fillsSyllable(before: string, filler: string, after: string): boolean {
  return filler === '\u115f' ? /^[\u1161-\u11a7]$/.test(after) : /^[\u1100-\u115e]$/.test(before);
}

/**
 * True for a line in which bidirectional controls do honest work: it has a right-to-left letter, no override, and every
 * embedding and isolate is closed (the opposite is the Trojan Source trick).
 */
export function isHonestBidi(line: string): boolean {
  if (!RTL_LETTER.test(line)) return false;
  const open: string[] = [];
  for (const [control] of line.matchAll(BIDI_PAIRS)) {
    if (control === '\u202d' || control === '\u202e') return false;
    if (control === '\u202c') {
      if (open.pop() !== 'embedding') return false;
    } else if (control === '\u2069') {
      if (open.pop() !== 'isolate') return false;
    } else if (open.push(control < '\u2066' ? 'embedding' : 'isolate') > MAX_BIDI_DEPTH) {
      return false;
    }
  }
  return open.length === 0;
}

function letterOf(scripts: string, marks = ''): RegExp {
  const classes = scripts.split(' ').map((script) => `\\p{sc=${script}}`);
  return new RegExp(`^(?=[\\p{L}\\p{M}])[${classes.join('')}${marks}]$`, 'u');
}

function isSelector(character: string): boolean {
  return /^[\u180b-\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]$/u.test(character);
}
