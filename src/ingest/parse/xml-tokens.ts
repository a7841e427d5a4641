// SPDX-License-Identifier: Apache-2.0
// Tags and texts of XML one after the other, without a tree. The tokenizer is that of HTML, which reads tags, attributes,
// character references and CDATA the same way; names come in lower case, and nothing that a document declares is expanded.
import { type Token, Tokenizer } from 'parse5';

/** What is told of a document, in its order. */
export interface XmlHandler {
  /** A start tag; for `<a/>` the end follows at once. */
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  close(name: string): void;
  text(text: string): void;
}

/** Reads XML to its end; what is no sound XML is read as far as it goes. */
export function readXml(xml: string, handler: XmlHandler): void {
  const text = ({ chars }: Token.CharacterToken): void => handler.text(chars);
  const nothing = (): void => undefined;
  const tokenizer = new Tokenizer(
    { sourceCodeLocationInfo: false },
    {
      onStartTag({ tagName, attrs, selfClosing }) {
        handler.open(tagName, new Map(attrs.map(({ name, value }) => [name, value])));
        if (selfClosing) handler.close(tagName);
      },
      onEndTag: ({ tagName }) => handler.close(tagName),
      onCharacter: text,
      onWhitespaceCharacter: text,
      onNullCharacter: nothing,
      onComment: nothing,
      onDoctype: nothing,
      onEof: nothing,
    },
  );
  // CDATA sections, which HTML knows in foreign elements only.
  tokenizer.inForeignNode = true;
  tokenizer.write(xml, true);
}
