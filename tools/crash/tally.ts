// SPDX-License-Identifier: Apache-2.0

/** What became of one kind of fault over one operation. */
export interface Tally {
  readonly part: 'memory' | 'disk' | 'files' | 'kill';
  readonly operation: string;
  readonly fault: string;
  /** Calls at which it can strike, or different states of the disk. */
  readonly total: number;
  readonly covered: number;
  /** Disk states that were restarted from: calls that write nothing leave the state of the call before. */
  readonly restarts: number;
  readonly problems: readonly string[];
}

/** How much is run. */
export interface CrashOptions {
  /** Every point of every kind; else the exhaustive kinds and a sample of the others. */
  readonly all: boolean;
  /** Of the points that are sampled, one of so many. */
  readonly every?: number;
  /** Names of operations; default: all. */
  readonly only?: readonly string[];
  readonly onTally?: (tally: Tally) => void;
}
