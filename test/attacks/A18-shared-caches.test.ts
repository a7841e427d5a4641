// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import {
  classRecord,
  ClassTable,
  Directory,
  hourOf,
  initialPolicy,
  isAllowed,
} from '../../src/access/index.ts';
import { type AccessView, Authoriser } from '../../src/retrieve/index.ts';
import { onEachVault, PEOPLE } from '../support/attack-world.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { move, tried } from '../support/move.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { search } from '../support/vault-world.ts';

const PAIRS = 10_000;
const random = new SeededRandom('A18');
const people = Array.from({ length: 200 }, (_, i) => `p${i}`);
const groups = Array.from({ length: 12 }, (_, i) => `g${i}`);
const some = (from: readonly string[], most: number): string[] => [
  ...new Set(Array.from({ length: random.below(most + 1) }, () => random.pick(from))),
];

/** Two hundred people, twelve groups, forty classes, anyhow. */
function anyView(epoch: number): AccessView {
  const directory = Directory.parse(
    epoch,
    people.map((p) => ({
      p,
      groups: some(groups, 3).sort(),
      clearance: random.below(4),
      actions: some(['read', 'receipt'], 2) as 'read'[],
    })),
  );
  const classes = new ClassTable();
  for (let classNo = 0; classNo < 40; classNo++) {
    const hours = hourOf(new FixedClock().now()) + random.below(8);
    classes.set(
      classNo,
      classRecord({
        allowUsers: some(people, 4).sort(),
        allowGroups: some(groups, 2).sort(),
        denyUsers: some(people, 2).sort(),
        denyGroups: [],
        classification: random.below(3),
        attrs: random.below(4) === 0 ? { network: 'office' } : {},
        notBefore: null,
        notAfter: random.below(3) === 0 ? hours : null,
      }),
    );
  }
  return {
    directory,
    classes,
    policy: initialPolicy('refuse'),
    policyEpoch: epoch,
    classVersion: epoch,
  };
}

move(
  {
    id: 'A18',
    title: 'get an answer, or a decision, that was cached for somebody else',
    by: 'no answer is cached; lists of classes are cached per caller, action, request facts and epochs',
    codes: [],
  },
  () => {
    it(`never gives one caller the classes of another, in ${PAIRS} random pairs`, () => {
      const clock = new FixedClock();
      let view = anyView(1);
      const authoriser = new Authoriser(() => view, clock);
      for (let i = 0; i < PAIRS; i++) {
        if (i % 1000 === 999) view = anyView(i);
        if (i % 700 === 699) clock.seconds += 3600;
        // Two callers in turn, so that the second could get what was kept for the first.
        for (const id of [random.pick(people), random.pick(people)]) {
          const action = random.pick(['read', 'receipt'] as const);
          const environment: Record<string, string> =
            random.below(2) === 0 ? { network: 'office' } : {};
          const caller = { id, identity: 'token', environment } as const;
          const { classes } = authoriser.authorise(caller, action);
          const hour = hourOf(clock.now());
          const principal = view.directory.principal(id);
          const own = Array.from({ length: 40 }, (_, classNo) => classNo).filter((classNo) =>
            isAllowed(
              { caller: principal, action, hour, environment },
              view.classes.record(classNo)!,
            ),
          );
          if (classes.join() !== own.join())
            expect([id, action, classes]).toEqual([id, action, own]);
        }
        tried();
      }
    });

    onEachVault((target) => {
      it('gives everybody the same as a process that has served nobody else', async () => {
        const world = await target.copy();
        const vault = await world.open();
        for (let i = 0; i < 60; i++) {
          const person = random.pick(PEOPLE);
          const query = random.pick(['leave', 'travel', 'salaries of engineers']);
          const { passages } = await search(vault, person, query, 1000);
          const readable = new Set(
            target.readable(person).map((passage) => JSON.stringify(passage)),
          );
          expect(passages.every((passage) => readable.has(JSON.stringify(passage)))).toBe(true);
          expect(passages).toHaveLength(readable.size);
          tried();
        }
      });
    });
  },
);
