// SPDX-License-Identifier: Apache-2.0
// The contract of the key service against the emulators, whose deviations are known: they show that the fake is driven by
// the same client in the same way, and nothing about AWS.
import { describe, it } from 'vitest';
import { describeKms } from '../aws/kms-contract.ts';
import { MINISTACK_DEVIATIONS, MOTO_DEVIATIONS } from '../aws/kms-deviations.ts';
import { ROOT_CREDENTIALS } from '../support/aws/fake-kms.ts';

const EMULATORS = [
  { name: 'moto', variable: 'STRONGROOM_TEST_MOTO', deviations: MOTO_DEVIATIONS },
  { name: 'MiniStack', variable: 'STRONGROOM_TEST_MINISTACK', deviations: MINISTACK_DEVIATIONS },
];

for (const { name, variable, deviations } of EMULATORS) {
  const endpoint = process.env[variable];
  if (endpoint === undefined) {
    describe(name, () => {
      it.skip(`does not run: ${variable} names no address`, () => undefined);
    });
    continue;
  }
  const connection = { region: 'us-east-1', endpoint, credentials: ROOT_CREDENTIALS, attempts: 1 };
  describeKms(name, () => Promise.resolve(connection), deviations);
}
