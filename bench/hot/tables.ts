// The figures as JSON and as the tables of docs/performance.md.
import type { Changes } from './changes.ts';
import { EF_CONSTRUCTION, M } from './graph.ts';
import type { LeakResult, LeakSize } from './leak.ts';
import type { MatrixResult } from './matrices.ts';
import type { Part } from './parts.ts';
import type { RivalResult } from './rivals.ts';
import { LEVELS, type Reference, type ShareResult } from './search.ts';

/** What is timed for each share, in the order of the tables. */
const COLUMNS = ['bare', 'exact', ...LEVELS] as const;

/** Everything that was measured. */
export interface Figures {
  readonly machine: string;
  /** Load average of the machine before the run: above 0.5 other work took part. */
  readonly load: number;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  readonly minutes: number;
  readonly rows: number;
  readonly classes: number;
  readonly dims: number;
  readonly lists: number;
  readonly secondsToIngest: number;
  readonly secondsToBuildGraph: number;
  readonly vectorBytes: number;
  readonly reference: Reference;
  readonly shares: readonly ShareResult[];
  readonly parts: readonly Part[];
  readonly rivals: readonly RivalResult[];
  readonly matrices: readonly MatrixResult[];
  readonly updates: Changes;
  readonly withheldIdentical: boolean;
  readonly leakSize: LeakSize;
  readonly leak: readonly LeakResult[];
}

/** The figures with the ratios by share on top. */
export function jsonOf(figures: Figures): object {
  const ratios = figures.shares.map(({ share, times, recall }) => {
    const all = COLUMNS.map((name) => [name, times[name].ratio]);
    return [String(share), { ...(Object.fromEntries(all) as object), recall }];
  });
  const callback = figures.rivals
    .filter(({ permissions }) => permissions === 'independent of topics')
    .map(({ share, callbackToOurs }) => [String(share), callbackToOurs]);
  return {
    ratios: Object.fromEntries(ratios) as object,
    callback: Object.fromEntries(callback) as object,
    leak: figures.leak,
    withheldIdentical: figures.withheldIdentical,
    calls: figures.shares[0]?.calls,
    figures,
  };
}

