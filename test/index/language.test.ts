// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LANGUAGES, languageOf, languageOfQuery } from '../../src/index/language.ts';
import { MemoryIndex, type PassageDocument } from '../../src/index/index.ts';
import { fc } from '../support/property.ts';
import { DIMS, documentOf, rowOf, SPACE, vectorOf } from './corpus.ts';

const TEXTS: Readonly<Record<string, string>> = {
  de: 'Die Schlüssel werden nicht auf dem Server gespeichert, sondern von der Verwaltung mit einer Frist versehen.',
  fr: 'Les clés ne sont pas conservées sur le serveur, mais elles sont gérées par la direction avec un délai.',
  es: 'Las claves no se guardan en el servidor, pero la administración las gestiona con un plazo para que no se pierdan.',
  it: 'Le chiavi non sono conservate nel server, ma sono gestite dalla direzione con una scadenza che è nota.',
  pt: 'As chaves não são guardadas no servidor, mas a direção também as gere com um prazo para que não se percam.',
  nl: 'De sleutels worden niet op de server bewaard, maar door het beheer met een termijn uitgegeven zodat dit ook kan.',
  sv: 'Nycklarna sparas inte på servern, utan de hanteras av ledningen med en frist som är känd för alla och kan ändras.',
  ru: 'Ключи не хранятся на сервере, но они были выданы с указанием срока, чтобы все это знали и не забывали.',
};

const codeOf = (no: number | null): string | null =>
  no === null ? null : (LANGUAGES[no]?.code ?? null);

/** Documents found by words alone. */
function found(documents: readonly PassageDocument[], text: string): string[] {
  const index = new MemoryIndex({ dims: DIMS, space: SPACE });
  for (const document of documents) index.add(document);
  const request = { classes: [0], text, vector: vectorOf([1]), mode: 'bm25' as const };
  return index
    .search(request)
    .next(9)
    .map(({ docId }) => docId);
}

describe('the language of a text', () => {
  it.each(Object.entries(TEXTS))('is seen to be %s', (code, text) => {
    expect(codeOf(languageOf(text))).toBe(code);
  });

  it.each([
    [
      'English',
      'The keys are not kept on the server but by the board, with a period that is known to all.',
    ],
    ['nothing', ''],
    ['a heading', 'Die Schlüssel'],
    ['names', 's3:GetObject kms:Decrypt arn:aws:s3'],
    [
      'an English text that quotes German',
      `The keys are kept in the vault as it is with all of them. ${'The and of it. '.repeat(5)} Die das und ist.`,
    ],
  ])('is English for %s', (_, text) => {
    expect(languageOf(text)).toBeNull();
  });

  it('shows in questions by a single word that English has not', () => {
    expect(codeOf(languageOfQuery('Wie kündige ich'))).toBe('de');
    expect(languageOfQuery('rotate keys')).toBeNull();
    expect(languageOfQuery('how to die')).toBeNull();
  });

  it('is decided without trouble for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const no = languageOf(text);
        expect(no === null || LANGUAGES[no] !== undefined).toBe(true);
      }),
    );
  });

  it.each(LANGUAGES.map((language) => [language.code, language]))(
    '%s stems whatever comes',
    (_, language) => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 64 }), (word) => {
          expect(language.stem(word)).toBe(language.stem(word));
        }),
        { numRuns: 50 },
      );
    },
  );
});

describe('search across languages', () => {
  const german = documentOf('german', 0, [
    rowOf(0, `${TEXTS['de'] ?? ''} Die Häuser und die Kubernetes-Cluster.`, [1]),
  ]);
  const english = documentOf('english', 0, [
    rowOf(0, 'Houses of the city, and the clusters that Kubernetes runs.', [1]),
  ]);
  const both = [german, english];

  it('finds inflected words of the language that a text is in', () => {
    expect(found(both, 'Haus')).toEqual([german.docId]);
    expect(found(both, 'Hausern verwalten')).toEqual([german.docId]);
    expect(found(both, 'house')).toEqual([english.docId]);
  });

  it('finds names in texts of all languages', () => {
    expect(found(both, 'kubernetes cluster').sort()).toEqual([german.docId, english.docId].sort());
  });

  it('does not mix up stems of two languages', () => {
    // The German stem of "Note" is "not", which is an English word.
    const notes = documentOf('notes', 0, [rowOf(0, `${TEXTS['de'] ?? ''} Noten`, [1])]);
    const not = documentOf('not', 0, [rowOf(0, 'not', [1])]);
    expect(found([notes, not], 'Noten')).toEqual([notes.docId]);
  });
});
