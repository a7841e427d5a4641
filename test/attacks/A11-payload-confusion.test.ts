// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { base64, jcsBytes, parseJcs } from '../../src/core/index.ts';
import { apply } from '../../src/provenance/apply.ts';
import { verifyReceipt } from '../../src/provenance/receipt-verify.ts';
import {
  predicateTypeOf,
  ROLE_KINDS,
  type Role,
  type StatementKind,
} from '../../src/provenance/roles.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { publishAsLogHolder } from '../support/insider.ts';
import type { LogAuthor } from '../support/log-author.ts';
import { move, refused, tried } from '../support/move.ts';
import { edited, ReceiptAuthor } from '../support/receipt-author.ts';
import { Replica } from '../support/replica.ts';
import { codeThrownBy } from '../support/tampering.ts';

const KINDS = [...new Set(Object.values(ROLE_KINDS).flat())];

/** The fields of an envelope. */
interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** A role that may sign a kind. */
function roleFor(kind: StatementKind): Role {
  const roles = Object.entries(ROLE_KINDS) as [Role, readonly StatementKind[]][];
  return roles.find(([, kinds]) => kinds.includes(kind))![0];
}

/** One valid entry of every kind that a test tenant's keys may sign. */
async function samples(replica: Replica): Promise<Map<StatementKind, Uint8Array>> {
  const { author } = replica;
  const doc = replica.doc('a');
  const made = new Map<StatementKind, Uint8Array>([
    ['genesis', await author.genesis()],
    ['delegate', await author.delegate('one more', 'ingest')],
    ['revoke', await author.revoke('ingest', replica.next)],
    ['config', await author.list('config', 1)],
    ['directory', await author.list('directory', 1)],
    ['ingest', await author.ingest('a', doc)],
    ['tombstone', await author.tombstone('a', doc)],
    ['shred', await author.shred('a', doc)],
    ['acl', await author.acl('another')],
    ['acl-bind', await bind(author)],
    ['index-snapshot', await author.snapshot(1)],
    ['state', await replica.stateEntry()],
  ]);
  for (const kind of KINDS) {
    if (!made.has(kind)) made.set(kind, await author.loose(kind, { of: kind }, roleFor(kind)));
  }
  return made;
}

function bind(author: LogAuthor): Promise<Uint8Array> {
  return author.aclBind([{ stateKey: author.docKey('a'), epoch: 2, validUntil: null }]);
}

/** The same signature over a payload that says something else. */
function relabelled(
  entry: Uint8Array,
  change: (payload: Record<string, unknown>) => void,
): Uint8Array {
  const envelope = parseJcs(entry) as unknown as Envelope;
  const payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Record<
    string,
    unknown
  >;
  change(payload);
  return jcsBytes({ ...envelope, payload: base64(jcsBytes(payload)) });
}

move(
  {
    id: 'A11',
    title: 'present a valid statement of one kind as another kind',
    by: 'type inside the signed payload, payload type in the PAE, kinds per role, closed schemas',
    codes: ['RECEIPT_INVALID', 'ENTRY_REFUSED'],
  },
  () => {
    it('is void for every pair of kinds', async () => {
      const replica = await Replica.founded();
      await replica.ingest('a');
      const { author } = replica;
      for (const [kind, entry] of await samples(replica)) {
        for (const other of KINDS) {
          if (other === kind) continue;
          const moved = relabelled(entry, (payload) => {
            payload['predicateType'] = predicateTypeOf(other);
          });
          expect(replica.judge(moved)).toEqual({ outcome: 'void', reason: 'SIGNATURE' });
          // Even if the key of the other kind's role signs the foreign content, the schema does not take it.
          const { predicate } = JSON.parse(
            Buffer.from((parseJcs(entry) as unknown as Envelope).payload, 'base64').toString(),
          ) as { predicate: object };
          const signed = await author.loose(other, predicate, roleFor(other));
          const { outcome } = apply(author.idKey, replica.state, replica.next, signed);
          // config and directory have the same fields: there the role of the key decides.
          const isTwin = [kind, other].sort().join() === 'config,directory';
          if (!isTwin) expect([kind, other, outcome]).toEqual([kind, other, 'void']);
          tried(2);
        }
      }
    });

    it('is void with another payload type, or with a payload that parses in two ways', async () => {
      const replica = await Replica.founded();
      const entry = await replica.author.ingest('a');
      const envelope = parseJcs(entry) as unknown as Envelope;
      for (const payloadType of [
        'application/json',
        'text/plain',
        '',
        'APPLICATION/vnd.in-toto+json',
      ]) {
        replica.refuse(jcsBytes({ ...envelope, payloadType }), 'FORMAT');
        tried();
      }
      const payload = Buffer.from(envelope.payload, 'base64').toString();
      const spaced = await replica.author.raw(JSON.parse(payload) as object, 'ingest');
      replica.accept(spaced);
      const doubled = Buffer.from(payload.replace('{', '{"_type":"x",'));
      const twice = { ...envelope, payload: base64(doubled) };
      replica.refuse(jcsBytes(twice), 'SIGNATURE');
      tried(2);
    });

    it('is refused where a receipt has a place for another kind', async () => {
      const receipts = await ReceiptAuthor.founded();
      const receipt = await receipts.receipt();
      const trust = receipts.trust();
      verifyReceipt(receipt, trust);
      const [passage] = receipt.passages;
      const swaps = [
        edited(receipt, (copy) => void (copy.attest = passage!.statement)),
        edited(receipt, (copy) => void (copy.attest = receipt.state.entry)),
        edited(receipt, (copy) => void (copy.state.entry = receipt.attest!)),
        edited(receipt, (copy) => void (copy.passages[0]!.statement = receipt.state.entry)),
        edited(receipt, (copy) => void (copy.keys[0]!.delegate = receipt.state)),
        edited(receipt, (copy) => void (copy.state = receipt.keys[0]!.delegate)),
      ];
      for (const swapped of swaps) {
        refused(codeThrownBy(() => verifyReceipt(swapped, trust)));
      }
    });

    onEachVault((target) => {
      it('changes nothing when statements that never stand in a log are published in it', async () => {
        const damaged = await target.copy();
        await publishAsLogHolder(damaged, async (session) => {
          const entry = await session.ledger.reader.provenEntry(1, session.ledger.head);
          return [
            relabelled(entry, (payload) => {
              payload['predicateType'] = predicateTypeOf('config');
            }),
            relabelled(entry, (payload) => {
              payload['predicateType'] = predicateTypeOf('context');
            }),
          ];
        });
        await expectStopped(target, damaged, { codes: ['ENTRY_REFUSED'], passages: 'all' });
      });
    });
  },
);
