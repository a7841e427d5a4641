// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  type AccessRequest,
  type ClassRecord,
  explainDecision,
  hourOf,
  isAllowed,
} from '../../src/access/index.ts';
import { fc } from '../support/property.ts';
import { ADA, ADA_READS, classRecords, OPEN_CLASS, requests } from './people.ts';

const allows = (request: Partial<AccessRequest>, record: Partial<ClassRecord> = {}): boolean =>
  isAllowed({ ...ADA_READS, ...request }, { ...OPEN_CLASS, ...record });

/** The definition of docs/formats.md, spelled out one objection at a time. */
function objections(
  { caller, action, hour, environment }: AccessRequest,
  record: ClassRecord,
): string[] {
  const named = (users: readonly string[], groups: readonly string[]): boolean => {
    for (const user of users) if (user === caller.id) return true;
    for (const group of caller.groups) if (groups.indexOf(group) >= 0) return true;
    return false;
  };
  const found: string[] = [];
  if (!named(record.allowUsers, record.allowGroups)) found.push('not named');
  if (named(record.denyUsers, record.denyGroups)) found.push('denied');
  if (record.classification > caller.clearance) found.push('clearance');
  if (hour < (record.notBefore ?? -Infinity)) found.push('too early');
  if (hour >= (record.notAfter ?? Infinity)) found.push('too late');
  for (const name of Object.keys(record.attrs)) {
    if (environment[name] !== record.attrs[name]) found.push(`without ${name}`);
  }
  if (![...caller.actions].some((one) => one === action)) found.push('not his action');
  return found;
}

