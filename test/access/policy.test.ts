// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  initialPolicy,
  type LocalPolicy,
  parsePolicy,
  type Policy,
  stricterPolicy,
} from '../../src/access/index.ts';
import { fc } from '../support/property.ts';
import { codeThrownBy, expectRefusal } from '../support/tampering.ts';

const ISSUER: Policy['issuers'][number] = {
  iss: 'https://id.example',
  aud: ['strongroom'],
  algs: ['EdDSA'],
  jwks: '{"keys":[]}',
  prefix: 'corp',
  groups: true,
  maxTokenAge: 900,
};
const policies: fc.Arbitrary<Policy> = fc.record({
  v: fc.constant(1 as const),
  default: fc.constantFrom('owner' as const, 'refuse' as const),
  issuers: fc.subarray([ISSUER, { ...ISSUER, prefix: 'partner', groups: false }]),
  guard: fc.record({ hiddenText: fc.constantFrom('report' as const, 'refuse' as const) }),
  witnesses: fc.record({ vkeys: fc.subarray(['w1', 'w2']), k: fc.nat({ max: 2 }) }),
  maxAge: fc.option(fc.integer({ min: 1, max: 100 }), { nil: null }),
  plaintextCache: fc.boolean(),
});
const locals: fc.Arbitrary<LocalPolicy> = fc.record(
  {
    default: fc.constant('refuse' as const),
    guard: fc.constant({ hiddenText: 'refuse' as const }),
    maxAge: fc.integer({ min: 1, max: 100 }),
    plaintextCache: fc.constant(false as const),
  },
  { requiredKeys: [] },
);

/** What is not yet at its strictest, as numbers: larger is laxer. */
const laxity = (policy: Policy): Record<string, number> => ({
  default: Number(policy.default === 'owner'),
  guard: Number(policy.guard.hiddenText === 'report'),
  maxAge: policy.maxAge ?? Infinity,
  plaintextCache: Number(policy.plaintextCache),
});

describe('the policy in force', () => {
  it('is in no field laxer than the signed one, and as strict as the local file wants', () => {
    let accepted = 0;
    fc.assert(
      fc.property(policies, locals, (signed, local) => {
        const lowers =
          local.maxAge === undefined || signed.maxAge === null || local.maxAge <= signed.maxAge;
        if (!lowers) {
          expectRefusal(() => stricterPolicy(signed, local), 'CONFIG_INVALID');
          return;
        }
        accepted += 1;
        const inForce = stricterPolicy(signed, local);
        const [before, after] = [laxity(signed), laxity(inForce)];
        for (const field of Object.keys(before)) {
          expect([field, (after[field] ?? NaN) <= (before[field] ?? NaN)]).toEqual([field, true]);
        }
        expect(inForce).toMatchObject(local);
        // What a local file cannot name stays as it is signed.
        const { issuers, witnesses, v } = signed;
        expect(inForce).toMatchObject({ issuers, witnesses, v });
        expect(Object.keys(inForce).sort()).toEqual(Object.keys(signed).sort());
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it('is the signed one when the local file says nothing', () => {
    fc.assert(
      fc.property(policies, (signed) => {
        expect(stricterPolicy(signed, {})).toEqual(signed);
      }),
    );
  });

  it('INV-POLICY-STRICTER: refuses a local maxAge above the signed one', () => {
    const signed = { ...initialPolicy('owner'), maxAge: 60 };
    expectRefusal(() => stricterPolicy(signed, { maxAge: 61 }), 'CONFIG_INVALID');
    expect(stricterPolicy(signed, { maxAge: 60 }).maxAge).toBe(60);
    expect(stricterPolicy({ ...signed, maxAge: null }, { maxAge: 61 }).maxAge).toBe(61);
  });
});

describe('a stored policy', () => {
  it.each(['owner', 'refuse'] as const)('of a new vault (%s) is read back unchanged', (rule) => {
    expect(parsePolicy([initialPolicy(rule)])).toEqual(initialPolicy(rule));
    expect(initialPolicy(rule).default).toBe(rule);
  });

  it('of any content is read back unchanged', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        expect(parsePolicy([JSON.parse(JSON.stringify(policy))])).toEqual(policy);
      }),
    );
  });

  const good = { ...initialPolicy('owner'), issuers: [ISSUER] };
  it.each<[string, readonly unknown[]]>([
    ['no record', []],
    ['two records', [good, good]],
    ['an unknown field', [{ ...good, debug: true }]],
    ['an unknown guard', [{ ...good, guard: { hiddenText: 'ignore' } }]],
    ['a guard with an unknown field', [{ ...good, guard: { hiddenText: 'report', off: true } }]],
    ['an unknown default', [{ ...good, default: 'everyone' }]],
    ['a maxAge of 0', [{ ...good, maxAge: 0 }]],
    ['an issuer without audience', [{ ...good, issuers: [{ ...ISSUER, aud: [] }] }]],
    ['an issuer without algorithms', [{ ...good, issuers: [{ ...ISSUER, algs: [] }] }]],
    ['an issuer whose prefix has a dot', [{ ...good, issuers: [{ ...ISSUER, prefix: 'a.b' }] }]],
    ['a negative number of witnesses', [{ ...good, witnesses: { vkeys: [], k: -1 } }]],
    ['another version', [{ ...good, v: 2 }]],
    ...Object.keys(good).map((field): [string, unknown[]] => [
      `no ${field}`,
      [Object.fromEntries(Object.entries(good).filter(([name]) => name !== field))],
    ]),
  ])('is refused with %s', (_name, values) => {
    expect(codeThrownBy(() => parsePolicy(values))).toBe('FORMAT_INVALID');
  });
});
