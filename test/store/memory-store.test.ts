// SPDX-License-Identifier: Apache-2.0
import { MemoryStore } from '../../src/store/index.ts';
import { FixedClock } from '../support/fixed-clock.ts';
import { describeObjectStore } from './conformance.ts';

describeObjectStore('a store in memory', () => {
  const store = new MemoryStore(new FixedClock());
  return { store, again: () => store };
});
