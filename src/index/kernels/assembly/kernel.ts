// SPDX-License-Identifier: Apache-2.0
// AssemblyScript, compiled to WebAssembly with SIMD by tools/kernels.ts. One search runs in one or a few calls: the rows,
// the query and the best rows found all lie in one linear memory, and nothing is allocated here.
//
// A run is four 32-bit words: address of its first vector, address of its first scale, number of rows, and the ordinal
// of its first row in this search. Vectors are int8, padded with zeros to `stride` bytes, a multiple of 16. A row whose
// scale is zero was removed.

/** Bytes of a run. */
const RUN: i32 = 16;

/** The query of this search: 16-bit components, padded with zeros, and its scale. */
let query: usize = 0;
let stride: i32 = 0;
let queryScale: f64 = 0;

/** A heap of the best rows whose root is the worst of them: scores (f64) and ordinals (i32) side by side. */
let scores: usize = 0;
let ordinals: usize = 0;
let depth: i32 = 0;
let size: i32 = 0;
/** The score that a row must reach once the heap is full. */
let worst: f64 = -Infinity;
/** Rows that came into the heap so far. */
let taken: i32 = 0;
/** Rows that the last probe compared. */
let compared: i32 = 0;
/** Rows left out although their score equals `worst`: which of them belongs in is for the caller to say. */
let tied: i32 = 0;

/** Sets the query and its length in bytes of a row. */
export function setQuery(at: usize, rowBytes: i32, scale: f64): void {
  query = at;
  stride = rowBytes;
  queryScale = scale;
}

/** Empties the heap. It has room for `best` rows, at least one. */
export function begin(scoresAt: usize, ordinalsAt: usize, best: i32): void {
  scores = scoresAt;
  ordinals = ordinalsAt;
  depth = best;
  size = 0;
  worst = -Infinity;
  tied = 0;
  taken = 0;
}

/** Number of rows in the heap. */
export function kept(): i32 {
  return size;
}

/** Number of rows that were left out although they score like the worst row in the heap. */
export function leftOut(): i32 {
  return tied;
}

function put(at: i32, score: f64, ordinal: i32): void {
  store<f64>(scores + ((<usize>at) << 3), score);
  store<i32>(ordinals + ((<usize>at) << 2), ordinal);
}

function scoreAt(at: i32): f64 {
  return load<f64>(scores + ((<usize>at) << 3));
}

function ordinalAt(at: i32): i32 {
  return load<i32>(ordinals + ((<usize>at) << 2));
}

function rise(score: f64, ordinal: i32): void {
  let at = size++;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = scoreAt(parent);
    if (above <= score) break;
    put(at, above, ordinalAt(parent));
    at = parent;
  }
  put(at, score, ordinal);
}

/** Puts a row at a place of the heap, of `size` rows, or below it. */
function sink(at: i32, score: f64, ordinal: i32): void {
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    let least = scoreAt(child);
    if (child + 1 < size && scoreAt(child + 1) < least) least = scoreAt(++child);
    if (least >= score) break;
    put(at, least, ordinalAt(child));
    at = child;
  }
  put(at, score, ordinal);
}

/** Considers a row of at least `worst`. */
function offer(score: f64, ordinal: i32): void {
  if (size < depth) {
    rise(score, ordinal);
    if (size == depth) worst = scoreAt(0);
  } else if (score == worst) {
    tied++;
    return;
  } else {
    sink(0, score, ordinal);
    const before = worst;
    worst = scoreAt(0);
    tied = before == worst ? tied + 1 : 0;
  }
  taken++;
}

function total(lanes: v128): i32 {
  const pairs = i32x4.add(lanes, v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

/** Integer dot product of the query with one row. */
function dot(row: usize): i32 {
  let low = i32x4.splat(0);
  let high = i32x4.splat(0);
  let q = query;
  for (let at = row, end = row + stride; at < end; at += 16, q += 32) {
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load_ext<i8>(at), v128.load(q)));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load_ext<i8>(at, 8), v128.load(q, 16)));
  }
  return total(i32x4.add(low, high));
}

/** Similarity as the formats define it: an exact integer sum, then two float64 products in this order. */
function similarity(scale: f32, sum: i32): f64 {
  return queryScale * <f64>scale * <f64>sum;
}

function consider(scale: f32, sum: i32, ordinal: i32): void {
  const score = similarity(scale, sum);
  if (score >= worst && scale != 0) offer(score, ordinal);
}

/** Compares the rows of a run with the query, two at a time: the query is loaded once for both. */
function scanRun(vectors: usize, scales: usize, rows: i32, ordinal: i32): void {
  let row = 0;
  for (; row + 1 < rows; row += 2) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    const second = vectors + stride;
    let other = second;
    let q = query;
    for (let at = vectors; at < second; at += 16, other += 16, q += 32) {
      const low = v128.load(q);
      const high = v128.load(q, 16);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(at), low));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(at, 8), high));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(other), low));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(other, 8), high));
    }
    vectors = second + stride;
    const scale = scales + ((<usize>row) << 2);
    consider(load<f32>(scale), total(i32x4.add(a, b)), ordinal + row);
    consider(load<f32>(scale, 4), total(i32x4.add(c, d)), ordinal + row + 1);
  }
  if (row < rows) consider(load<f32>(scales + ((<usize>row) << 2)), dot(vectors), ordinal + row);
}