describe('a decision', () => {
  it('is the one of the definition, for any class and request', () => {
    let [yes, no] = [0, 0];
    fc.assert(
      fc.property(requests, classRecords, (request, record) => {
        const expected = objections(request, record).length === 0;
        if (expected) yes += 1;
        else no += 1;
        expect(isAllowed(request, record)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    // Neither answer is so rare that the property would be blind to it.
    expect(Math.min(yes, no)).toBeGreaterThan(50);
  });

  it('INV-ACCESS-MATCH: refuses whoever is not named, himself or by a group', () => {
    expect(allows({})).toBe(true);
    expect(allows({}, { allowUsers: ['ben'] })).toBe(false);
    expect(allows({}, { allowUsers: [] })).toBe(false);
    expect(allows({}, { allowUsers: [], allowGroups: ['staff'] })).toBe(false);
    expect(allows({}, { allowUsers: [], allowGroups: ['board'] })).toBe(true);
    expect(allows({}, { allowUsers: [], allowGroups: ['everyone'] })).toBe(true);
  });

  it('INV-ACCESS-MATCH: does not take a group for a person, nor a person for a group', () => {
    expect(allows({}, { allowUsers: ['board'] })).toBe(false);
    expect(allows({}, { allowUsers: [], allowGroups: ['ada'] })).toBe(false);
  });

  it('INV-ACCESS-MATCH: compares names byte by byte', () => {
    expect(allows({}, { allowUsers: ['Ada'] })).toBe(false);
    expect(allows({}, { allowUsers: ['ada.'] })).toBe(false);
  });

  it('INV-ACCESS-DENY: lets a denial win over every permission', () => {
    expect(allows({}, { denyUsers: ['ada'] })).toBe(false);
    expect(allows({}, { denyGroups: ['board'] })).toBe(false);
    expect(allows({}, { denyGroups: ['everyone'] })).toBe(false);
    expect(allows({}, { denyUsers: ['ben'], denyGroups: ['staff'] })).toBe(true);
  });

  it('INV-ACCESS-CLEARANCE: refuses a clearance below the classification', () => {
    expect(allows({}, { classification: 1 })).toBe(true);
    expect(allows({}, { classification: 2 })).toBe(false);
    expect(allows({ caller: { ...ADA, clearance: 9 } }, { classification: 9 })).toBe(true);
  });

  it('INV-ACCESS-TIME: admits from the hour of notBefore until the hour before notAfter', () => {
    const limits = { notBefore: 3, notAfter: 5 };
    const hours = [2, 3, 4, 5].filter((hour) => allows({ hour }, limits));
    expect(hours).toEqual([3, 4]);
    expect(allows({ hour: 4 }, { notBefore: 4, notAfter: 4 })).toBe(false);
  });

  it('INV-ACCESS-ATTRIBUTE: demands every attribute of the class, with exactly its value', () => {
    const attrs = { network: 'office', device: 'managed' };
    expect(allows({ environment: attrs }, { attrs })).toBe(true);
    expect(allows({ environment: { ...attrs, more: 'x' } }, { attrs })).toBe(true);
    expect(allows({ environment: { network: 'office' } }, { attrs })).toBe(false);
    expect(allows({ environment: { ...attrs, device: 'Managed' } }, { attrs })).toBe(false);
    expect(allows({ environment: {} }, { attrs: { network: '' } })).toBe(false);
  });

  it('INV-ACCESS-ATTRIBUTE: does not find a demanded fact in what every object inherits', () => {
    const environment = Object.create({ network: 'office' }) as Record<string, string>;
    expect(allows({ environment }, { attrs: { network: 'office' } })).toBe(false);
    expect(allows({}, { attrs: { constructor: 'function Object() { [native code] }' } })).toBe(
      false,
    );
  });

  it('INV-ACCESS-ACTION: refuses an action that the caller was not given, whatever others he has', () => {
    const caller = { ...ADA, actions: new Set(['receipt', 'ingest'] as const) };
    expect(allows({ caller, action: 'receipt' })).toBe(true);
    expect(allows({ caller, action: 'read' })).toBe(false);
    expect(allows({ caller: { ...ADA, actions: new Set() } })).toBe(false);
  });
});

describe('an explanation', () => {
  it('comes to the same answer as the decision, and names an objection exactly if it is no', () => {
    fc.assert(
      fc.property(requests, classRecords, (request, record) => {
        const { allowed, reasons } = explainDecision(request, record);
        expect(allowed).toBe(isAllowed(request, record));
        expect(reasons.every(({ effect }) => effect === 'allows')).toBe(allowed);
      }),
      { numRuns: 2000 },
    );
  });

  it('names what speaks for and against, each once', () => {
    const record = {
      ...OPEN_CLASS,
      allowGroups: ['board'],
      denyUsers: ['ada'],
      denyGroups: ['everyone'],
      classification: 7,
      attrs: { network: 'office' },
      notBefore: 6,
      notAfter: 4,
    };
    const caller = { ...ADA, actions: new Set<never>() };
    expect(explainDecision({ ...ADA_READS, caller }, record)).toEqual({
      allowed: false,
      reasons: [
        { effect: 'allows', because: 'allow-user', subject: null },
        { effect: 'allows', because: 'allow-group', subject: 'board' },
        { effect: 'denies', because: 'deny-user', subject: null },
        { effect: 'denies', because: 'deny-group', subject: 'everyone' },
        { effect: 'denies', because: 'clearance', subject: '7' },
        { effect: 'denies', because: 'not-before', subject: '1970-01-01T06:00:00.000Z' },
        { effect: 'denies', because: 'not-after', subject: '1970-01-01T04:00:00.000Z' },
        { effect: 'denies', because: 'attribute', subject: 'network' },
        { effect: 'denies', because: 'action', subject: 'read' },
      ],
    });
  });

  it('says so when nothing names the caller', () => {
    expect(explainDecision(ADA_READS, { ...OPEN_CLASS, allowUsers: [] }).reasons).toEqual([
      { effect: 'denies', because: 'no-match', subject: null },
    ]);
  });
});

describe('the hour of a time', () => {
  it.each([
    [0, 0],
    [3_599_999, 0],
    [3_600_000, 1],
    [Date.parse('2030-01-01T10:59:59.999Z'), Date.parse('2030-01-01T10:00:00Z') / 3_600_000],
  ])('%d ms is hour %d', (milliseconds, hour) => {
    expect(hourOf(milliseconds)).toBe(hour);
  });
});
