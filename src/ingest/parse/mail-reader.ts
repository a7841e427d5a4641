// SPDX-License-Identifier: Apache-2.0
// Internet messages (RFC 5322, MIME) into headers, body and attachments. Runs in a thread of its own.
import PostalMime, { type Address } from 'postal-mime';
import { fail, utf8 } from '../../core/index.ts';
import type { IsolatedBlock, IsolatedPart, IsolatedReading } from './isolated.ts';

/** Attachments of one message; further ones are named and not read. */
const MAX_PARTS = 100;
const MAX_ADDRESSES = 50;

/**
 * Reads a message. Who sent it to whom is part of the text; the body comes as the first part, as HTML when there is
 * some, and attachments follow.
 * @throws {SOURCE_EMPTY} {@link SOURCE_TOO_LARGE}
 */
export async function readMail(bytes: Uint8Array, maxBytes: number): Promise<IsolatedReading> {
  const mail = await PostalMime.parse(bytes, {
    attachmentEncoding: 'arraybuffer',
    maxNestingDepth: 20,
    maxHeadersSize: 2 ** 20,
  });
  const facts = [
    ['From', people(mail.from === undefined ? [] : [mail.from])],
    ['To', people(mail.to ?? [])],
    ['Cc', people(mail.cc ?? [])],
    ['Date', mail.date ?? ''],
    ['Subject', mail.subject ?? ''],
  ].filter(([, value]) => value !== '');
  const text = facts.map(([name, value]) => `${name ?? ''}: ${value ?? ''}`).join('\n');
  if (facts.length === 0 && mail.text === undefined && mail.html === undefined) {
    throw fail('SOURCE_EMPTY', 'a file holds no message');
  }
  const body = bodyOf(mail.html, mail.text);
  const attached = mail.attachments
    .slice(0, MAX_PARTS)
    .map(({ filename, mimeType, content }): IsolatedPart => ({
      name: filename ?? 'unnamed',
      mediaType: mimeType,
      bytes: typeof content === 'string' ? utf8(content) : new Uint8Array(content),
    }));
  const parts = body === null ? attached : [body, ...attached];
  if (parts.reduce((sum, part) => sum + part.bytes.length, 0) > maxBytes) {
    throw fail('SOURCE_TOO_LARGE', 'the parts of a message are larger than the limit');
  }
  const blocks: IsolatedBlock[] = text === '' ? [] : [{ kind: 'record', text }];
  const correspondents = addressesOf([mail.from, ...(mail.to ?? []), ...(mail.cc ?? [])]);
  return { title: mail.subject ?? null, blocks, parts, correspondents, findings: [] };
}

/** Each address once, in order. */
function addressesOf(all: readonly (Address | undefined)[]): string[] {
  const addresses = all.flatMap((one) =>
    (one?.group ?? [one]).flatMap((member) => member?.address ?? []),
  );
  return [...new Set(addresses.map((a) => a.toWellFormed().toLowerCase()))].slice(0, MAX_ADDRESSES);
}

function bodyOf(html: string | undefined, text: string | undefined): IsolatedPart | null {
  if (html !== undefined && /\S/.test(html)) {
    return { name: '', mediaType: 'text/html', bytes: utf8(html.toWellFormed()) };
  }
  if (text === undefined || !/\S/.test(text)) return null;
  return { name: '', mediaType: 'text/plain', bytes: utf8(text.toWellFormed()) };
}

function people(addresses: readonly Address[]): string {
  return addresses
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address }) => [name, address === undefined ? '' : `<${address}>`])
    .map(([name = '', address = '']) => (name === '' ? address.slice(1, -1) : `${name} ${address}`))
    .join(', ');
}
