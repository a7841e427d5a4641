// SPDX-License-Identifier: Apache-2.0
import { nextLine } from './lines.ts';

/** YAML at the start of a Markdown file. */
export interface FrontMatter {
  /** What stands between the `---` lines. */
  readonly yaml: string;
  /** Its `title`, when that is a plain or quoted text on one line. */
  readonly title: string | null;
  /** Where the Markdown starts. */
  readonly end: number;
}

// A title is one line; nothing else of the YAML is interpreted here, so that no file can make the parser work hard.
const TITLE = /^title:[ \t]+(\S[^\r\n]{0,999})$/m;

/** The front matter of a file, or null when it has none or the block is not closed. */
export function readFrontMatter(text: string): FrontMatter | null {
  if (!/^---[ \t]*[\r\n]/.test(text)) return null;
  const start = nextLine(text, 0);
  for (let at = start; at < text.length;) {
    const next = nextLine(text, at);
    // Longer lines do not close the block and need not be looked at.
    if (next - at < 100 && /^(?:---|\.\.\.)\s*$/.test(text.slice(at, next))) {
      const yaml = text.slice(start, at);
      return { yaml, title: titleOf(yaml), end: next };
    }
    at = next;
  }
  return null;
}

function titleOf(yaml: string): string | null {
  const line = TITLE.exec(yaml)?.[1]?.trimEnd() ?? '';
  const single = /^'((?:[^']|'')*)'(?:\s+#.*)?$/.exec(line)?.[1];
  if (single !== undefined) return single.replaceAll("''", "'");
  const double = /^"(?:[^"\\]|\\.)*"(?=\s+#|$)/.exec(line)?.[0];
  if (double !== undefined) return unescaped(double);
  // Anything else that starts with an indicator is no plain text (YAML 1.2.2, section 7.3.3).
  if (/^(?:$|[-?:](?:\s|$)|[,[\]{}#&*!|>'"%@`])/.test(line)) return null;
  return line.replace(/\s+#.*$/, '');
}

/** A double-quoted text, whose escapes are those of JSON for all that titles are made of. */
function unescaped(quoted: string): string | null {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}
