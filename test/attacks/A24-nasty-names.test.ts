// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { docIdOf, isDocId, isPrincipal, isTenantId, parseJcs, utf8 } from '../../src/core/index.ts';
import { FileStore } from '../../src/store/index.ts';
import { move, refused, tried } from '../support/move.ts';
import { NASTY_NAMES as names, OWN_NASTY_NAMES as own } from '../support/nasty-names.ts';
import { hasShared } from '../support/shared-vectors.ts';
import { codeRejectedBy, codeThrownBy } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { accessOf, finds, OFFICE_ACCESS, VaultWorld } from '../support/vault-world.ts';

const folded = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC');

move(
  {
    id: 'A24',
    title: 'use names that are read in two ways: Unicode, paths, JSON, prototypes',
    by: 'ASCII grammars and byte equality; names become keyed ids; canonical JSON; closed schemas',
    codes: ['USAGE', 'PATH_INVALID', 'FORMAT_INVALID', 'ACCESS_INVALID'],
  },
  () => {
    it('has more than two hundred of them', () => {
      expect(own.length).toBeGreaterThan(140);
      expect(names.length).toBeGreaterThan(hasShared('data/files-naughtystrings') ? 500 : 140);
      tried();
    });

    it('gives every name that is accepted an id of its own, after any folding', () => {
      const idKey = new Uint8Array(32).fill(7);
      const ids = new Map<string, string>();
      for (const name of names) {
        const code = codeThrownBy(() => docIdOf(idKey, 'files', name));
        if (code !== null) {
          expect(name.isWellFormed()).toBe(false);
          refused(code);
          continue;
        }
        const id = docIdOf(idKey, 'files', name);
        expect(isDocId(id)).toBe(true);
        expect(folded(id)).toBe(id);
        expect(ids.get(id)).toBeUndefined();
        ids.set(id, name);
        tried();
      }
      expect(ids.size).toBe(names.filter((name) => name.isWellFormed()).length);
    });

    it('takes no name for a principal, tenant or document id that could be read as another', () => {
      const accepted = names.filter((name) => isPrincipal(name));
      for (const name of accepted) {
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._@-]*$/);
        expect(name.normalize('NFKC')).toBe(name);
      }
      for (const name of names.filter((each) => isTenantId(each))) {
        expect(folded(name)).toBe(name);
        expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
      }
      for (const name of names.filter((each) => isDocId(each))) expect(folded(name)).toBe(name);
      tried(names.length);
    });

    it('reaches nothing outside the store', async () => {
      const store = new FileStore(temporaryFolder());
      for (const name of names) {
        if (
          /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/.test(name) &&
          !/(^|\/)\.{1,2}(\/|$)/.test(name)
        )
          continue;
        refused(await codeRejectedBy(store.get(name)));
        refused(await codeRejectedBy(store.putIfAbsent(name, new Uint8Array(1))));
      }
    });

    it('is not read from JSON that says a thing twice or cannot say it once', () => {
      const wrong = [
        '{"a":1,"a":2}',
        '{"__proto__":{"a":1},"__proto__":{}}',
        '{"a":9007199254740993}',
        '{"a":1.0}',
        '{"a":1e3}',
        '{"a":-0}',
        '{"a":"\\ud800"}',
        '{"\\ud800":1}',
        '{"b":1,"a":2}',
        '{"a": 1}',
        '\ufeff{}',
        '{"a":"\\u0061"}',
        '[1,]',
        '{"a":01}',
      ];
      for (const text of wrong) {
        expect([text, codeThrownBy(() => parseJcs(utf8(text)))]).toEqual([text, 'FORMAT_INVALID']);
        refused('FORMAT_INVALID');
      }
      expect(codeThrownBy(() => parseJcs(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)))).toBe(
        'FORMAT_INVALID',
      );
    });

    it('admits nobody by a name that only looks like one in the access file', () => {
      for (const name of [
        'аda',
        'ａｄａ',
        'ada ',
        'ada\u200b',
        '__proto__ ',
        'everyone',
        'ada\n',
      ]) {
        const people = { ...OFFICE_ACCESS.people, [name]: {} };
        refused(codeThrownBy(() => accessOf({ ...OFFICE_ACCESS, people })));
      }
      const groups = { ...OFFICE_ACCESS.groups, ada: ['ben'] };
      refused(codeThrownBy(() => accessOf({ ...OFFICE_ACCESS, groups })));
    });

    it('keeps documents apart whose names a person could not tell apart', async () => {
      const files = Object.fromEntries(
        [
          '\u00e9',
          'e\u0301',
          '\u212b',
          '\u00c5',
          '\u0430',
          'a',
          '__proto__',
          'constructor',
          '\u202ea',
        ].map((name, i) => [`news/${name}.md`, `Page number ${i} speaks of bells.\n`]),
      );
      const world = await VaultWorld.ingested({ files });
      await world.use(async (vault) => {
        const found = await finds(vault, 'dan', 'bells', 1000);
        expect(found.sort()).toEqual(Object.keys(files).sort());
        const report = await vault.verifyAll();
        expect(report).toMatchObject({ documents: found.length, failures: [] });
      });
      tried(Object.keys(files).length);
    });
  },
);
