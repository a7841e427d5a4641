// SPDX-License-Identifier: Apache-2.0
// The part of WebAssembly's JavaScript interface that is used here; the types of Node.js leave it out.

/** A linear memory that grows by pages of 64 KiB. */
export interface WasmMemory {
  /** Replaced by a longer one when the memory grows. */
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module, opaque. May be sent to threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module';
}

interface WebAssemblyInterface {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => WasmMemory;
}

/** Undefined under `node --jitless`. */
export const webAssembly = (globalThis as { WebAssembly?: WebAssemblyInterface }).WebAssembly;
