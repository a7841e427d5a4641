// SPDX-License-Identifier: Apache-2.0
// Ends the process when one execution does not come back, and says with which input. A second thread, because the first
// one is the one that hangs.
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const HEADER = 8;
const MAX_INPUT = 128 * 1024;
const STEP_MS = 1000;

/** What the two threads share: beats, length of the input, input. */
interface Shared {
  readonly buffer: SharedArrayBuffer;
  /** Milliseconds without a beat before the process is ended. */
  readonly patience: number;
}

/** Starts to watch; call the result before each execution. It does not keep the process alive. */
export function watchdog(patience: number): (input: Uint8Array) => void {
  const buffer = new SharedArrayBuffer(HEADER + MAX_INPUT);
  const shared: Shared = { buffer, patience };
  new Worker(new URL(import.meta.url), { workerData: shared, execArgv: [] }).unref();
  const [numbers, bytes] = [new Int32Array(buffer, 0, 2), new Uint8Array(buffer, HEADER)];
  return (input) => {
    bytes.set(input.subarray(0, MAX_INPUT));
    numbers[1] = Math.min(input.length, MAX_INPUT);
    Atomics.add(numbers, 0, 1);
  };
}

function watch({ buffer, patience }: Shared): void {
  const numbers = new Int32Array(buffer, 0, 2);
  let [last, still] = [0, 0];
  setInterval(() => {
    const beats = Atomics.load(numbers, 0);
    still = beats === last ? still + STEP_MS : 0;
    last = beats;
    if (still < patience || beats === 0) return;
    const input = Buffer.from(new Uint8Array(buffer, HEADER, numbers[1])).toString('base64');
    writeSync(2, `HANG: no execution came back for ${patience} ms; the input is ${input}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, STEP_MS);
}

if (!isMainThread && parentPort !== null) watch(workerData as Shared);
