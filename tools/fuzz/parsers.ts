// SPDX-License-Identifier: Apache-2.0
// What each target measures: the owners (functions, constants, `Class.method`) of its parser by file; none named means the
// whole file. Stands apart from the targets, for it must be known before a file is loaded.

/** Owners by file. */
export type Parser = Readonly<Record<string, readonly string[]>>;

const P = 'src/provenance';
const PARSE = 'src/ingest/parse';

/** Parsers by target. */
export const PARSERS = {
  jcs: { 'src/core/jcs.ts': [] },
  note: { [`${P}/note.ts`]: ['parseNote', 'parseSignatureLine', 'verifyNote'] },
  vkey: { [`${P}/note.ts`]: ['parseVkey'] },
  checkpoint: {
    [`${P}/checkpoint.ts`]: ['openCheckpoint', 'parseCheckpointText', 'verifiedSigners'],
  },
  'public-key': { [`${P}/public-key.ts`]: [] },
  envelope: { [`${P}/dsse.ts`]: ['parseEnvelope', 'hasFields'] },
  statement: {
    [`${P}/statement.ts`]: ['parseStatement', 'checkStatement', 'parseSubject', 'record'],
    [`${P}/predicates.ts`]: [],
  },
  entry: { [`${P}/apply.ts`]: [] },
  bundle: { [`${P}/tiles.ts`]: ['decodeBundle'] },
  staging: { [`${P}/staging.ts`]: ['decodeStaging', 'stagedSize'] },
  'state-proof': { [`${P}/trie.ts`]: ['verifyTrieProof', 'bytes32', 'branchHash'] },
  'state-copy': { 'src/vault/state-snapshot.ts': ['decodeState'] },
  receipt: {
    [`${P}/receipt.ts`]: [],
    [`${P}/receipt-open.ts`]: [],
    [`${P}/receipt-signers.ts`]: [],
    [`${P}/receipt-verify.ts`]: [],
  },
  trust: { [`${P}/trust.ts`]: ['parseTrust'] },
  vector: { [`${P}/vector.ts`]: ['decodeVector'] },
  'chunk-leaf': { [`${P}/chunk-tree.ts`]: ['decodeLeaf', 'parsed'] },
  meta: { [`${P}/chunk-tree.ts`]: ['openMeta', 'checkLeaf', 'checkOrder', 'parsed', 'Reader'] },
  sealed: {
    'src/keys/seal.ts': ['open', 'openHeader', 'openFrames', 'openFrame', 'derive', 'nonceOf'],
  },
  'wrapped-key': { 'src/keys/wrap.ts': ['rowVersion', 'unwrapKey'] },
  'key-ring': { 'src/keys/key-ring-file.ts': ['parseRing', 'parseSecrets', 'parseWith'] },
  list: { [`${P}/sealed-list.ts`]: ['decodeList', 'listCommitment', 'split'] },
  directory: { 'src/access/directory.ts': ['Directory.parse', 'recordSchema'] },
  policy: { 'src/access/policy.ts': ['parsePolicy', 'stricterPolicy'] },
  'class-record': { 'src/access/class-record.ts': ['decodeClassRecord', 'names'] },
  'access-file': {
    'src/access/access-file.ts': [
      'parseAccessFile',
      'checked',
      'deepestPath',
      'checkNames',
      'flatten',
      'refuseCycles',
      'actionsOf',
    ],
    'src/access/yaml-text.ts': [],
    'src/access/attributes.ts': [],
  },
  grant: {
    'src/access/access-file.ts': ['parseGrant', 'fieldOf', 'isKnown'],
    'src/access/yaml-text.ts': ['readYaml', 'refuseOddNodes', 'refuseOddKeys', 'plainValue'],
  },
  segment: {
    'src/index/segment-decode.ts': [],
    'src/index/segment-reader.ts': [],
  },
  'sealed-segment': { 'src/vault/sealed-segment.ts': ['openSegment', 'split'] },
  'segment-table': { 'src/vault/segment-table.ts': ['decodeTable', 'entryOf'] },
  config: { 'src/vault/config.ts': ['parseConfig'] },
  'front-matter': { [`${PARSE}/front-matter.ts`]: [] },
  text: {
    [`${PARSE}/decode.ts`]: [],
    [`${PARSE}/plain-text.ts`]: [],
    [`${PARSE}/lines.ts`]: ['skipBlankLines', 'paragraphEnd'],
  },
  markdown: {
    [`${PARSE}/markdown.ts`]: [],
    [`${PARSE}/markdown-blocks.ts`]: [],
    [`${PARSE}/markdown-hiding.ts`]: [],
    [`${PARSE}/markdown-syntax.ts`]: [],
  },
  html: {
    [`${PARSE}/html.ts`]: [],
    [`${PARSE}/html-hiding.ts`]: [],
    [`${PARSE}/html-reader.ts`]: [],
    [`${PARSE}/html-source.ts`]: [],
    [`${PARSE}/html-writer.ts`]: [],
    [`${PARSE}/draft.ts`]: [],
  },
  json: {
    [`${PARSE}/json.ts`]: ['jsonLoader', 'Flattener', 'shownKey'],
    [`${PARSE}/json-reader.ts`]: [],
  },
  jsonl: { [`${PARSE}/json.ts`]: ['jsonLinesLoader', 'linesOf'] },
} as const satisfies Readonly<Record<string, Parser>>;

/** Name of a target. */
export type TargetName = keyof typeof PARSERS;

/** Every file that a target measures. */
export function watchedFiles(names: readonly TargetName[]): Set<string> {
  return new Set(names.flatMap((name) => Object.keys(PARSERS[name])));
}
