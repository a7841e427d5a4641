// SPDX-License-Identifier: Apache-2.0
// What tests and demonstrations of attacks need from inside a vault. Not part of the package's face.
export * from './refs.ts';
export * from './sealed-segment.ts';
export * from './segment-table.ts';
export { openNewestTable } from './snapshot-load.ts';
