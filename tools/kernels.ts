// Compiles the search kernels (AssemblyScript) into src/index/kernels/kernel-bytes.ts. The same sources and the same
// compiler give the same bytes, so the file is committed and every build checks it.
//
//   node tools/run.mjs tools/kernels.ts            write the file
//   node tools/run.mjs tools/kernels.ts --check    fail when it is not what the sources give
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SOURCE = 'src/index/kernels/assembly/kernel.ts';
const TARGET = path.join(root, 'src/index/kernels/kernel-bytes.ts');
const FLAGS = [
  '--enable=simd,threads',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory=1',
  '--maximumMemory=65536',
  '--runtime=stub',
  '--noAssert',
  '-O3',
];

/** The compiled module. Bit for bit the same on every machine. */
export function compileKernels(): Uint8Array {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-kernels-'));
  try {
    const asc = path.join(root, 'node_modules/assemblyscript/bin/asc.js');
    const args = [asc, SOURCE, '--outFile', path.join(folder, 'kernel.wasm'), ...FLAGS];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: [0, 2, 2] });
    if (status !== 0) throw new Error('the AssemblyScript compiler failed');
    return readFileSync(path.join(folder, 'kernel.wasm'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of the committed file. */
export function kernelFile(module: Uint8Array): string {
  const lines = Buffer.from(module)
    .toString('base64')
    .match(/.{1,90}/g)!;
  return `// SPDX-License-Identifier: Apache-2.0
// Written by tools/kernels.ts from src/index/kernels/assembly; every build checks it. Do not edit.

/** The WebAssembly module of the search kernels, base64. */
export const KERNEL_BASE64 =
${lines.map((line) => `  '${line}'`).join(' +\n')};

/** SHA-256 of the module, hex. */
export const KERNEL_SHA256 = '${createHash('sha256').update(module).digest('hex')}';
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = kernelFile(compileKernels());
  if (!process.argv.includes('--check')) writeFileSync(TARGET, text);
  else if (readFileSync(TARGET, 'utf8') !== text) {
    process.stderr.write('the kernels are not those of their sources: run tools/kernels.ts\n');
    process.exitCode = 1;
  }
}
