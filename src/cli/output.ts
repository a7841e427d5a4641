// SPDX-License-Identifier: Apache-2.0
// Data goes to stdout, narration to stderr. With --json, stdout holds one JSON value and nothing else.
import { styleText } from 'node:util';
import { type ErrorArea, StrongroomError } from '../core/index.ts';

/** How a command speaks. */
export interface Output {
  readonly json: boolean;
  /** The command's result: JSON with --json, else what `render` makes of it. */
  data(value: unknown, render: (paint: Paint) => string): void;
  /** Narration for people. */
  note(text: string): void;
  /** A finding that people should see whatever they asked for, with its code. */
  warn(code: string, text: string): void;
  /** Reports the error that ends the command. @returns the exit code */
  failure(error: unknown): number;
}

/** Puts text in a style where the reader's stream shows styles, and gives it back as it is elsewhere. */
export type Paint = (style: Style, text: string) => string;

/** The styles that are used. */
export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

/** Where text goes. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Where output goes, and the environment that says how; tests pass their own. */
export interface Streams {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
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
  const { stdout, stderr, env } = streams;
  let last: string | null = null;
  return {
    json: options.json,
    data: (value, render) => {
      const text = options.json ? JSON.stringify(value, null, 2) : render(painter(stdout, env));
      if (text !== '') stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    note: (text) => {
      if (!options.quiet) stderr.write(`${text}\n`);
      last = null;
    },
    warn: (code, text) => {
      stderr.write(`${painter(stderr, env)('yellow', code)}  ${text}\n`);
      last = `${code} ${text}`;
    },
    failure: (error) => reportError(error, streams, { json: options.json, said: last }),
  };
}

/** The painter of a stream: in colour on terminals unless NO_COLOR is set, elsewhere only if FORCE_COLOR asks for it. */
export function painter(stream: Stream, env: Streams['env']): Paint {
  const isForced = !['', '0'].includes(env['FORCE_COLOR'] ?? '');
  const isRefused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  const isPlain = isRefused || !(isForced || stream.isTTY === true);
  return (style, text) => (isPlain ? text : styleText(style, text, { validateStream: false }));
}

/** How an error is reported. */
export interface ErrorReporting {
  readonly json: boolean;
  /** Code and message of a warning right before: an alarm that was given for this very error is not repeated. */
  readonly said?: string | null;
}

/** Writes an error as people or programs want it. @returns the exit code */
export function reportError(error: unknown, streams: Streams, how: ErrorReporting): number {
  const known = error instanceof StrongroomError;
  const code = known ? error.code : 'INTERNAL';
  const message = known ? error.message : 'an unexpected error occurred';
  const remedy = known
    ? error.remedy
    : 'Run it again with STRONGROOM_DEBUG=1 and report what it prints.';
  const details = known ? error.details : { name: error instanceof Error ? error.name : 'unknown' };
  const { stdout, stderr, env } = streams;
  if (how.json) stdout.write(`${JSON.stringify({ error: { code, message, remedy, details } })}\n`);
  if (how.said !== `${code} ${message}`) {
    stderr.write(`${painter(stderr, env)('red', code)}  ${message}\n`);
  }
  stderr.write(`  ${remedy}\n`);
  if (env['STRONGROOM_DEBUG'] === '1' && error instanceof Error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      stderr.write(`${at.stack ?? ''}\n`);
    }
  }
  return known ? EXIT_CODES[error.area] : 1;
}
