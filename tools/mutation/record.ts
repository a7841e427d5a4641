// SPDX-License-Identifier: Apache-2.0
// What mutation testing found, file by file, and what stands in the report of one run.
import { readFileSync } from 'node:fs';

/** A change of the source that no test noticed. */
export interface Survivor {
  readonly line: number;
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
  /** Whether a test ran the changed place at all. */
  readonly covered: boolean;
}

/** The result for one source file. */
export interface FileRecord {
  readonly date: string;
  readonly killed: number;
  readonly timeout: number;
  /** Mutants that did not compile or load; they count for nothing. */
  readonly invalid: number;
  readonly survivors: readonly Survivor[];
}

/** Results by source file. */
export type MutationRecord = Readonly<Record<string, FileRecord>>;

interface Report {
  readonly files: Readonly<
    Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>
  >;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Reads the JSON report of a run. @returns the result of each file in it */
export function readReport(file: string, date: string): MutationRecord {
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return Object.fromEntries(
    Object.entries(files).map(([name, { source, mutants }]) => {
      const count = (...statuses: string[]): number =>
        mutants.filter(({ status }) => statuses.includes(status)).length;
      const survivors = mutants
        .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
        .map((mutant) => ({
          line: mutant.location.start.line,
          mutator: mutant.mutatorName,
          original: textOf(source, mutant),
          replacement: oneLine(mutant.replacement),
          covered: mutant.status === 'Survived',
        }));
      const [killed, timeout] = [count('Killed'), count('Timeout')];
      const invalid = count('CompileError', 'RuntimeError');
      return [name, { date, killed, timeout, invalid, survivors }];
    }),
  );
}

/** The records of each room, with their files. */
export function byRoom(record: MutationRecord): [room: string, files: [string, FileRecord][]][] {
  return [...Map.groupBy(Object.entries(record), ([file]) => file.split('/')[1] ?? '')];
}

/** Counts over some records, and the day of the newest. */
export function totalOf(records: readonly FileRecord[]): {
  readonly noticed: number;
  readonly survivors: number;
  readonly measured: string;
} {
  const sum = (pick: (record: FileRecord) => number): number =>
    records.reduce((total, record) => total + pick(record), 0);
  return {
    noticed: sum(({ killed, timeout }) => killed + timeout),
    survivors: sum(({ survivors }) => survivors.length),
    measured:
      records
        .map(({ date }) => date)
        .sort()
        .at(-1) ?? '',
  };
}

/** Share of the valid mutants that were noticed, in percent; 100 when there are none. */
export function scoreOf(records: readonly FileRecord[]): number {
  const { noticed, survivors } = totalOf(records);
  return noticed + survivors === 0 ? 100 : (100 * noticed) / (noticed + survivors);
}

function textOf(source: string, { location: { start, end } }: Mutant): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  const cut = lines.map((line, at) =>
    line.slice(at === 0 ? start.column - 1 : 0, at === last ? end.column - 1 : undefined),
  );
  return oneLine(cut.join(' '));
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}
