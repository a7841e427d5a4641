// SPDX-License-Identifier: Apache-2.0
import { type StrongroomError } from '../core/index.ts';
import type { Finding, Verdict } from '../guard/index.ts';
import type { FileFailure, IngestReport, StageTimes } from './types.ts';

/** Counts what an ingestion does while it runs. */
export class IngestTally {
  files = 0;
  added = 0;
  updated = 0;
  unchanged = 0;
  rebound = 0;
  deleted = 0;
  hidden = 0;
  excluded = 0;
  unsupported = 0;
  empty = 0;
  flagged = 0;
  chunks = 0;
  sourceBytes = 0;
  sealedBytes = 0;
  done = 0;
  readonly undecided: string[] = [];
  readonly stages = noStageTimes();
  readonly #failures: FileFailure[] = [];
  readonly #findings = new Map<string, number>();
  readonly #start = performance.now();

  /** Notes a file that is not ingested. */
  fail(uri: string, error: StrongroomError): void {
    // Nothing to ingest is no failure: pictures beside texts, redirect stubs.
    if (error.code === 'SOURCE_UNSUPPORTED') this.unsupported += 1;
    if (error.code === 'SOURCE_EMPTY') this.empty += 1;
    if (error.code === 'SOURCE_UNSUPPORTED' || error.code === 'SOURCE_EMPTY') return;
    const { code, message, remedy } = error;
    this.#failures.push({ uri, code, message, remedy });
  }

  /** Notes what screening found in one file. */
  screened({ verdict, findings }: { verdict: Verdict; findings: readonly Finding[] }): void {
    if (verdict === 'flagged') this.flagged += 1;
    for (const { kind } of findings) this.#findings.set(kind, (this.#findings.get(kind) ?? 0) + 1);
  }

  /** The report of the run so far. */
  report(signatures: number): IngestReport {
    const { hidden, excluded, unsupported, empty, stages, ...counts } = this;
    return {
      files: counts.files,
      added: counts.added,
      updated: counts.updated,
      unchanged: counts.unchanged,
      rebound: counts.rebound,
      deleted: counts.deleted,
      skipped: { hidden, excluded, unsupported, empty },
      failures: this.#failures.toSorted((a, b) => (a.uri < b.uri ? -1 : 1)),
      undecided: this.undecided.toSorted(),
      findings: Object.fromEntries([...this.#findings].sort()),
      flagged: counts.flagged,
      chunks: counts.chunks,
      sourceBytes: counts.sourceBytes,
      sealedBytes: counts.sealedBytes,
      signatures,
      seconds: (performance.now() - this.#start) / 1000,
      stages,
    };
  }
}

/** No time spent yet. */
export function noStageTimes(): StageTimes {
  return { read: 0, parse: 0, chunk: 0, embed: 0, seal: 0, store: 0, index: 0, log: 0 };
}
