// SPDX-License-Identifier: Apache-2.0
// PDF into lines, paragraphs and headings, page by page. Runs in a thread of its own.
import { getDocumentProxy } from 'unpdf';
import { fail } from '../../core/index.ts';
import { Tally } from '../../guard/index.ts';
import type { IsolatedBlock, IsolatedReading } from './isolated.ts';
import { unseenRuns } from './pdf-ink.ts';
import { blocksOf, type PdfLine } from './pdf-layout.ts';

const MAX_PAGES = 20_000;

type Document = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Document['getPage']>>;

/**
 * Reads the text that a PDF draws. Text that is drawn without ink, in white, or beside the page is counted; of these,
 * only what stands beside the page is left out, since scanned pages carry their whole text without ink.
 * @throws {SOURCE_TOO_LARGE} {@link SOURCE_EMPTY} {@link SOURCE_UNSUPPORTED}
 */
export async function readPdf(bytes: Uint8Array, maxBytes: number): Promise<IsolatedReading> {
  const document = await open(bytes);
  if (document.numPages > MAX_PAGES) {
    throw fail('SOURCE_TOO_LARGE', 'a file has too many pages', { limit: MAX_PAGES });
  }
  const findings = new Tally();
  const pages: PdfLine[][] = [];
  let length = 0;
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const lines = await linesOf(page);
    const unseen = await unseenRuns(await page.getOperatorList(), page.view);
    findings.add('pdf-invisible', unseen.invisible);
    findings.add('pdf-off-page', unseen.offPage);
    page.cleanup();
    pages.push(lines);
    length += lines.reduce((sum, { text }) => sum + text.length, 0);
    if (length > maxBytes) {
      throw fail('SOURCE_TOO_LARGE', 'the text of a file is larger than the limit');
    }
  }
  const blocks: IsolatedBlock[] = blocksOf(pages);
  if (blocks.length === 0)
    throw fail('SOURCE_EMPTY', 'a file holds no text, perhaps only pictures');
  return { title: await titleOf(document), blocks, findings: findings.findings() };
}

async function open(bytes: Uint8Array): Promise<Document> {
  try {
    // No fonts, nothing fetched; scripts of a PDF are never run by its text.
    return await getDocumentProxy(bytes, {
      disableFontFace: true,
      useSystemFonts: false,
      verbosity: 0,
      stopAtErrors: false,
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw fail('SOURCE_UNSUPPORTED', 'the file is locked by a password');
    }
    throw error;
  }
}

async function titleOf(document: Document): Promise<string | null> {
  const { info } = await document.getMetadata().catch(() => ({ info: {} }));
  const title = (info as { Title?: unknown }).Title;
  return typeof title === 'string' && title.trim() !== '' ? title : null;
}

/** The lines of a page in the order in which they are drawn, which is that of reading in all but few files. */
async function linesOf(page: Page): Promise<PdfLine[]> {
  const { items } = await page.getTextContent({ includeMarkedContent: false });
  const lines: PdfLine[] = [];
  let line: { text: string; x: number; y: number; height: number } | null = null;
  const close = (): void => {
    if (line !== null && /\S/.test(line.text)) lines.push(line);
    line = null;
  };
  for (const item of items) {
    if (!('str' in item)) continue;
    const [, , , , x = 0, y = 0] = item.transform as number[];
    const height = item.height;
    if (line !== null && Math.abs(line.y - y) > Math.max(2, line.height * 0.6)) close();
    if (line === null) line = { text: '', x, y, height };
    line.text += item.str;
    line.height = Math.max(line.height, height);
    if (item.hasEOL) close();
  }
  close();
  return lines;
}
