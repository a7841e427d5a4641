// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { concat, hex, sha256, u32be, utf8 } from '../../src/core/index.ts';
import { memoryStateOf, probeIndex } from '../../src/vault/inside.ts';
import { onEachVault } from '../support/attack-world.ts';
import { lyingIndex } from '../support/lying-index.ts';
import { move, refused, tried } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** A number in [0, 1) that a row always has in one run of a dishonest engine. */
function lot(run: number, leafHash: string, i: number): number {
  const digest = sha256(concat(u32be(run), u32be(i), utf8(leafHash)));
  return Number.parseInt(hex(digest.subarray(0, 6)), 16) / 2 ** 48;
}

move(
  {
    id: 'A40',
    title: 'have the search engine silently leave hits out',
    by: 'rows are asked for by their own vectors; the embedded index is complete by construction (A15)',
    codes: ['INDEX_TAMPERED'],
  },
  () => {
    onEachVault((target) => {
      it('is noticed as often as 1 - (1 - f)^s says', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const { session } = vault;
        const { index } = await session.retrieval();
        const { ledger, documents } = session;
        const random = new SeededRandom('A40');
        const runs = 120;
        for (const [share, samples] of [
          [0.05, 8],
          [0.2, 8],
          [0.2, 20],
          [0.5, 4],
        ] as const) {
          let [noticed, expected] = [0, 0];
          for (let run = 0; run < runs; run++) {
            const lies = lyingIndex(index, (candidates) =>
              candidates.filter(({ leafHash, i }) => lot(run, leafHash, i) >= share),
            );
            const { missing } = await probeIndex(
              { ledger, documents, index: lies, random },
              samples,
            );
            if (missing.length > 0) noticed += 1;
            // Rows are drawn by document first, so the share that counts is that of the draw.
            const live = [...ledger.documents()].filter((doc) => doc.status === 'live');
            const left = live.map((doc) => {
              const out = Array.from({ length: doc.chunks }, (_, i) =>
                lot(run, doc.entryLeafHash, i),
              );
              return out.filter((value) => value < share).length / doc.chunks;
            });
            const f = left.reduce((sum, value) => sum + value, 0) / live.length;
            expected += 1 - (1 - f) ** samples;
            tried();
          }
          // Five standard deviations of the worst case: vaults have random keys, so every run differs.
          const spread = 5 * Math.sqrt(runs * 0.25);
          expect(Math.abs(noticed - expected)).toBeLessThan(spread);
        }
      });

      it('asks for nothing that an honest index does not give', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const { session } = vault;
        const { index } = await session.retrieval();
        const { ledger, documents } = session;
        const random = new SeededRandom('A40 honest');
        const report = await probeIndex({ ledger, documents, index, random }, 200);
        expect(report).toEqual({ samples: 200, missing: [] });
        tried();
      });

      it('stands in the report of fsck', async () => {
        const world = await target.copy();
        const vault = await world.open();
        const state = await memoryStateOf(vault.session);
        const { problems } = await vault.fsck();
        expect(problems).toEqual([]);
        for (const doc of vault.session.ledger.documents()) state.index.remove(doc.entryLeafHash);
        const report = await vault.fsck();
        expect(new Set(report.problems.map(({ code }) => code))).toEqual(
          new Set(['INDEX_TAMPERED']),
        );
        refused('INDEX_TAMPERED');
      });
    });
  },
);
