// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  type AccessRequest,
  type ClassRecord,
  ClassTable,
  isAllowed,
} from '../../src/access/index.ts';
import { fc } from '../support/property.ts';
import { ADA_READS, classRecords, LAST_HOUR, OPEN_CLASS, requests } from './people.ts';

const tableOf = (records: readonly ClassRecord[]): ClassTable => {
  const table = new ClassTable();
  records.forEach((record, classNo) => {
    table.set(classNo, record);
  });
  return table;
};
const byLoop = (request: AccessRequest, records: readonly ClassRecord[]): number[] =>
  records.flatMap((record, classNo) => (isAllowed(request, record) ? [classNo] : []));
const tables = fc.array(classRecords, { maxLength: 12 });

describe('the classes of a caller', () => {
  it('are those that a loop over all classes finds', () => {
    fc.assert(
      fc.property(requests, tables, (request, records) => {
        expect(tableOf(records).classesFor(request).classes).toEqual(byLoop(request, records));
      }),
      { numRuns: 1000 },
    );
  });

  it('are those of a loop after classes were replaced and removed in any order', () => {
    const edits = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 5 }), fc.option(classRecords, { nil: null })),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(requests, edits, (request, changes) => {
        const table = new ClassTable();
        const now = new Map<number, ClassRecord>();
        for (const [classNo, record] of changes) {
          if (record === null) {
            table.remove(classNo);
            now.delete(classNo);
          } else {
            table.set(classNo, record);
            now.set(classNo, record);
          }
        }
        const expected = [...now].filter(([, record]) => isAllowed(request, record));
        expect(table.classesFor(request).classes).toEqual(
          expected.map(([classNo]) => classNo).sort((a, b) => a - b),
        );
        expect(table.size).toBe(now.size);
      }),
      { numRuns: 500 },
    );
  });

  it('stay the same until the hour that they are valid for', () => {
    fc.assert(
      fc.property(requests, tables, (request, records) => {
        const { classes, validUntilHour } = tableOf(records).classesFor(request);
        const end = validUntilHour ?? LAST_HOUR + 2;
        for (let hour = request.hour; hour < end; hour++) {
          expect(byLoop({ ...request, hour }, records)).toEqual(classes);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are asked for again at the first start or end of a class that names the caller, and not sooner', () => {
    const named = ({ caller }: AccessRequest, record: ClassRecord): boolean =>
      record.allowUsers.includes(caller.id) || record.allowGroups.some((g) => caller.groups.has(g));
    fc.assert(
      fc.property(requests, tables, (request, records) => {
        const changes = records
          .filter((record) => named(request, record))
          .flatMap(({ notBefore, notAfter }) => [notBefore, notAfter])
          .filter((hour) => hour !== null && hour > request.hour)
          .sort((a, b) => Number(a) - Number(b));
        expect(tableOf(records).classesFor(request).validUntilHour).toBe(changes[0] ?? null);
      }),
      { numRuns: 1000 },
    );
  });

  it('are valid until a class starts that does not admit him yet', () => {
    const table = tableOf([OPEN_CLASS, { ...OPEN_CLASS, notBefore: 8, notAfter: 9 }]);
    expect(table.classesFor(ADA_READS)).toEqual({ classes: [0], validUntilHour: 8 });
    expect(table.classesFor({ ...ADA_READS, hour: 8 })).toEqual({
      classes: [0, 1],
      validUntilHour: 9,
    });
    expect(table.classesFor({ ...ADA_READS, hour: 9 })).toEqual({
      classes: [0],
      validUntilHour: null,
    });
  });
});

describe('a class table', () => {
  it('keeps the record of a class, and none for a class that it does not know', () => {
    const table = tableOf([OPEN_CLASS]);
    expect(table.record(0)).toEqual(OPEN_CLASS);
    expect(table.record(1)).toBeNull();
    table.remove(0);
    table.remove(7);
    expect(table.record(0)).toBeNull();
    expect(table.classesFor(ADA_READS).classes).toEqual([]);
  });
});
