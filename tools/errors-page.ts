// The page of error codes, made from the table in the code.
//
//   node tools/errors-page.ts > docs/errors.md
import { EXIT_CODES } from '../src/cli/output.ts';
import { ERROR_CODES, type ErrorArea, type ErrorInfo } from '../src/core/index.ts';

const AREAS: Readonly<Record<ErrorArea, string>> = {
  usage: 'Wrong arguments, configuration or access files. Nothing was changed.',
  integrity: 'Stored or received data is not what was signed. Nothing of it was used.',
  access: 'The caller may not, or there is nothing; the two look alike.',
  keys: 'A key is missing, locked or unusable.',
  store: 'A disk, directory or service failed. Finished work is kept.',
  ingest: 'A source could not become a document. The other sources are not affected.',
  index: 'An index or a vector cannot be used.',
};

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES) as [string, ErrorInfo][];
  const parts = (Object.keys(AREAS) as ErrorArea[]).map((area) => {
    const own = rows.filter(([, info]) => info.area === area).sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = own.map(([code, { meaning, remedy }]) => `### ${code}\n\n${meaning} ${remedy}\n`);
    return `## ${area} (exit code ${EXIT_CODES[area]})\n\n${AREAS[area]}\n\n${lines.join('\n')}`;
  });
  return `# Error codes

Every error that Strongroom throws on purpose is a \`StrongroomError\` with a stable \`code\`, a message, the \`remedy\` below and
\`details\` that are safe to show. This page is made from the table in src/core/error-codes.ts.

${parts.join('\n')}`;
}

if (import.meta.main) process.stdout.write(errorsPage());
