// Real permissions: published user-permission relations, whose permissions are taken for collections of passages; and the
// workloads that suit classes least, in which every document or every passage has permissions of its own.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Candidate } from '../../src/index/index.ts';
import { quantise } from '../../src/provenance/index.ts';
import { indexOfRows } from './rivals.ts';
import { quantile } from './rounds.ts';
import { K, qualityOf } from './search.ts';
import { exactly, Numbers } from './vectors.ts';
import { rowNumbers, type World } from './world.ts';

/** Beside the checkout when it is there: third-party data, never part of the repository. */
const DATA = path.resolve(import.meta.dirname, '../../../shared/data/acl-rolemining/realWorld');
const MAX_ROWS = 20_000;
const ASKED = 60;
const TIMED = 400;
const PASSAGES = 40;

/** Searches of random users with random questions. */
export interface MatrixResult {
  readonly permissions: string;
  readonly users: number;
  readonly classes: number;
  /** Rows that a user may read, median and ninth decile. */
  readonly rows: readonly [number, number];
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly recall: number;
}

/** Who may read what: a class for each row, and for each user the classes that he may read, ascending. */
interface Permissions {
  readonly name: string;
  readonly classOf: Int32Array;
  readonly users: readonly (readonly number[])[];
}

/** Measures every matrix that is there, and the two workloads of many classes. */
export function byMatrix(world: World): MatrixResult[] {
  const count = Math.min(MAX_ROWS, Math.floor(world.folders.length / 2));
  const { data, dims } = world.rows;
  const some: World = { ...world, rows: { data: data.subarray(0, count * dims), dims } };
  const files = existsSync(DATA) ? readdirSync(DATA).sort() : [];
  const real = files.map((file) => ofMatrix(path.join(DATA, file), count));
  const many = [
    ofUnits('a class for each document', count, PASSAGES),
    ofUnits('a class for each passage', count, 1),
  ];
  return [...real, ...many].map((permissions) => measured(some, permissions));
}

/** Permissions with the same users are one class; passages are spread over permissions by Zipf's law. */
function ofMatrix(file: string, rows: number): Permissions {
  const numbers = new Numbers(11);
  const usersOf = new Map<string, Set<string>>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [user, permission] = line.trim().split(/\s+/);
    if (user === undefined || permission === undefined) continue;
    const users = usersOf.get(permission) ?? new Set();
    usersOf.set(permission, users.add(user));
  }
  const classes = new Map<string, number>();
  const readers = new Map<string, Set<number>>();
  const classOfPermission = [...usersOf.values()].map((users) => {
    const key = [...users].sort().join(' ');
    const classNo = classes.get(key) ?? classes.size;
    classes.set(key, classNo);
    for (const user of users) readers.set(user, (readers.get(user) ?? new Set()).add(classNo));
    return classNo;
  });
  shuffle(classOfPermission, numbers);
  const cumulated: number[] = [];
  let total = 0;
  for (let at = 0; at < classOfPermission.length; at++) cumulated.push((total += 1 / (at + 1)));
  const classOf = Int32Array.from({ length: rows }, () => {
    const at = numbers.uniform() * total;
    return classOfPermission[cumulated.findIndex((sum) => sum >= at)]!;
  });
  const users = [...readers.values()].map((own) => [...own].sort((a, b) => a - b));
  return { name: path.basename(file, '.txt'), classOf, users };
}

/** So many passages have one class, and every user may read a random tenth of the classes. */
function ofUnits(name: string, rows: number, passages: number): Permissions {
  const numbers = new Numbers(13);
  const classOf = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / passages));
  const classes = Math.ceil(rows / passages);
  const users = Array.from({ length: 20 }, () =>
    Array.from({ length: classes }, (_, classNo) => classNo).filter(() => numbers.below(10) === 0),
  );
  return { name, classOf, users };
}

function shuffle(values: unknown[], numbers: Numbers): void {
  for (let at = values.length - 1; at > 0; at--) {
    const other = numbers.below(at + 1);
    [values[at], values[other]] = [values[other], values[at]];
  }
}

function measured(world: World, { name, classOf, users }: Permissions): MatrixResult {
  const numbers = new Numbers(17);
  const index = indexOfRows(world, (row) => classOf[row]!, world.centroids);
  const sizes = new Map<number, number>();
  for (const classNo of classOf) sizes.set(classNo, (sizes.get(classNo) ?? 0) + 1);
  const rowOf = rowNumbers(world.rows);
  const vectors = world.queries.map(({ vector }) => quantise(vector));
  const ask = (user: number, query: number): Candidate[] => {
    const vector = vectors[query]!;
    return index.search({ classes: users[user]!, text: '', vector, mode: 'vector' }).next(K);
  };
  const pick = (): [number, number] => [
    numbers.below(users.length),
    numbers.below(world.queries.length),
  ];
  const asked = Array.from({ length: ASKED }, pick);
  const truth = asked.map(([user, query]) => {
    const own = new Set(users[user]);
    const may = (row: number): boolean => own.has(classOf[row]!);
    return exactly(world.rows, [world.queries[query]!.vector], { k: K, may: [may] })[0]![0]!;
  });
  const { recall } = qualityOf(
    asked.map(([user, query]) => ask(user, query).map(rowOf)),
    truth,
  );
  const times = Array.from({ length: TIMED }, () => {
    const [user, query] = pick();
    const start = performance.now();
    ask(user, query);
    return (performance.now() - start) * 1000;
  });
  const rows = users.map((own) => own.reduce((sum, classNo) => sum + (sizes.get(classNo) ?? 0), 0));
  return {
    permissions: name,
    users: users.length,
    classes: sizes.size,
    rows: [quantile(rows, 0.5), quantile(rows, 0.9)],
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    recall,
  };
}
