// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { Random } from './ports.ts';

/** The system's cryptographic generator. */
export const systemRandom: Random = { bytes: (n) => new Uint8Array(randomBytes(n)) };
