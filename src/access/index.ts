// SPDX-License-Identifier: Apache-2.0
// The public face of access: access files, class records, directory, policy and the decision.
export * from './access-edit.ts';
export * from './access-file.ts';
export * from './class-record.ts';
export * from './class-table.ts';
export * from './decide.ts';
export * from './directory.ts';
export * from './policy.ts';
export * from './resolve.ts';
