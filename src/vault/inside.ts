// SPDX-License-Identifier: Apache-2.0
// What tests, simulations and demonstrations of attacks need from inside a vault. Not part of the package's face.
export type { HeldLock } from './context.ts';
export { FIRST_ROLES, foundLog, trustFile } from './create.ts';
export * from './refs.ts';
export * from './sealed-segment.ts';
export * from './segment-table.ts';
export { openNewestTable } from './snapshot-load.ts';
export type { SegmentMemory } from './verified-segments.ts';
export { probeIndex } from './probe-index.ts';
export { memoryStateOf } from './memory-index-state.ts';
