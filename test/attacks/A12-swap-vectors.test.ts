// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import type { Candidate } from '../../src/index/index.ts';
import { decodeVector, quantise, similarity } from '../../src/provenance/index.ts';
import { expectAudited, eventsOf, onEachVault } from '../support/attack-world.ts';
import { retrieverOverLies } from '../support/lying-index.ts';
import { move, refused, tried } from '../support/move.ts';
import { caller } from '../support/vault-world.ts';

const ask = { caller: caller('ada'), query: 'leave and travel', k: 1000 } as const;

/** Each candidate with the vector of the one after it. */
function rotated(candidates: Candidate[]): Candidate[] {
  return candidates.map((candidate, i) => {
    const other = candidates[(i + 1) % candidates.length] ?? candidate;
    return { ...candidate, vector: other.vector };
  });
}

move(
  {
    id: 'A12',
    title: 'store the vector of one chunk under the label of another',
    by: 'a commitment to every vector in the signed chunk tree, compared with what the index offers',
    codes: ['INTEGRITY'],
  },
  () => {
    onEachVault((target) => {
      it('keeps every such passage out of the answer, also when its text was served before', async () => {
        const world = await target.copy();
        const vault = await world.open();
        let isHonest = true;
        const retriever = await retrieverOverLies(vault, (candidates) =>
          isHonest ? candidates : rotated(candidates),
        );
        const { passages } = await retriever.search(ask);
        expect(passages).toHaveLength(target.readable('ada').length);
        isHonest = false;
        const { passages: shown } = await retriever.search(ask);
        expect(shown).toEqual([]);
        expect(new Set(world.codes)).toEqual(new Set(['INTEGRITY']));
        for (let i = 0; i < passages.length; i++) refused('INTEGRITY');
        vault.close();
        expectAudited(await eventsOf(world), ['INTEGRITY']);
      });

      it('ranks by the signed vectors: every score is the one that they give', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const scores: { score: number; vector: Uint8Array }[] = [];
        const retriever = await retrieverOverLies(vault, (candidates) => {
          scores.push(...candidates);
          return candidates;
        });
        await retriever.search({ ...ask, mode: 'vector' });
        const query = quantise(await vault.session.embedder.embedQuery(ask.query));
        const { dims } = vault.session.embedder.identity;
        expect(scores.length).toBe(target.readable('ada').length);
        for (const { score, vector } of scores) {
          expect(score).toBeCloseTo(similarity(query, decodeVector(vector, dims)), 5);
          tried();
        }
      });
    });
  },
);
