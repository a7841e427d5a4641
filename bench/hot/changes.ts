// How soon a change of permissions shows, and what it costs the searches after it.
import { quantise } from '../../src/provenance/index.ts';
import { quantile } from './rounds.ts';
import { indexOfRows } from './rivals.ts';
import { K } from './search.ts';
import type { World } from './world.ts';

/** Medians, microseconds. */
export interface Changes {
  /** The same class list again. */
  readonly settled: number;
  /** The first search after a class was granted or revoked. */
  readonly afterGrant: number;
  /** Moving one document of one row to another class. */
  readonly move: number;
  /** The first search after such a move. */
  readonly afterMove: number;
  /** Settled searches after a thousand moves, compared with before. */
  readonly ratioAfterThousand: number;
}

/** A caller of half of all classes, on the index of plain rows. */
export function changes(world: World): Changes {
  const index = indexOfRows(world, (row) => world.folders[row]! + 1, world.centroids);
  const vectors = world.queries.map(({ vector }) => quantise(vector));
  const half = Array.from({ length: 50 }, (_, n) => n + 1);
  const search = (classes: readonly number[], n: number): number => {
    const vector = vectors[n % vectors.length]!;
    const start = performance.now();
    index.search({ classes, text: '', vector, mode: 'vector' }).next(K);
    return (performance.now() - start) * 1000;
  };
  const settledNow = (): number => {
    search(half, 0);
    return quantile(
      Array.from({ length: 200 }, (_, n) => search(half, n)),
      0.5,
    );
  };
  settledNow();
  const settled = settledNow();
  const afterGrant = Array.from({ length: 40 }, (_, n) => search([...half, 51 + n], n));
  const documents = index.documents(1).map(({ leafHash }) => leafHash);
  const moves: number[] = [];
  const afterMoves: number[] = [];
  for (let n = 0; n < 1000; n++) {
    const leafHash = documents[n % documents.length]!;
    const to = index.get(leafHash)!.classNo === 1 ? 2 : 1;
    const start = performance.now();
    index.moveClass(leafHash, to);
    moves.push((performance.now() - start) * 1000);
    if (n % 20 === 0) afterMoves.push(search(half, n));
  }
  return {
    settled,
    afterGrant: quantile(afterGrant, 0.5),
    move: quantile(moves, 0.5),
    afterMove: quantile(afterMoves, 0.5),
    ratioAfterThousand: settledNow() / settled,
  };
}
