// SPDX-License-Identifier: Apache-2.0
// A handful of people, groups, classes and requests from which properties draw.
import {
  type AccessRequest,
  type Action,
  ACTIONS,
  type ClassRecord,
  classRecord,
  type Principal,
} from '../../src/access/index.ts';
import { EVERYONE } from '../../src/core/index.ts';
import { fc } from '../support/property.ts';

export const PEOPLE = ['ada', 'ben', 'chloe', 'dan'] as const;
export const GROUPS = ['board', 'ops', 'staff'] as const;
const NETWORKS = ['office', 'vpn'] as const;
const DEVICES = ['managed', 'own'] as const;

/** Hours in which every limit of the arbitraries lies, and one beyond. */
export const LAST_HOUR = 12;

const hour = fc.integer({ min: 0, max: LAST_HOUR });
const some = <T>(items: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...items]);
/** Mostly no restriction, so that a decision is often yes. */
const seldom = <T>(none: T, otherwise: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(none), weight: 2 }, { arbitrary: otherwise, weight: 1 });
const limit = seldom<number | null>(null, fc.integer({ min: 0, max: LAST_HOUR - 1 }));

/** Facts of a request, or demands of a class. */
export const environments: fc.Arbitrary<Record<string, string>> = fc
  .record(
    { network: fc.constantFrom(...NETWORKS), device: fc.constantFrom(...DEVICES) },
    { requiredKeys: [] },
  )
  .map((facts) => ({ ...facts }));

export const classRecords: fc.Arbitrary<ClassRecord> = fc
  .record({
    allowUsers: some(PEOPLE),
    allowGroups: some([...GROUPS, EVERYONE]),
    denyUsers: seldom([], some(PEOPLE)),
    denyGroups: seldom([], some([...GROUPS, EVERYONE])),
    classification: fc.integer({ min: 0, max: 3 }),
    attrs: seldom({}, environments),
    notBefore: limit,
    notAfter: limit,
  })
  .map(classRecord);

/** People as the directory makes them: everybody is in `everyone`. */
export const principals: fc.Arbitrary<Principal> = fc
  .record({
    id: fc.constantFrom(...PEOPLE, 'stranger'),
    groups: some(GROUPS),
    clearance: fc.integer({ min: 0, max: 3 }),
    actions: some(ACTIONS),
  })
  .map(({ id, groups, clearance, actions }) => ({
    id,
    groups: new Set([...groups, EVERYONE]),
    clearance,
    actions: new Set(actions),
  }));

export const requests: fc.Arbitrary<AccessRequest> = fc.record({
  caller: principals,
  action: fc.constantFrom<Action>('read', 'receipt', 'ingest'),
  hour,
  environment: environments,
});

/** A class that admits ada, and nobody else, to everything at any time. */
export const OPEN_CLASS: ClassRecord = classRecord({
  allowUsers: ['ada'],
  allowGroups: [],
  denyUsers: [],
  denyGroups: [],
  classification: 0,
  attrs: {},
  notBefore: null,
  notAfter: null,
});

/** Ada, who may do everything. */
export const ADA: Principal = {
  id: 'ada',
  groups: new Set(['board', EVERYONE]),
  clearance: 1,
  actions: new Set(ACTIONS),
};

/** Ada reads, at hour 5, with no facts about her request. */
export const ADA_READS: AccessRequest = { caller: ADA, action: 'read', hour: 5, environment: {} };
