// SPDX-License-Identifier: Apache-2.0
// Least-privilege policies of a distributed vault.
export * from './deployment.ts';
export * from './policies.ts';
export type { Conditions, PolicyDocument, Statement } from './policy.ts';
