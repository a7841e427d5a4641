// SPDX-License-Identifier: Apache-2.0
import type { Target } from '../engine.ts';
import { accessTargets } from './access.ts';
import { loaderTargets } from './loaders.ts';
import { logTargets } from './log.ts';
import { proofTargets } from './proofs.ts';
import { sealedTargets } from './sealed.ts';
import { segmentTargets } from './segments.ts';

/** Every target. */
export const TARGETS: readonly Target[] = [
  ...logTargets,
  ...proofTargets,
  ...sealedTargets,
  ...accessTargets,
  ...segmentTargets,
  ...loaderTargets,
];
export { isStrongroomError } from '../../../src/core/index.ts';
