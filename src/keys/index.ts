// SPDX-License-Identifier: Apache-2.0
// The public face of keys: sealing, wrapped data keys, derived keys and the local key ring.
export * from './derive.ts';
export * from './file-errors.ts';
export type * from './key-ring.ts';
export * from './local-key-ring.ts';
export * from './local-signer.ts';
export * from './private-file.ts';
export * from './seal.ts';
export * from './wrap.ts';
