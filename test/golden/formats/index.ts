// SPDX-License-Identifier: Apache-2.0
// Every frozen format. A new one is added here and written once with STRONGROOM_REGENERATE_GOLDEN=1; see git diff after.
import type { GoldenFormat } from '../../support/golden.ts';
import { documentFormats } from './documents.ts';
import { keyFormats } from './keys.ts';
import { logFormats } from './logs.ts';
import { statementFormats } from './statements.ts';
import { stateFormats } from './states.ts';

/** The formats of version 1, which may never change. */
export const FORMATS_V1: readonly GoldenFormat[] = [
  ...keyFormats,
  ...documentFormats,
  ...statementFormats,
  ...stateFormats,
  ...logFormats,
];
