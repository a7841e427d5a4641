// SPDX-License-Identifier: Apache-2.0
// The public face of witness: cosigning logs, and asking others to cosign ours.
export * from './client.ts';
export * from './server.ts';
export * from './wire.ts';
export * from './witness.ts';
