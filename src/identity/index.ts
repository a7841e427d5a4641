// SPDX-License-Identifier: Apache-2.0
// The public face of identity: who a token's bearer is.
export * from './issuers.ts';
export * from './principal-names.ts';
export * from './token-verifier.ts';
