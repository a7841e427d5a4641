// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from 'node:sqlite';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type ErrorCode, fail } from '../../src/core/index.ts';
import type { KeyRing } from '../../src/keys/index.ts';
import { ProvenDocuments, Retriever } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { eventsOf, expectAudited, expectStopped, onEachVault } from '../support/attack-world.ts';
import { move, refused, tried } from '../support/move.ts';
import { caller } from '../support/vault-world.ts';

const ask = { caller: caller('ada'), query: 'leave and travel', k: 1000 } as const;

/** How a key service fails at its n-th call: with a typed error, or with whatever its client throws. */
type Fault = (call: number) => Error | 'wrong key' | null;

/** A retriever of an open vault whose keys come from a service that fails. */
async function retrieverOver(
  vault: Vault,
  fault: Fault,
): Promise<{ retriever: Retriever; calls: () => number }> {
  const retrieval = await vault.session.retrieval();
  const { ring } = retrieval.stores;
  let calls = 0;
  const unwrap: KeyRing['unwrap'] = async (ref, row) => {
    calls += 1;
    const failure = fault(calls);
    if (failure === 'wrong key') return new Uint8Array(32);
    if (failure !== null) throw failure;
    return ring.unwrap(ref, row);
  };
  const failing: KeyRing = new Proxy(ring, {
    get: (target, name) => {
      if (name === 'unwrap') return unwrap;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const stores = { ...retrieval.stores, ring: failing };
  const documents = new ProvenDocuments(vault.session.ledger, stores, ring.tenantId);
  return { retriever: new Retriever({ ...retrieval, stores }, documents), calls: () => calls };
}

move(
  {
    id: 'A27',
    title: 'make the key service fail: deny, throttle, answer with another key, lose a row',
    by: 'typed refusals per document, fail closed, one call per document and no retry storm',
    codes: ['KEY_UNAVAILABLE', 'KEY_COMMITMENT', 'KEY_ROW_MISSING'],
  },
  () => {
    onEachVault((target) => {
      it('gives no passage without its key, with as many calls as documents', async () => {
        const faults: [ErrorCode, Fault][] = [
          ['KEY_UNAVAILABLE', () => fail('KEY_UNAVAILABLE', 'denied')],
          ['KEY_COMMITMENT', () => 'wrong key'],
        ];
        for (const [code, fault] of faults) {
          const world = await target.copy();
          const vault = await world.open();
          const { retriever, calls } = await retrieverOver(vault, fault);
          const { passages } = await retriever.search(ask);
          expect(passages).toEqual([]);
          expect(new Set(world.codes)).toEqual(new Set([code]));
          // A failure is not remembered, so the bound is one call per candidate.
          expect(calls()).toBeLessThanOrEqual(target.readable('ada').length);
          vault.close();
          expectAudited(await eventsOf(world), [code]);
          refused(code);
        }
      });

      it('leaves out exactly the documents whose call failed', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const throttled = (call: number): Error | null =>
          call % 2 === 0 ? fail('KEY_UNAVAILABLE', 'throttled') : null;
        const { retriever } = await retrieverOver(vault, throttled);
        const { passages } = await retriever.search(ask);
        const known = new Set(target.readable('ada').map((passage) => JSON.stringify(passage)));
        for (const passage of passages) expect(known).toContain(JSON.stringify(passage));
        expect(passages.length).toBeGreaterThan(0);
        expect(passages.length).toBeLessThan(known.size);
        refused('KEY_UNAVAILABLE');
      });

      it('gives no partial answer when the client of the service breaks', async () => {
        const world = await target.copy();
        const vault = await world.open();
        for (const at of [1, 2, 3]) {
          const broken = (call: number): Error | null =>
            call === at ? new TypeError('socket hang up') : null;
          const { retriever } = await retrieverOver(vault, broken);
          await expect(retriever.search(ask)).rejects.toThrow('socket hang up');
          tried();
        }
      });

      it('loses the document whose row is gone, and no other', async () => {
        const damaged = await target.copy();
        const { docId } = await damaged.use((vault) => vault.describe(target.documents[0]!));
        const db = new DatabaseSync(path.join(damaged.vault, 'keys.sqlite'));
        db.prepare("DELETE FROM dek WHERE kind = 'doc' AND id = ?").run(docId);
        db.close();
        const { passages } = await expectStopped(target, damaged, { codes: ['KEY_ROW_MISSING'] });
        const lost = target
          .readable('ada')
          .filter(({ source }) => source.uri === target.documents[0]);
        expect(passages).toHaveLength(target.readable('ada').length - lost.length);
      });
    });
  },
);
