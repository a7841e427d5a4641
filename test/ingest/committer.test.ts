// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fail } from '../../src/core/index.ts';
import { Backlog } from '../../src/ingest/backlog.ts';
import { Committer } from '../../src/ingest/index.ts';
import { codeRejectedBy } from '../support/tampering.ts';

describe('a committer', () => {
  const entry = (n: number): { entry: Uint8Array; keyRows: [] } => ({
    entry: Uint8Array.of(n),
    keyRows: [],
  });
  const committed = { outcome: 'committed' as const, index: 0, leafHash: '', records: [] };

  it('appends full batches at once and others after a while, in the order of submission', async () => {
    const batches: number[][] = [];
    const committer = new Committer({
      batchSize: 3,
      maxWait: 5,
      putKeys: () => Promise.resolve(),
      commit: (entries) => {
        batches.push(entries.map(([n]) => n ?? -1));
        return Promise.resolve(entries.map(() => committed));
      },
    });
    await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => committer.submit(entry(n))));
    expect(batches).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(committer.accepted).toBe(7);
  });

  it('does not let an entry wait longer than it may, whatever waits before it', async () => {
    const batches: number[][] = [];
    const committer = new Committer({
      batchSize: 10,
      maxWait: 2 ** 30,
      putKeys: () => Promise.resolve(),
      commit: (entries) => {
        batches.push(entries.map(([n]) => n ?? -1));
        return Promise.resolve(entries.map(() => committed));
      },
    });
    const first = [committer.submit(entry(0)), committer.submit(entry(1), 5)];
    await Promise.all([...first, committer.submit(entry(2), 1000)]);
    expect(batches).toEqual([[0, 1, 2]]);
  });

  it('makes keys durable before the log names what they open, and fails what waits for a failed batch alone', async () => {
    const calls: string[] = [];
    let isBroken = true;
    const committer = new Committer({
      batchSize: 2,
      maxWait: 1,
      putKeys: () => {
        calls.push('keys');
        if (isBroken) return Promise.reject(fail('STORE_FAILED', 'the test struck'));
        return Promise.resolve();
      },
      commit: (entries) => {
        calls.push('log');
        return Promise.resolve(entries.map(() => committed));
      },
    });
    const codes = await Promise.all([0, 1].map((n) => codeRejectedBy(committer.submit(entry(n)))));
    expect(codes).toEqual(['STORE_FAILED', 'STORE_FAILED']);
    isBroken = false;
    expect(await committer.submit(entry(2))).toEqual(committed);
    expect(calls).toEqual(['keys', 'keys', 'log']);
  });
});

describe('a backlog', () => {
  it('admits as many documents and bytes as it may, in order, and a huge one alone', async () => {
    let waits = 0;
    const backlog = new Backlog({ documents: 2, bytes: 100 }, () => {
      waits += 1;
    });
    const entered: string[] = [];
    const enter = (name: string, bytes: number): Promise<() => void> =>
      backlog.enter(bytes).then((leave) => {
        entered.push(name);
        return leave;
      });
    const a = await enter('a', 60);
    const [b, c, huge, d] = [enter('b', 60), enter('c', 1), enter('huge', 1000), enter('d', 1)];
    await Promise.resolve();
    expect(entered).toEqual(['a']);
    a();
    (await b)();
    (await c)();
    expect(entered).toEqual(['a', 'b', 'c']);
    const leave = await huge;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(entered).toEqual(['a', 'b', 'c', 'huge']);
    leave();
    (await d)();
    expect(waits).toBe(4);
  });
});
