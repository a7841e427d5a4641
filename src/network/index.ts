// SPDX-License-Identifier: Apache-2.0
// The public face of network: where connections may go.
export * from './boundary.ts';
export * from './bounded-fetch.ts';
export * from './private-address.ts';
