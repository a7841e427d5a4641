// SPDX-License-Identifier: Apache-2.0
// Prints the CloudFormation template of a distributed vault: npm run -s infra > infra/strongroom.json
import { template } from './template.ts';

process.stdout.write(`${JSON.stringify(template(), null, 2)}\n`);
