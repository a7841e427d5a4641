// SPDX-License-Identifier: Apache-2.0
import { Presets, SingleBar } from 'cli-progress';
import type { Invocation } from './command.ts';

/** Told how far long work is. */
export type Progress = (done: number, total: number, note?: string) => void;

/** Does long work and shows on stderr how far it is: a bar on a terminal, nothing elsewhere. */
export async function withProgress<T>(
  { world, options, output }: Invocation<unknown>,
  verb: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  if (world.stderr.isTTY !== true || options.quiet || output.json) return work(() => undefined);
  const bar = new SingleBar(
    {
      format: `${verb} {bar} {value}/{total}  {note}`,
      stream: process.stderr,
      // The library would take the first interrupt for itself, and the command would go on.
      gracefulExit: false,
      clearOnComplete: true,
      barsize: 30,
    },
    Presets.shades_classic,
  );
  try {
    return await work((done, total, note = '') => {
      if (bar.isActive) bar.update(done, { note });
      else bar.start(total, done, { note });
    });
  } finally {
    bar.stop();
  }
}
