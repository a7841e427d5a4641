// SPDX-License-Identifier: Apache-2.0
// What a search in OpenSearch costs by the number of classes that its caller may read: time of the whole call and bytes on
// the wire, the first time (the caller's statistics are counted) and afterwards. Rows are generated; the index is removed at
// the end. Times are of one client on whatever machine runs both, so only their relations mean anything.
//
//   npm run -s bench:opensearch -- http://127.0.0.1:9200 [--rows 20000] [--rounds 40]
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { base32, hex, sha256, utf8 } from '../src/core/index.ts';
import type { PassageDocument } from '../src/index/index.ts';
import { encodeVector, quantise, type QuantisedVector } from '../src/provenance/index.ts';
import { OpenSearchIndex, SearchService } from '../src/opensearch/index.ts';

const DIMS = 256;
const CLASSES = 100_000;
const CALLERS = [10, 132, 1_000, 10_000, 100_000];
const VOCABULARY = 4000;

const [address = '', ...rest] = process.argv.slice(2);
const rows = numberAfter('--rows', 20_000);
const rounds = numberAfter('--rounds', 40);
if (!URL.canParse(address)) {
  process.stderr.write('Name the address of an OpenSearch server without security.\n');
  process.exit(2);
}

/** Bytes on the wire so far. */
const traffic = { up: 0, down: 0 };
const way = await countingWay(new URL(address));
const service = new SearchService({ node: way.url, identity: { kind: 'none' } });
const alias = `bench-${randomBytes(5).toString('hex')}`;
let seed = 1;
try {
  const index = await OpenSearchIndex.open({
    service,
    alias,
    dims: DIMS,
    space: 'bench',
    tokenKey: randomBytes(32),
    logSize: () => 1,
    replicas: 0,
  });
  await fill(index);
  const held = await index.counts();
  process.stdout.write(`${held.rows} rows of ${DIMS} dimensions in ${held.classes} classes\n\n`);
  process.stdout.write('classes    rows  first ms   p50 ms   p90 ms  bytes up  bytes down  plan\n');
  for (const n of CALLERS) await measure(index, n);
} finally {
  await service.call({ method: 'DELETE', path: `/${alias}-*`, expected: [404] });
  await service.close();
  way.close();
}

/** Low class numbers hold many rows, high ones few or none. */
async function fill(index: OpenSearchIndex): Promise<void> {
  for (let from = 0; from < rows; from += 1000) {
    const some = Array.from({ length: Math.min(1000, rows - from) }, (_, at) => made(from + at));
    await Promise.all(some.map((document) => index.add(document)));
    process.stderr.write(`\r${from + some.length} of ${rows} rows written`);
  }
  process.stderr.write('\n');
}

async function measure(index: OpenSearchIndex, n: number): Promise<void> {
  const classes = Array.from({ length: n }, (_, at) => Math.floor((at * CLASSES) / n));
  const { rows: mine } = await index.counts(classes);
  const times: number[] = [];
  let plan = '';
  let before = { ...traffic };
  for (let round = 0; round <= rounds; round++) {
    // The second round on, so that bytes are those of a caller who is known.
    if (round === 1) before = { ...traffic };
    const start = performance.now();
    const cursor = index.search({ classes, text: text(4), vector: vector() });
    await cursor.next(10);
    times.push(performance.now() - start);
    plan = cursor.explanation.plan;
  }
  const [first = 0, ...later] = times;
  later.sort((a, b) => a - b);
  const at = (share: number): number => later[Math.floor(later.length * share)] ?? 0;
  const cells = [
    String(n).padStart(7),
    String(mine).padStart(7),
    ...[first, at(0.5), at(0.9)].map((ms) => ms.toFixed(1).padStart(8)),
    String(Math.round((traffic.up - before.up) / rounds)).padStart(9),
    String(Math.round((traffic.down - before.down) / rounds)).padStart(11),
    ` ${plan}`,
  ];
  process.stdout.write(`${cells.join(' ')}\n`);
}

function made(no: number): PassageDocument {
  const digest = sha256(utf8(`row ${no}`));
  const body = text(80);
  return {
    docId: `d-${base32(digest).slice(0, 26)}`,
    leafHash: hex(digest),
    classNo: Math.floor(CLASSES * random() ** 3),
    name: { sourceUri: 'bench:', title: null },
    rows: [{ i: 0, vector: encodeVector(vector()), text: { title: null, headings: [], body } }],
  };
}

function text(words: number): string {
  return Array.from({ length: words }, () => `w${Math.floor(VOCABULARY * random() ** 2)}`).join(
    ' ',
  );
}

function vector(): QuantisedVector {
  return quantise(Float32Array.from({ length: DIMS }, () => random() - 0.5));
}

function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

function numberAfter(flag: string, otherwise: number): number {
  const at = rest.indexOf(flag);
  return at < 0 ? otherwise : Number(rest[at + 1]);
}

/** A way to a server that counts what passes. */
async function countingWay(target: URL): Promise<{ url: string; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      open.add(socket.on('error', () => undefined));
      socket.on('close', () => {
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk: Buffer) => (traffic.up += chunk.length)).pipe(far);
    far.on('data', (chunk: Buffer) => (traffic.down += chunk.length)).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
