// SPDX-License-Identifier: Apache-2.0
// The index in OpenSearch against a real server.
import { afterAll, describe, it } from 'vitest';
import { describePassageIndex } from '../index/conformance.ts';
import { IndexWorld, PLAIN } from '../support/opensearch-world.ts';

if (PLAIN === undefined) {
  describe('the index in OpenSearch', () => {
    it.skip('does not run: STRONGROOM_TEST_OPENSEARCH names no server', () => undefined);
  });
} else {
  const world = new IndexWorld();
  afterAll(() => world.close());
  describePassageIndex('the index in OpenSearch', () => world.open());
}
