// SPDX-License-Identifier: Apache-2.0
import { Presets, SingleBar } from 'cli-progress';
import type { Invocation } from './command.ts';

/** Shows how far long work is: a bar on a terminal, nothing elsewhere. */
export interface Progress {
  update(done: number, total: number, note?: string): void;
  end(): void;
}

/** A progress display on stderr. */
export function progressOf(
  { world, options, output }: Invocation<unknown>,
  verb: string,
): Progress {
  if (world.stderr.isTTY !== true || options.quiet || output.json) {
    return { update: () => undefined, end: () => undefined };
  }
  const bar = new SingleBar(
    {
      format: `${verb} {bar} {value}/{total}  {note}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update: (done, total, note = '') => {
      if (started) bar.update(done, { note });
      else bar.start(total, done, { note });
      started = true;
    },
    end: () => {
      if (started) bar.stop();
    },
  };
}
