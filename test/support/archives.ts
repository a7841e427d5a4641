// SPDX-License-Identifier: Apache-2.0
// Small ZIP, DOCX and PDF files, made by their specifications.
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import { concat, utf8 } from '../../src/core/index.ts';

function le(...fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  return concat(
    ...fields.map(([bytes, value]) =>
      Uint8Array.from({ length: bytes }, (_, at) => (value >>> (8 * at)) & 0xff),
    ),
  );
}

/** A ZIP of deflated files. `claimed` is the unpacked size that it states, if not the true one. */
export function zipOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  claimed?: number,
): Uint8Array {
  const locals: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const data = typeof content === 'string' ? utf8(content) : content;
    const packed = new Uint8Array(deflateRawSync(data));
    const name = utf8(path);
    const facts = le(
      [2, 20],
      [2, 0],
      [2, 8],
      [4, 0],
      [4, crc32(data)],
      [4, packed.length],
      [4, claimed ?? data.length],
      [2, name.length],
      [2, 0],
    );
    const local = concat(le([4, 0x04034b50]), facts, name, packed);
    const rest = le([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
    entries.push(concat(le([4, 0x02014b50], [2, 20]), facts, rest, name));
    locals.push(local);
    offset += local.length;
  }
  const directory = concat(...entries);
  const count = entries.length;
  const end = le([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count]);
  return concat(...locals, directory, end, le([4, directory.length], [4, offset], [2, 0]));
}

/** A Word document with this body (WordprocessingML). */
export function docxOf(
  body: string,
  parts: Readonly<Record<string, string | Uint8Array>> = {},
): Uint8Array {
  const w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
  const types = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';
  return zipOf({
    '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="${types}"/></Types>`,
    '_rels/.rels':
      '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    'word/document.xml': `<w:document ${w}><w:body>${body}</w:body></w:document>`,
    ...parts,
  });
}

/** A paragraph of a Word document; `style` names one of Word's own, `run` formats the text. */
export function paragraph(text: string, { style = '', run = '' } = {}): string {
  const named = style === '' ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`;
  return `<w:p>${named}<w:r><w:rPr>${run}</w:rPr><w:t>${text}</w:t></w:r></w:p>`;
}

/** A PDF whose pages draw these content streams with Helvetica as `/F1`. */
export function pdfOf(pages: readonly (string | Uint8Array)[], title?: string): Uint8Array {
  const objects: Uint8Array[] = [];
  const add = (...parts: readonly (string | Uint8Array)[]): number =>
    objects.push(concat(...parts.map((part) => (typeof part === 'string' ? utf8(part) : part))));
  const kids = pages.map((_, at) => `${4 + 2 * at} 0 R`).join(' ');
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  pages.forEach((content, at) => {
    const packed = new Uint8Array(deflateSync(content));
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents ${5 + 2 * at} 0 R ` +
        '/Resources << /Font << /F1 3 0 R >> >> >>',
    );
    add(`<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`, packed, '\nendstream');
  });
  if (title !== undefined) add(`<< /Title (${title}) >>`);
  const parts: Uint8Array[] = [utf8('%PDF-1.7\n')];
  const offsets: number[] = [];
  let length = 9;
  objects.forEach((object, at) => {
    offsets.push(length);
    const whole = concat(utf8(`${at + 1} 0 obj\n`), object, utf8('\nendobj\n'));
    parts.push(whole);
    length += whole.length;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const info = title === undefined ? '' : `/Info ${objects.length} 0 R `;
  const size = objects.length + 1;
  parts.push(
    utf8(
      `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R ${info}>>\nstartxref\n${length}\n%%EOF\n`,
    ),
  );
  return concat(...parts);
}

/** Lines of a page: each drawn at `y` points from below in letters of `size`; `before` changes the state first. */
export function drawn(
  lines: readonly {
    readonly y: number;
    readonly size: number;
    readonly text: string;
    readonly x?: number;
    readonly before?: string;
  }[],
): string {
  return lines
    .map(
      ({ y, size, text, x = 50, before = '' }) =>
        `q ${before} BT /F1 ${size} Tf ${x} ${y} Td (${text}) Tj ET Q`,
    )
    .join('\n');
}
