// SPDX-License-Identifier: Apache-2.0
// A vault whose index is given lists serves the same people the same passages.
import { describe, expect, it } from 'vitest';
import { centroidsOf, openVault } from '../../src/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import { expectRejection } from '../support/tampering.ts';
import { search, worldTemplate } from '../support/vault-world.ts';

const unit = (dims: number, at: number): ReturnType<typeof quantise> =>
  quantise(Float32Array.from({ length: dims }, (_, i) => (i === at ? 1 : 0)));

describe('a vault opened with lists', () => {
  const world = worldTemplate();

  it('answers as without them', async () => {
    const at = await world();
    const { embedder } = at;
    const { dims } = embedder.identity;
    const centroids = centroidsOf([0, 1, 2, 3].map((i) => unit(dims, i)));
    const [plain, listed] = [
      await openVault({ ...at.place, embedder }),
      await openVault({ ...at.place, embedder, centroids }),
    ];
    for (const person of ['ada', 'chloe', 'ben', 'dan']) {
      const { passages } = await search(listed, person, 'salary, leave and opening hours');
      expect(passages.length).toBeGreaterThan(0);
      const without = await search(plain, person, 'salary, leave and opening hours');
      expect(passages).toEqual(without.passages);
    }
    plain.close();
    listed.close();
  });

  it('refuses lists that were made for another embedder', async () => {
    const at = await world();
    const { embedder } = at;
    const centroids = centroidsOf([unit(3, 0), unit(3, 1)]);
    const vault = await openVault({ ...at.place, embedder, centroids });
    await expectRejection(search(vault, 'ada', 'salary'), 'USAGE');
    vault.close();
  });
});
