// SPDX-License-Identifier: Apache-2.0
// Before each test, removes the check whose id its title begins with. What a file prepares before its tests has all checks.
import { beforeEach, type TestContext } from 'vitest';

interface Named {
  readonly name: string;
  readonly suite?: Named;
}

let removed: string | null = null;

Object.assign(globalThis, {
  withoutCheck: (id: string, condition: boolean): boolean => id === removed || condition,
});

beforeEach((context: TestContext) => {
  for (let task = context.task as Named | undefined; task !== undefined; task = task.suite) {
    const id = /^(INV-[A-Z0-9-]+): /.exec(task.name)?.[1];
    if (id === undefined) continue;
    removed = id;
    return () => {
      removed = null;
    };
  }
  return undefined;
});
