// SPDX-License-Identifier: Apache-2.0
import { jcsBytes } from '../../src/core/index.ts';
import { NegativeLog, type Negatives } from './cases.ts';
import { formCases } from './form-cases.ts';
import { headCases } from './head-cases.ts';
import { passageCases } from './passage-cases.ts';
import { recoveryCases } from './recovery-cases.ts';
import { signerCases } from './signer-cases.ts';

/** Makes the valid receipt and every wrong one; the same bytes on every machine. */
export async function makeNegatives(): Promise<Negatives> {
  const log = await NegativeLog.founded();
  formCases(log);
  await headCases(log);
  await signerCases(log);
  await passageCases(log);
  await recoveryCases(log);
  return { golden: jcsBytes(log.receipt), trust: log.trust, cases: log.cases };
}