const fixed = (value: number, digits = 2): string => value.toFixed(digits);
const micro = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/** All tables. */
export function tablesOf(figures: Figures): string {
  return [
    conditions(figures),
    ratios(figures),
    absolute(figures),
    levels(figures),
    parts(figures),
    rivals(figures),
    matrices(figures),
    updates(figures),
    leak(figures),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, at) => (at === 0 ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function conditions(f: Figures): string {
  const quiet = f.load > 0.5 ? `; other work took part (load average ${fixed(f.load, 1)})` : '';
  return `${f.date}, commit ${f.commit}, ${f.machine}, Node ${f.node}${quiet}. ${f.rows} synthetic passages of ${f.dims} dimensions in
${f.classes} classes, ${f.lists} lists with centroids of a public sample. Reference: hnswlib-node, unfiltered and without any
security, M ${M}, efConstruction ${EF_CONSTRUCTION}, ef ${f.reference.ef}, recall@10 ${fixed(f.reference.recall, 3)}; built in ${fixed(f.secondsToBuildGraph, 0)} s. Vault ingested in
${fixed(f.secondsToIngest, 0)} s. Vectors take ${fixed(f.vectorBytes / 1e6, 1)} MB, ${fixed(f.vectorBytes / f.rows, 0)} bytes each. Ratios are medians over rounds in which all
alternatives take turns.`;
}

function ratios({ shares }: Figures): string {
  const rows = shares.map(({ share, rows: n, times, recall, poor, plan }) => [
    percent(share),
    String(n),
    plan,
    ...COLUMNS.map((name) => mark(times[name].ratio)),
    fixed(recall, 3),
    percent(poor),
  ]);
  const head = ['may read', 'rows', 'plan', ...COLUMNS, 'recall@10', 'below half'];
  return `Time to the reference (below 1: faster than an unfiltered search without security; losing cells in bold):

${table(head, rows)}`;
}

function mark(ratio: number): string {
  return ratio > 1 ? `**${fixed(ratio)}**` : fixed(ratio);
}

function absolute({ shares, rows: all, dims, vectorBytes }: Figures): string {
  const rows = shares.map(({ share, reference, compared, times }) => [
    percent(share),
    micro(reference),
    ...COLUMNS.map((name) => `${micro(times[name].p50)} / ${micro(times[name].p99)}`),
    String(compared),
  ]);
  const head = ['may read', 'reference', ...COLUMNS, 'vectors compared'];
  const perVector = (shares[0]!.times.exact.p50 * 1000) / shares[0]!.rows;
  return `Microseconds, p50 / p99:

${table(head, rows)}

Against the model below: an exact search of everything takes ${fixed(perVector, 1)} ns a vector (on paper 12 to 15 for 384 dimensions), a
vector ${fixed(vectorBytes / all, 0)} bytes with lists, directories and centroids (on paper ${Math.ceil(dims / 16) * 16 + 16} without the last two).`;
}

function levels({ shares }: Figures): string {
  const rows = LEVELS.map((level) => {
    const { documentsVerified, chunksOpened, plaintextHits } = shares[0]!.calls[level];
    return [level, fixed(documentsVerified, 1), fixed(chunksOpened, 1), fixed(plaintextHits, 1)];
  });
  return `What a search of ten passages does at each level:

${table(['level', 'documents proven', 'chunks opened', 'from memory'], rows)}`;
}

function parts(f: Figures): string {
  const rows = f.parts.map(({ part, p50, ratioToWhole }) => [
    part,
    micro(p50),
    percent(ratioToWhole),
  ]);
  return `What security costs at L0, for a caller of a tenth (what is not listed is turns of the event loop and building results):

${table(['part', 'p50 us', 'of the whole'], rows)}`;
}

function rivals(f: Figures): string {
  const rows = f.rivals.flatMap(({ permissions, share, rivals: all }) =>
    all.map(({ engine, p50, ratio, recall, poor }) => [
      `${permissions}, ${percent(share)}`,
      engine,
      micro(p50),
      mark(ratio),
      fixed(recall, 3),
      percent(poor),
    ]),
  );
  const head = ['permissions', 'engine', 'p50 us', 'ratio', 'recall@10', 'below half'];
  return `Other ways to respect permissions, on the same rows:

${table(head, rows)}`;
}

function matrices(f: Figures): string {
  const rows = f.matrices.map(({ permissions, users, classes, rows: [half, most], ...timed }) => [
    permissions,
    String(users),
    String(classes),
    `${half} / ${most}`,
    `${micro(timed.p50)} / ${micro(timed.p99)}`,
    fixed(timed.recall, 3),
  ]);
  const head = ['permissions', 'users', 'classes', 'rows p50 / p90', 'us p50 / p99', 'recall@10'];
  return `Real permissions: user-permission relations published by HP Labs (Ene et al., SACMAT 2008; in RoleMining/ConstrainedRM, MIT), each
permission taken for a collection, at most 20,000 passages spread over these by Zipf's law; permissions with the same users are one class. Random users ask
random questions, the directory of a user's rows is made when he first asks. At the end the workloads that suit classes least: users
may read a random tenth of as many classes as there are documents, or passages.

${table(head, rows)}`;
}

function updates({ updates: u }: Figures): string {
  return `Changes, for a caller of half of all classes (microseconds, medians): a search ${micro(u.settled)}; the first one after a class was
granted or revoked ${micro(u.afterGrant)}; moving a document to another class ${micro(u.move)}; the first search after a move ${micro(u.afterMove)};
searches after 1,000 moves take ${fixed(u.ratioAfterThousand)} of the time before.`;
}

function leak({ leak: all, leakSize, withheldIdentical }: Figures): string {
  const rows = all.map(({ engine, signal, single, averaged }) => [
    engine,
    signal,
    fixed(single, 3),
    fixed(averaged, 3),
  ]);
  const { topics, probes } = leakSize;
  return `What a caller can tell of 200 chunks that he may not read: probability to tell apart two worlds that differ only in where
these lie (0.5 is chance), by one probe and by the mean of ${probes} probes of a topic (${topics} topics, so that the second column is
coarse: one topic more or less is ${fixed(1 / topics / topics, 2)}):

${table(['engine', 'signal', 'one probe', `mean of ${probes}`], rows)}

With only the caller's classes loaded, results, order, scores and counts were ${withheldIdentical ? 'the same' : '**different**'} for every query.`;
}
