// SPDX-License-Identifier: Apache-2.0
// Data goes to stdout, narration to stderr. With --json, stdout holds one JSON value and nothing else.
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type ErrorArea, StrongroomError } from '../core/index.ts';

/** How a command speaks. */
export interface Output {
  readonly json: boolean;
  /** The command's result: JSON with --json, else what `render` makes of it. */
  data(value: unknown, render: () => string): void;
  /** Narration for people. */
  note(text: string): void;
  /** A finding that people should see whatever they asked for. */
  warn(text: string): void;
}

/** Where output goes; tests pass their own. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Exit code of a failed command, by the area of its error. */
export const EXIT_CODES: Readonly<Record<ErrorArea, number>> = {
  usage: 2,
  integrity: 3,
  access: 4,
  keys: 1,
  store: 1,
  ingest: 1,
  index: 1,
};

/** Makes the output of one command. */
export function outputTo(streams: Streams, options: { json: boolean; quiet: boolean }): Output {
  return {
    json: options.json,
    data: (value, render) => {
      const text = options.json ? JSON.stringify(value, null, 2) : render();
      if (text !== '') streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    note: (text) => {
      if (!options.quiet) streams.stderr.write(`${text}\n`);
    },
    warn: (text) => streams.stderr.write(`${text}\n`),
  };
}

/** A table for people, without colour of its own. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const made = new Table({ head: [...head], style: { head: [], border: [] }, chars: LIGHT });
  for (const row of rows) made.push(row.map(String));
  return made.toString();
}

const LIGHT = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Two columns of names and values. */
export function facts(rows: readonly (readonly [string, string | number])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** Text in a style, where the terminal shows styles. */
export function styled(
  style: 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan',
  text: string,
): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Bytes for people. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Where errors go, and the environment that may ask for more about them. */
export interface ErrorWorld extends Streams {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Writes an error as people or programs want it. @returns the exit code */
export function reportError(error: unknown, world: ErrorWorld, json: boolean): number {
  const known = error instanceof StrongroomError;
  const code = known ? error.code : 'INTERNAL';
  const message = known ? error.message : 'an unexpected error occurred';
  const remedy = known ? error.remedy : 'Report it with the steps that led to it.';
  const details = known ? error.details : { name: error instanceof Error ? error.name : 'unknown' };
  if (json)
    world.stdout.write(`${JSON.stringify({ error: { code, message, remedy, details } })}\n`);
  world.stderr.write(`${styled('red', code)}  ${message}\n  ${remedy}\n`);
  if (!known && world.env['STRONGROOM_DEBUG'] === '1' && error instanceof Error) {
    world.stderr.write(`${error.stack ?? ''}\n`);
  }
  return known ? EXIT_CODES[error.area] : 1;
}
