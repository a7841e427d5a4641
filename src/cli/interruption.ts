// SPDX-License-Identifier: Apache-2.0
import type { World } from './command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Resolves when the command is told to end: by the world, else at SIGINT or SIGTERM. */
export function interruption({ interrupted }: Pick<World, 'interrupted'>): Promise<void> {
  if (interrupted !== undefined) return interrupted();
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
}

/** Does work that ends by itself and may be told to end before: {@link interruption} fires the signal. */
export async function interruptible<T>(
  { interrupted }: Pick<World, 'interrupted'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  if (interrupted === undefined) for (const signal of SIGNALS) process.once(signal, stop);
  else void interrupted().then(stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
