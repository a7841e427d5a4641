// The engines, each used as its documentation says, over the same rows: how a user would give a caller his own ten nearest.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Rows } from '../hot/graph.ts';

/** Rows of one benchmark, each in one class. */
export interface Collection extends Rows {
  readonly count: number;
  readonly classOf: (row: number) => number;
}

/** Who asks: the classes that he may read. */
export interface Caller {
  readonly classes: readonly number[];
  readonly may: (row: number) => boolean;
}

/** An engine that holds the rows. */
export interface Engine {
  /** Prepares for the queries of one caller and gives what answers them: numbers of rows, best first. */
  asked(
    by: Caller,
  ): (query: Float32Array, k: number) => readonly number[] | Promise<readonly number[]>;
  close(): void | Promise<void>;
}

/** A way to search, and how to build it. */
export interface Peer {
  readonly name: string;
  readonly build: (rows: Collection) => Promise<Engine>;
}

/** Rows that are taken from an engine that cannot filter, for each caller to see what is left. */
const OVERFETCH = 200;

/** The packages have no types here: they are installed on first use. */
const load = (name: string): Promise<unknown> => import(name);

export const PEERS: readonly Peer[] = [
  { name: 'usearch, 200 filtered afterwards', build: usearch },
  { name: 'sqlite-vec, class in the table', build: sqliteVec },
  { name: 'LanceDB, IVF-PQ with filter', build: lanceDb },
  { name: 'PGlite with pgvector, row security', build: pgVector },
];

const rowOf = ({ data, dims }: Rows, row: number): Float32Array =>
  data.subarray(row * dims, (row + 1) * dims);

interface USearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array): void;
  search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
}

async function usearch(rows: Collection): Promise<Engine> {
  const { Index } = (await load('usearch')) as {
    Index: new (options: object) => USearchIndex;
  };
  const index = new Index({ metric: 'ip', dimensions: rows.dims, connectivity: 16 });
  const keys = BigUint64Array.from({ length: rows.count }, (_, row) => BigInt(row));
  index.add(keys, rows.data.slice());
  return {
    asked:
      ({ may }) =>
      (query, k) =>
        Array.from(index.search(query, OVERFETCH, 1).keys, Number)
          .filter(may)
          .slice(0, k),
    close: () => undefined,
  };
}

async function sqliteVec(rows: Collection): Promise<Engine> {
  const { getLoadablePath } = (await load('sqlite-vec')) as {
    readonly getLoadablePath: () => string;
  };
  const db = new DatabaseSync(':memory:', { allowExtension: true });
  db.loadExtension(getLoadablePath());
  db.exec(
    `CREATE VIRTUAL TABLE passage USING vec0(class INTEGER, embedding FLOAT[${rows.dims}] distance_metric=cosine)`,
  );
  const insert = db.prepare('INSERT INTO passage(rowid, class, embedding) VALUES (?, ?, ?)');
  db.exec('BEGIN');
  for (let row = 0; row < rows.count; row++) {
    insert.run(BigInt(row), BigInt(rows.classOf(row)), bytesOf(rowOf(rows, row)));
  }
  db.exec('COMMIT');
  return {
    asked({ classes }) {
      const list = classes.join(',');
      const select = db.prepare(
        `SELECT rowid FROM passage WHERE embedding MATCH ? AND k = ? AND class IN (${list})`,
      );
      return (query, k) => select.all(bytesOf(query), k).map((found) => Number(found['rowid']));
    },
    close: () => {
      db.close();
    },
  };
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.slice().buffer);
}

/** The calls of LanceDB's builders that are used here. */
interface LanceQuery {
  distanceType(kind: string): LanceQuery;
  where(filter: string): LanceQuery;
  nprobes(lists: number): LanceQuery;
  refineFactor(factor: number): LanceQuery;
  select(columns: readonly string[]): LanceQuery;
  limit(k: number): LanceQuery;
  toArray(): Promise<readonly { readonly id: number }[]>;
}

interface LanceTable {
  add(rows: readonly object[]): Promise<unknown>;
  createIndex(column: string, options: { readonly config: unknown }): Promise<void>;
  query(): { nearestTo(vector: Float32Array): LanceQuery };
}

interface Lance {
  readonly connect: (folder: string) => Promise<{
    createTable(name: string, rows: readonly object[]): Promise<LanceTable>;
    close(): void;
  }>;
  readonly Index: { ivfPq(options: object): unknown; bitmap(): unknown };
}

async function lanceDb(rows: Collection): Promise<Engine> {
  const { connect, Index } = (await load('@lancedb/lancedb')) as Lance;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strongroom-lance-'));
  const db = await connect(folder);
  const records = Array.from({ length: rows.count }, (_, row) => ({
    id: row,
    class: BigInt(rows.classOf(row)),
    vector: Array.from(rowOf(rows, row)),
  }));
  const table = await db.createTable('passage', records);
  const lists = Math.max(1, Math.round(Math.sqrt(rows.count)));
  const config = Index.ivfPq({
    numPartitions: lists,
    numSubVectors: rows.dims / 8,
    distanceType: 'cosine',
  });
  await table.createIndex('vector', { config });
  await table.createIndex('class', { config: Index.bitmap() });
  return {
    asked({ classes }) {
      const filter = `class IN (${classes.join(',')})`;
      return async (query, k) => {
        const nearest = table.query().nearestTo(query).distanceType('cosine').where(filter);
        const found = await nearest
          .nprobes(20)
          .refineFactor(10)
          .select(['id', '_distance'])
          .limit(k)
          .toArray();
        return found.map(({ id }) => id);
      };
    },
    close() {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

interface Postgres {
  exec(sql: string): Promise<unknown>;
  query(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: { id: number }[] }>;
  close(): Promise<void>;
}

async function pgVector(rows: Collection): Promise<Engine> {
  const { PGlite } = (await load('@electric-sql/pglite')) as {
    PGlite: { create(options: object): Promise<Postgres> };
  };
  const { vector } = (await load('@electric-sql/pglite-pgvector')) as { vector: unknown };
  const db = await PGlite.create({ extensions: { vector } });
  await db.exec(`CREATE EXTENSION vector;
    CREATE TABLE passage (id int, class int, embedding vector(${rows.dims}))`);
  for (let from = 0; from < rows.count; from += 500) {
    const values: string[] = [];
    for (let row = from; row < Math.min(rows.count, from + 500); row++) {
      values.push(`(${row}, ${rows.classOf(row)}, '${textOf(rowOf(rows, row))}')`);
    }
    await db.exec(`INSERT INTO passage VALUES ${values.join(',')}`);
  }
  await db.exec(`SET maintenance_work_mem = '512MB';
    CREATE INDEX ON passage USING hnsw (embedding vector_ip_ops);
    CREATE INDEX ON passage (class);
    ALTER TABLE passage ENABLE ROW LEVEL SECURITY;
    CREATE POLICY permitted ON passage
      USING (class = ANY (string_to_array(current_setting('app.classes'), ',')::int[]));
    CREATE ROLE reader; GRANT SELECT ON passage TO reader; ANALYZE passage;
    SET hnsw.iterative_scan = strict_order; SET ROLE reader`);
  return {
    asked({ classes }) {
      const ready = db.exec(`SET app.classes = '${classes.join(',')}'`);
      return async (query, k) => {
        await ready;
        const sql = `SELECT id FROM passage ORDER BY embedding <#> $1::vector LIMIT ${k}`;
        return (await db.query(sql, [textOf(query)])).rows.map(({ id }) => id);
      };
    },
    close: () => db.close(),
  };
}

function textOf(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}
