// SPDX-License-Identifier: Apache-2.0
// Another process that runs a piece of TypeScript of the project: for locks, crashes and whatever else ends with a process.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** URL of a source file, for `import` in a child's code. */
export function sourceUrl(file: string): string {
  return pathToFileURL(path.join(ROOT, 'src', file)).href;
}

/** A process that was started with some code. */
export class Child {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #ended: Promise<number | null>;

  /** @param prefix a command that runs the process, such as a shell that sets limits */
  constructor(code: string, prefix: readonly string[] = []) {
    const words = [...prefix, process.execPath, '--input-type=module', '--eval', code];
    const [command = process.execPath, ...args] = words;
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (data) => (this.stdout += String(data)));
    this.process.stderr?.on('data', (data) => (this.stderr += String(data)));
    this.#ended = new Promise((resolve) => this.process.on('close', resolve));
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  /** Waits until the process has written a line; throws when it ends before. */
  async line(text: string): Promise<void> {
    const written = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.stdout.split('\n').includes(text)) resolve();
      };
      this.process.stdout?.on('data', look);
      look();
    });
    const ended = this.#ended.then(() => {
      if (!this.stdout.split('\n').includes(text)) throw new Error(this.stderr);
    });
    await Promise.race([written, ended]);
  }

  /** Waits for the end. @returns the exit code, or null after a signal */
  end(): Promise<number | null> {
    return this.#ended;
  }

  /** Ends the process as a crash would, and waits until it is gone. */
  async crash(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#ended;
  }
}
