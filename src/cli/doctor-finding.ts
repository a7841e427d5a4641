// SPDX-License-Identifier: Apache-2.0

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  /** `warning`: works, but somebody should look. `problem`: does not work, or must not be trusted. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly text: string;
}

/** A finding that all is well. */
export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text };
}

/** A finding that somebody should look at. */
export function warning(check: string, text: string): Finding {
  return { check, state: 'warning', text };
}

/** A finding that something does not work. */
export function problem(check: string, text: string): Finding {
  return { check, state: 'problem', text };
}
