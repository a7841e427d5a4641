// SPDX-License-Identifier: Apache-2.0
import { fromUtf8 } from '../../../src/core/index.ts';
import type { StatementKind } from '../../../src/provenance/roles.ts';
import { digestOf, LogAuthor } from '../../support/log-author.ts';
import type { GoldenFormat, GoldenValue } from '../../support/golden.ts';

const PREVIOUS = { version: 1, entry: 11, entryLeafHash: digestOf('entry') };

/** One statement of every kind, by the same author. */
function everyKind(author: LogAuthor): Record<StatementKind, Promise<Uint8Array>> {
  const head = { size: 9, root: digestOf('root') };
  const stateKey = author.docKey('a');
  const docs = [{ stateKey, epoch: 2, validUntil: author.time + 60 }];
  const seq = { kind: 'file', namespace: 'files', seq: '1009' };
  return {
    genesis: author.genesis(),
    delegate: author.delegate('late', 'ingest', { namespaces: ['files'], notAfter: author.time }),
    revoke: author.revoke('late', 7),
    config: author.list('config', 1),
    directory: author.list('directory', 2),
    recovery: author.statement(
      'recovery',
      { old: head, new: { ...head, size: 8 }, logVkey: null, reason: 'disk lost' },
      'root',
    ),
    embedder: author.statement(
      'embedder',
      { models: [{ id: 'second', sha256: digestOf('model') }] },
      'root',
    ),
    state: author.statement(
      'state',
      {
        root: digestOf('state'),
        count: 4,
        coversSize: 12,
        prevState: { index: 9, leafHash: digestOf('leaf') },
        snapshot: { digest: digestOf('snapshot'), bytes: 4096 },
      },
      'sequencer',
    ),
    ingest: author.ingest('a', PREVIOUS, { source: seq }),
    tombstone: author.tombstone('a', PREVIOUS),
    shred: author.shred('a', PREVIOUS),
    acl: author.acl(),
    'acl-bind': author.aclBind(docs),
    endorse: author.statement(
      'endorse',
      { stateKey, head: { entry: 11, leafHash: digestOf('entry') }, aclEpoch: 2, revokeEntry: 13 },
      'acl',
    ),
    rewrap: author.statement(
      'rewrap',
      { from: '0'.repeat(32), to: 'f'.repeat(32), rows: 3, tableDigest: digestOf('table') },
      'indexer',
    ),
    'index-snapshot': author.snapshot(9),
    context: author.statement(
      'context',
      {
        head: { origin: author.log, ...head },
        principalCommit: digestOf('principal'),
        queryCommit: digestOf('query'),
        identity: 'token',
        policyEpoch: 1,
        dirEpoch: 2,
        aclDigests: [digestOf('class')],
        passages: [{ leafHash: digestOf('entry'), i: 1 }],
      },
      'retriever',
    ),
    erasure: author.statement(
      'erasure',
      {
        stateKey,
        shredEntry: 12,
        result: { effectiveNow: ['keys'], againstBackups: 'never', pending: ['index'] },
      },
      'eraser',
    ),
    audit: author.statement(
      'audit',
      { seq: 5, prevHash: digestOf('before'), root: digestOf('audit') },
      'retriever',
    ),
  };
}

async function statements(): Promise<GoldenValue> {
  const author = new LogAuthor('golden');
  const all = Object.entries(everyKind(author));
  const written = all.map(async ([kind, entry]) => [kind, fromUtf8(await entry)] as const);
  return Object.fromEntries(await Promise.all(written));
}

/** Log entries and handed-out statements, as the exact bytes of their envelopes. */
export const statementFormats: readonly GoldenFormat[] = [
  { name: 'statements', produce: statements },
];
