// SPDX-License-Identifier: Apache-2.0
// What docs/cloud.md has people write down is what the product reads.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDeployment } from '../../src/aws/index.ts';
import { utf8 } from '../../src/core/index.ts';
import { parseHome, parseSettings } from '../../src/vault/index.ts';

const page = readFileSync('docs/cloud.md', 'utf8');
const blocks = [...page.matchAll(/```json\n([^]*?)```/g)].map(
  ([, text = '']) => JSON.parse(text) as Record<string, unknown>,
);
const holding = (field: string): Record<string, unknown> => {
  const found = blocks.filter((block) => field in block);
  expect([field, found.length]).toEqual([field, 1]);
  return found[0] ?? {};
};
const bytesOf = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

describe('the page on AWS', () => {
  it('describes homes that can be read, with keys in KMS and without', () => {
    const home = holding('objects');
    expect(parseHome(bytesOf(home))).toEqual(home);
    const whole = { ...home, keys: holding('kms') };
    expect(parseHome(bytesOf(whole))).toEqual(whole);
  });

  it('describes a deployment that policies can be made for', () => {
    expect(parseDeployment(bytesOf(holding('buckets')))).toMatchObject({ tenantId: 'default' });
  });

  it('describes services that can be read', () => {
    const services = holding('embedder');
    expect(parseSettings(bytesOf(services))).toEqual(services);
  });
});
