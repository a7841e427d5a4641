// SPDX-License-Identifier: Apache-2.0
// The public face of core: bytes, canonical JSON, ids, errors and the ports of the outside world.
export * from './bounded-read.ts';
export * from './bytes.ts';
export * from './digest.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './jcs.ts';
export * from './need.ts';
export * from './place.ts';
export * from './ports.ts';
export * from './random.ts';
