// SPDX-License-Identifier: Apache-2.0
// What screening may find, what it means, and how findings become the verdict that an ingest statement signs.

/** Whether a finding is common in honest files (`note`) or something that somebody should look at (`flag`). */
export type Severity = 'note' | 'flag';

/** One row of the table of findings. */
export interface FindingInfo {
  readonly severity: Severity;
  /** What was found, and what became of it. */
  readonly meaning: string;
}

/** Every kind of finding. The names are stable: they stand in signed document facts. */
export const FINDING_KINDS = {
  'bidi-control': {
    severity: 'flag',
    meaning:
      'Characters that reorder the display (overrides; embeddings and isolates outside right-to-left text or unbalanced). Removed.',
  },
  'bidi-mark': {
    severity: 'note',
    meaning:
      'Direction marks, or balanced embeddings and isolates of right-to-left text. Kept in lines with right-to-left letters, removed elsewhere.',
  },
  'byte-order-mark': {
    severity: 'note',
    meaning: 'A byte-order mark that is not at the start of the file. Removed.',
  },
  'combining-flood': {
    severity: 'flag',
    meaning: 'More than 30 combining marks on one character. Those beyond the thirtieth removed.',
  },
  'control-character': {
    severity: 'flag',
    meaning: 'C0 or C1 control characters other than tab and line breaks. Removed.',
  },
  'docx-deleted': {
    severity: 'note',
    meaning: 'Deletions that a Word document still holds as tracked changes. Not part of the text.',
  },
  'docx-hidden': {
    severity: 'flag',
    meaning: 'Formats of a Word document that hide text or set it in white. The text is kept.',
  },
  'epub-part-unread': {
    severity: 'note',
    meaning: 'Chapters of a book that could not be read. Their content is not part of the text.',
  },
  'html-comment': { severity: 'note', meaning: 'HTML comments. Not part of the text.' },
  'html-hidden': {
    severity: 'note',
    meaning:
      'Elements with text that is hidden in the usual ways (hidden, display: none, visibility, closed dialog). Not part of the text.',
  },
  'html-invisible': {
    severity: 'flag',
    meaning:
      'Elements with text that is drawn but cannot be seen (no size, no opacity, text in the background colour). Not part of the text.',
  },
  'html-off-screen': {
    severity: 'flag',
    meaning: 'Elements with text that is placed outside the page. Not part of the text.',
  },
  'invisible-format': {
    severity: 'flag',
    meaning:
      'Other characters that are never displayed (fillers, annotation and deprecated format characters). Removed.',
  },
  'invisible-operator': {
    severity: 'flag',
    meaning: 'Invisible mathematical operators. Removed.',
  },
  'json-duplicate-key': {
    severity: 'flag',
    meaning: 'Keys that occur twice in one object, which readers resolve differently. All kept.',
  },
  'lone-surrogate': {
    severity: 'note',
    meaning: 'Halves of surrogate pairs. Replaced by U+FFFD.',
  },
  'mail-part-unread': {
    severity: 'note',
    meaning:
      'Attachments that could not be read. Named in the text, their content is not part of it.',
  },
  'markdown-comment': {
    severity: 'note',
    meaning: 'Link definitions used as comments. Not part of the text.',
  },
  noncharacter: { severity: 'flag', meaning: 'Unicode noncharacters. Removed.' },
  'odt-deleted': {
    severity: 'note',
    meaning: 'Deletions and comments that an OpenDocument text still holds. Not part of the text.',
  },
  'odt-hidden': {
    severity: 'flag',
    meaning: 'Text that an OpenDocument text hides by its format. The text is kept.',
  },
  'pdf-invisible': {
    severity: 'flag',
    meaning:
      'Runs of text that a PDF draws without ink or in white, as scanned pages do with what was recognised. Kept.',
  },
  'pdf-off-page': {
    severity: 'flag',
    meaning: 'Runs of text that a PDF places outside the page. Not part of the text.',
  },
  'private-use': {
    severity: 'note',
    meaning: 'One or two private-use characters in a row, mostly icons. Kept.',
  },
  'private-use-run': {
    severity: 'flag',
    meaning: 'Three or more private-use characters in a row. Kept.',
  },
  'soft-hyphen': { severity: 'note', meaning: 'Soft hyphens. Removed.' },
  'structure-bounded': {
    severity: 'note',
    meaning: 'Places nested or divided beyond the limits, read with less structure.',
  },
  'tag-character': {
    severity: 'flag',
    meaning: 'Unicode tag characters outside flag emoji: invisible ASCII. Removed.',
  },
  'variation-selector': {
    severity: 'flag',
    meaning: 'Variation selectors that select nothing: invisible bytes. Removed.',
  },
  'zero-width': {
    severity: 'flag',
    meaning: 'Zero-width characters where no script or emoji needs them. Removed.',
  },
} as const satisfies Record<string, FindingInfo>;

/** A stable name of something that screening may find. */
export type FindingKind = keyof typeof FINDING_KINDS;

/** How often something was found in a document. */
export interface Finding {
  readonly kind: FindingKind;
  /** Characters, elements, comments or keys; at least 1. */
  readonly count: number;
}

/** `flagged` when at least one finding is of severity `flag`. */
export type Verdict = 'clean' | 'flagged';

/** What screening says about one document. */
export interface ScreenReport {
  /** The rules that were applied, for the signed statement. */
  readonly ruleset: string;
  readonly verdict: Verdict;
  /** At most one per kind, sorted by kind. */
  readonly findings: readonly Finding[];
}

/** Name of the rules for hidden text; changes whenever the same text could get another report. */
export const HIDDEN_TEXT_RULESET = 'hidden-text@2';

/** Adds up findings of several sources and gives the verdict over all of them. */
export function judge(findings: Iterable<Finding>): ScreenReport {
  const tally = new Tally();
  for (const finding of findings) tally.add(finding.kind, finding.count);
  const merged = tally.findings();
  const isFlagged = merged.some(({ kind }) => FINDING_KINDS[kind].severity === 'flag');
  return {
    ruleset: HIDDEN_TEXT_RULESET,
    verdict: isFlagged ? 'flagged' : 'clean',
    findings: merged,
  };
}

/** Counts findings while a document is read. */
export class Tally {
  readonly #counts = new Map<FindingKind, number>();

  /** Counts `count` more of a kind. */
  add(kind: FindingKind, count = 1): void {
    if (count > 0) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }

  /** What was counted so far, one finding per kind, sorted by kind. */
  findings(): readonly Finding[] {
    const kinds = [...this.#counts.keys()].sort();
    return kinds.map((kind) => ({ kind, count: this.#counts.get(kind) as number }));
  }
}
