// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { isPrincipal } from '../../src/core/index.ts';
import { principalOf } from '../../src/identity/principal-names.ts';
import { fc } from '../support/property.ts';

describe('the principal of a name', () => {
  it('is the name itself where it can be', () => {
    expect(principalOf('acme', 'alice@example')).toBe('acme.alice@example');
    expect(principalOf('acme', 'auth0|12')).toMatch(/^acme\.h-[a-z2-7]{32}$/);
    expect(principalOf('acme', 'h-alice')).toMatch(/^acme\.h-[a-z2-7]{32}$/);
  });

  it('is always a principal, and of two names never the same', () => {
    const names = fc.string({ maxLength: 160, unit: 'grapheme' });
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(isPrincipal(principalOf('acme', a))).toBe(true);
        if (a !== b) expect(principalOf('acme', a)).not.toBe(principalOf('acme', b));
      }),
    );
  });
});
