// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fromUtf8, hex, jcs, jcsBytes, parseJcs } from '../../src/core/index.ts';
import { hasShared, reasonIfAbsent, sharedBytes, sharedJson } from '../support/shared-vectors.ts';
import { expectRefusal } from '../support/tampering.ts';

const FOLDER = 'vectors/jcs/testdata';

describe.runIf(hasShared(FOLDER))(`RFC 8785 vectors${reasonIfAbsent(FOLDER)}`, () => {
  it.each(['arrays', 'french', 'structures', 'unicode', 'weird'])('%s: same bytes', (name) => {
    const input = sharedJson(`${FOLDER}/input/${name}.json`);
    const listed = fromUtf8(sharedBytes(`${FOLDER}/outhex/${name}.txt`)).replaceAll(/\s/g, '');
    expect(hex(jcsBytes(input))).toBe(listed);
    expect(parseJcs(jcsBytes(input))).toEqual(input);
  });

  it('values: refuses the floats and gives the same bytes without them', () => {
    const input = sharedJson(`${FOLDER}/input/values.json`) as Record<string, unknown>;
    const output = sharedBytes(`${FOLDER}/output/values.json`);
    expectRefusal(() => jcs(input), 'FORMAT_INVALID');
    expectRefusal(() => parseJcs(output), 'FORMAT_INVALID');
    const { literals, string } = input;
    const listed = fromUtf8(output).replace(/"numbers":\[[^\]]*\],/, '');
    expect(jcs({ literals, string })).toBe(listed);
  });
});
