// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { aclDigest, encodeClassRecord } from '../../src/access/index.ts';
import { hex } from '../../src/core/index.ts';
import { encodeLeaf, leafHash, type Receipt, textCommit } from '../../src/provenance/index.ts';
import { onEachVault } from '../support/attack-world.ts';
import { move, tried } from '../support/move.ts';
import { contextWithReceipt } from '../support/vault-world.ts';

/** Every field that a receipt has, numbers of lists left out: docs/formats.md, "Receipt", closes this list. */
const FIELDS = [
  'attest',
  'caller',
  'caller.nonce',
  'caller.principal',
  'caller.query',
  'consistency',
  'genesis',
  'genesis.entry',
  'genesis.index',
  'genesis.proof',
  'head',
  'keys',
  'keys.delegate',
  'keys.delegate.entry',
  'keys.delegate.index',
  'keys.delegate.proof',
  'keys.keyid',
  'keys.stateProof',
  'keys.stateProof.key32',
  'keys.stateProof.path',
  'keys.stateProof.value',
  'keys.stateProof.valueHash',
  'origin',
  'passages',
  'passages.chunk',
  'passages.chunk.i',
  'passages.chunk.leafFields',
  'passages.chunk.leafFields.end',
  'passages.chunk.leafFields.meta',
  'passages.chunk.leafFields.meta.headings',
  'passages.chunk.leafFields.meta.page',
  'passages.chunk.leafFields.meta.pos',
  'passages.chunk.leafFields.meta.pos.end',
  'passages.chunk.leafFields.meta.pos.start',
  'passages.chunk.leafFields.n',
  'passages.chunk.leafFields.start',
  'passages.chunk.leafFields.textCommit',
  'passages.chunk.leafFields.vecCommit',
  'passages.chunk.openT',
  'passages.chunk.proof',
  'passages.chunk.text',
  'passages.index',
  'passages.proof',
  'passages.statement',
  'passages.stateProof',
  'passages.stateProof.key32',
  'passages.stateProof.path',
  'passages.stateProof.value',
  'passages.stateProof.valueHash',
  'recoveries',
  'state',
  'state.entry',
  'state.index',
  'state.proof',
  'v',
];

function fieldsOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(item, at));
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = at === '' ? name : `${at}.${name}`;
    // The value of a state leaf is closed by its own schema.
    return name === 'value' ? [here] : [here, ...fieldsOf(inner, here)];
  });
}

/** Every 32 bytes that a receipt shows anywhere, in hex, also inside its statements. */
function secretsIn(receipt: Receipt): Set<string> {
  const text = JSON.stringify(receipt);
  const inside = [...text.matchAll(/"([A-Za-z0-9+/=]{100,})"/g)].map(([, entry = '']) => {
    const envelope = Buffer.from(entry, 'base64').toString('latin1');
    const payload = /"payload":"([A-Za-z0-9+/=]+)"/.exec(envelope)?.[1] ?? '';
    return envelope + Buffer.from(payload, 'base64').toString('latin1');
  });
  return new Set([text, ...inside].flatMap((part) => part.match(/\b[0-9a-f]{64}\b/g) ?? []));
}

move(
  {
    id: 'A31',
    title: 'use what receipts reveal to guess other chunks, other versions or who may read',
    by: 'an opening for each chunk, derived from a salt that is never revealed; keyed digests of classes',
    codes: [],
  },
  () => {
    onEachVault((target) => {
      it('confirms no chunk that was not shown and no class, from any receipts', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const { session } = vault;
        const receipts: Receipt[] = [];
        for (const query of ['leave', 'travel', 'soup', 'salary', 'merger']) {
          receipts.push((await contextWithReceipt(vault, 'ada', query)).receipt!);
        }
        const keys = [...new Set(receipts.flatMap((receipt) => [...secretsIn(receipt)]))].map(
          (text) => Buffer.from(text, 'hex'),
        );
        expect(keys.length).toBeGreaterThan(30);
        const shownChunks = new Set<string>();
        for (const { passages } of receipts) {
          for (const { index, chunk } of passages) shownChunks.add(`${index} ${chunk.i}`);
        }
        const known = new Set(receipts.flatMap((receipt) => [...secretsIn(receipt)]));
        for (const doc of session.ledger.documents()) {
          const document = await session.documents.prove(doc);
          for (const [i, text] of (await document.texts()).entries()) {
            const leaf = document.leaf(i);
            const leafOf = (opening: Uint8Array): string =>
              hex(
                leafHash(
                  encodeLeaf({ ...leaf, textCommit: textCommit(opening, Buffer.from(text)) }),
                ),
              );
            // With the true opening the guess would be confirmed, so the test can see what it looks for.
            expect(leafOf(document.textOpening(i))).toBe(hex(leafHash(encodeLeaf(leaf))));
            if (shownChunks.has(`${doc.entry} ${i}`)) continue;
            for (const key of keys) {
              const commit = hex(textCommit(key, Buffer.from(text)));
              if (known.has(commit) || known.has(leafOf(key))) expect.fail('a guess is confirmed');
              tried();
            }
          }
        }
        for (const acl of session.ledger.classes()) {
          const record = encodeClassRecord(session.access.classes.record(acl.classNo)!);
          const classKey = session.context.ring.lookupKey('class');
          expect(aclDigest(classKey, record)).toBe(acl.aclDigest);
          for (const key of keys) {
            expect(aclDigest(key, record)).not.toBe(acl.aclDigest);
            tried();
          }
        }
      });

      it('reveals exactly the fields of a closed list', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const { receipt } = await contextWithReceipt(vault, 'ada', 'leave and travel');
        const fields = new Set(fieldsOf(receipt));
        expect([...fields].filter((field) => !FIELDS.includes(field))).toEqual([]);
        const needed = FIELDS.filter(
          (field) => !field.startsWith('passages.chunk.leafFields.meta.'),
        );
        expect(needed.filter((field) => !fields.has(field))).toEqual([]);
        tried();
      });
    });
  },
);
