// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { frozenNames, frozenValue } from '../support/golden.ts';
import { FORMATS_V1 } from './formats/index.ts';

describe('formats of version 1', () => {
  it.each(FORMATS_V1)('$name: has the bytes that were frozen', async ({ name, produce }) => {
    const produced = await produce();
    expect(produced).toEqual(frozenValue('v1', name, produced));
  });

  it('repeat: a second production gives the same bytes', async () => {
    for (const { produce } of FORMATS_V1) expect(await produce()).toEqual(await produce());
  });

  it('are all there, and no file is left without its format', () => {
    expect(frozenNames('v1')).toEqual(FORMATS_V1.map((format) => format.name).sort());
  });
});