/** Offers every live row of the runs. */
export function scan(runs: usize, count: i32): void {
  for (let run = runs, end = runs + count * RUN; run < end; run += RUN) {
    scanRun(load<u32>(run), load<u32>(run, 4), load<i32>(run, 8), load<i32>(run, 12));
  }
}

/**
 * Writes the ordinals of all live rows that score exactly `score`, as far as they fit.
 * @returns how many there are
 */
export function rowsAt(score: f64, out: usize, room: i32, runs: usize, count: i32): i32 {
  let found = 0;
  for (let run = runs, end = runs + count * RUN; run < end; run += RUN) {
    const rows = load<i32>(run, 8);
    let vector: usize = load<u32>(run);
    let scaleAt: usize = load<u32>(run, 4);
    for (let row = 0; row < rows; row++, vector += stride, scaleAt += 4) {
      const scale = load<f32>(scaleAt);
      if (scale == 0 || similarity(scale, dot(vector)) != score) continue;
      if (found < room) store<i32>(out + ((<usize>found) << 2), load<i32>(run, 12) + row);
      found++;
    }
  }
  return found;
}

/** The heap that is not in use: that of the rows while lists are ranked, that of the lists while rows are compared. */
let otherScores: usize = 0;
let otherOrdinals: usize = 0;
let otherSize: i32 = 0;

function exchangeHeaps(): void {
  const a = scores;
  scores = otherScores;
  otherScores = a;
  const b = ordinals;
  ordinals = otherOrdinals;
  otherOrdinals = b;
  const c = size;
  size = otherSize;
  otherSize = c;
}

/**
 * Fills the other heap with the lists that hold a row of the caller; its root is the list whose centroid is nearest to
 * the query. Scores are negated for that. `starts` has, for each list and one past the last, the number of its first run.
 */
function rankLists(centroids: usize, scales: usize, lists: i32, starts: usize): void {
  exchangeHeaps();
  size = 0;
  for (let list = 0; list < lists; list++, centroids += stride) {
    const start = starts + ((<usize>list) << 2);
    if (load<i32>(start) == load<i32>(start, 4)) continue;
    put(size++, -similarity(load<f32>(scales + ((<usize>list) << 2)), dot(centroids)), list);
  }
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at, scoreAt(at), ordinalAt(at));
  exchangeHeaps();
}

/** Takes the nearest list off the other heap, which is not empty. */
function nextList(): i32 {
  exchangeHeaps();
  const list = ordinalAt(0);
  size--;
  if (size > 0) sink(0, scoreAt(size), ordinalAt(size));
  exchangeHeaps();
  return list;
}

/** Runs whose vectors are asked for together before they are compared: they lie far apart, so each would be waited for. */
const AHEAD: i32 = 8;

/** Touches the first vector of each run, line by line. A load may trap, so no compiler leaves out one of no use. */
function fetchRuns(run: usize, stop: usize): void {
  for (; run < stop; run += RUN) {
    const vectors: usize = load<u32>(run);
    for (let at = vectors, end = vectors + stride; at < end; at += 64) load<i32>(at);
    load<i32>(load<u32>(run, 4));
  }
}

/**
 * Offers the rows of the lists that hold one of the caller's, nearest list first. Ends when neither `restRows` rows nor
 * `restLists` lists and half as many again as came before have brought a row into the heap: a query that is far from
 * every centroid is looked for longer.
 *
 * `index` holds the addresses of the centroids, of their scales, of the starts of lists, of the runs, and of a heap's
 * scores and ordinals with room for all lists.
 * @returns the number of lists gone through
 */
export function probe(index: usize, lists: i32, restRows: i32, restLists: i32): i32 {
  const starts: usize = load<u32>(index, 8);
  const runs: usize = load<u32>(index, 12);
  otherScores = load<u32>(index, 16);
  otherOrdinals = load<u32>(index, 20);
  rankLists(load<u32>(index), load<u32>(index, 4), lists, starts);
  compared = 0;
  let at = 0;
  let last = 0;
  let lastRows = 0;
  while (otherSize > 0) {
    const start = starts + ((<usize>nextList()) << 2);
    const before = taken;
    scanList(runs + load<i32>(start) * RUN, runs + load<i32>(start, 4) * RUN);
    at++;
    if (taken != before) {
      last = at;
      lastRows = compared;
    } else if (compared - lastRows > restRows && at - last > restLists + last + (last >> 1)) break;
  }
  return at;
}

/** Offers the rows of some runs. */
function scanList(run: usize, end: usize): void {
  while (run < end) {
    const stop = min(end, run + AHEAD * RUN);
    fetchRuns(run, stop);
    for (; run < stop; run += RUN) {
      const rows = load<i32>(run, 8);
      scanRun(load<u32>(run), load<u32>(run, 4), rows, load<i32>(run, 12));
      compared += rows;
    }
  }
}

/** Rows that the last {@link probe} compared. */
export function comparedRows(): i32 {
  return compared;
}
