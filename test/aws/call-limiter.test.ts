// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CallLimiter } from '../../src/aws/call-limiter.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { expectRefusal, expectRejection } from '../support/tampering.ts';

const never = new AbortController().signal;

describe('a limiter of calls', () => {
  it('runs so many at a time, in their order', async () => {
    const limiter = new CallLimiter({ concurrency: 3 });
    const [started, most] = [[] as number[], { now: 0, ever: 0 }];
    const calls = Array.from({ length: 20 }, (_, at) =>
      limiter.run(1, never, async () => {
        started.push(at);
        most.now += 1;
        most.ever = Math.max(most.ever, most.now);
        await new Promise((resolve) => setImmediate(resolve));
        most.now -= 1;
        if (at % 5 === 0) throw new Error('a failed call gives its place back');
        return at;
      }),
    );
    const results = await Promise.allSettled(calls);
    expect(most.ever).toBe(3);
    expect(started).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  });

  it('begins so many tokens within a minute', async () => {
    const clock = new FixedClock();
    const start = clock.seconds;
    const wait = (ms: number): Promise<void> => {
      clock.seconds += ms / 1000;
      return Promise.resolve();
    };
    const limiter = new CallLimiter({ tokensPerMinute: 100 }, { clock, wait });
    const begun: number[] = [];
    const call = (tokens: number): Promise<unknown> =>
      limiter.run(tokens, never, () => Promise.resolve(begun.push(clock.seconds - start)));
    for (const tokens of [60, 40, 50, 100, 250, 10]) await call(tokens);
    expect(begun).toEqual([0, 0, 30, 90, 150, 246]);
  });

  it('ends waiting when it is told to, and lets the next one through', async () => {
    const clock = new FixedClock();
    const controller = new AbortController();
    const wait = (): Promise<void> => {
      controller.abort();
      return Promise.reject(new Error('aborted'));
    };
    const limiter = new CallLimiter({ tokensPerMinute: 10, concurrency: 1 }, { clock, wait });
    const work = (): Promise<string> => Promise.resolve('done');
    await limiter.run(10, never, work);
    await expectRejection(limiter.run(10, controller.signal, work), 'ABORTED');
    clock.seconds += 60;
    expect(await limiter.run(10, never, work)).toBe('done');
  });

  it('is not made of limits that are none', () => {
    for (const limits of [{ concurrency: 0 }, { tokensPerMinute: 0 }, { concurrency: Number.NaN }])
      expectRefusal(() => new CallLimiter(limits), 'USAGE');
  });
});
