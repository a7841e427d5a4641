// SPDX-License-Identifier: Apache-2.0
// Contexts and their receipts from a real vault; what a receipt's verifier refuses is tested in test/provenance.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { jcs, utf8 } from '../../src/core/index.ts';
import {
  parseReceipt,
  parseTrust,
  type Receipt,
  type Trust,
  verifyReceipt,
} from '../../src/provenance/index.ts';
import { type ContextResult, makeContext } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { expectRejection } from '../support/tampering.ts';
import {
  caller,
  contextWithReceipt,
  OFFICE,
  OFFICE_ACCESS,
  VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';

const template = worldTemplate();
const QUERY = 'thirty days of leave';

/** The trust file of the vault's home, as an outsider holds it. */
async function trustOf(world: VaultWorld, vault: Vault): Promise<Trust> {
  const { vaultId } = vault.session.context.config;
  const file = path.join(world.home, 'trust', `${vaultId}.json`);
  return parseTrust(new Uint8Array(await readFile(file)));
}

/** What came over the wire. */
function received({ receipt }: ContextResult): Receipt {
  return parseReceipt(utf8(jcs(receipt)));
}

describe('a receipt', () => {
  it('is verified offline: exactly the passages of the context, current at the head, by whom and for whom', async () => {
    const world = await template();
    const vault = await world.open();
    const result = await contextWithReceipt(vault, 'ben', QUERY);
    const verdict = verifyReceipt(received(result), await trustOf(world, vault));
    expect(verdict).toMatchObject({
      proved: true,
      attested: true,
      headCompared: 'same',
      caller: { principal: 'ben', query: QUERY },
      identity: 'impersonated',
    });
    expect(verdict.passages.length).toBeGreaterThan(2);
    for (const { text } of verdict.passages) expect(result.text).toContain(text);
    const { ledger } = vault.session;
    for (const { docId, version, aclDigest } of verdict.passages) {
      expect(ledger.lookup('doc', docId)).toMatchObject({ version, aclDigest, status: 'live' });
    }
  });

  it('still holds when the log has moved on, and proves that the log only grew when asked to', async () => {
    const world = await template();
    const vault = await world.open();
    const held = await trustOf(world, vault);
    const before = received(await contextWithReceipt(vault, 'ben', QUERY));
    await world.write('staff/leave.md', '# Leave\n\nForty days of leave.\n');
    await vault.ingest([world.documents], { access: world.access });
    // The old receipt, against newer trust: it names the head at which it was true.
    const now = await trustOf(world, vault);
    expect(now.head?.size).toBeGreaterThan(held.head?.size ?? 0);
    const old = verifyReceipt(before, now);
    expect(old).toMatchObject({ headCompared: 'not compared', proved: true });
    // A new receipt for somebody who holds the old head.
    const request = { caller: caller('ben'), query: QUERY, receipt: true };
    const since = held.head?.size ?? 0;
    const after = received(await vault.context({ ...request, since }));
    const verdict = verifyReceipt(after, held);
    expect(verdict.headCompared).toBe('consistent');
    expect(verdict.passages.map(({ text }) => text).join()).toContain('Forty days');
    const without = received(await vault.context(request));
    expect(verifyReceipt(without, held).headCompared).toBe('not compared');
    // A size that the log never had gives no proof and no error.
    const beyond = received(await vault.context({ ...request, since: 1_000_000 }));
    expect(beyond.consistency).toBeNull();
  });

  it('names head, people and policy of one moment, whatever lands while it is made', async () => {
    const world = await template();
    const vault = await world.open();
    const options = await vault.session.retrieval();
    const { policyEpoch, directory } = vault.session.access;
    const { size } = vault.session.ledger.head;
    const people = { ...OFFICE_ACCESS.people, eve: {} };
    // As soon as the decision has been taken, a change of people lands, and a newer view of policy is there.
    const landing: Promise<unknown>[] = [];
    const racing = {
      ...options,
      access: () => ({ ...options.access(), policyEpoch: policyEpoch + landing.length }),
      random: {
        bytes: (n: number) => {
          landing.push(vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, people })));
          return options.random.bytes(n);
        },
      },
    };
    const request = { caller: caller('ben'), query: QUERY, receipt: true };
    const result = await makeContext(await vault.session.retriever(), racing, request);
    await Promise.all(landing);
    expect(landing).toHaveLength(1);
    expect(vault.session.access.directory.epoch).toBe(directory.epoch + 1);
    const verdict = verifyReceipt(received(result), await trustOf(world, vault));
    expect(verdict.head.size).toBe(size);
    expect(attested(result)).toMatchObject({
      dirEpoch: directory.epoch,
      policyEpoch,
      head: { size },
    });
  });

  it('attests the ACL that a document has at the head, not the one it was found under', async () => {
    const world = await template();
    const vault = await world.open();
    const options = await vault.session.retrieval();
    const rules = [{ path: 'staff/**', allow: ['ben'] }, ...OFFICE_ACCESS.rules];
    let isDone = false;
    const result = await makeContext(
      await vault.session.retriever(),
      {
        ...options,
        isSettled: () => isDone && options.isSettled(),
        settle: async () => {
          if (!isDone) await vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
          isDone = true;
          await options.settle();
        },
      },
      { caller: caller('ben'), query: QUERY, receipt: true },
    );
    const verdict = verifyReceipt(received(result), await trustOf(world, vault));
    const digests = [...new Set(verdict.passages.map(({ aclDigest }) => aclDigest))].sort();
    expect(attested(result)['aclDigests']).toEqual(digests);
  });

  it('reveals the documented fields and nothing else', async () => {
    const vault = await (await template()).open();
    const { receipt } = await contextWithReceipt(vault, 'ben', QUERY);
    const fields = (value: unknown, at = ''): string[] => {
      if (Array.isArray(value)) return value.flatMap((item) => fields(item, `${at}[]`));
      if (typeof value !== 'object' || value === null) return [at];
      return Object.entries(value).flatMap(([name, item]) => fields(item, `${at}.${name}`));
    };
    const proof = ['entry', 'index', 'proof[]'];
    const stateProof = ['key32', 'valueHash', 'path[][]'];
    const doc =
      'docId status version entry entryLeafHash keyid keyEntry ns chunks aclEpoch aclDigest aclEntry aclKeyid validUntil seq';
    const key = 'keyid spki role kinds[] namespaces firstIndex endIndex notAfter reason';
    const expected = [
      ...['v', 'origin', 'head', 'consistency', 'attest'],
      ...['caller.nonce', 'caller.principal', 'caller.query'],
      ...proof.flatMap((field) => [`state.${field}`, `genesis.${field}`]),
      ...['statement', 'index', 'proof[]'].map((field) => `passages[].${field}`),
      ...stateProof.map((field) => `passages[].stateProof.${field}`),
      ...doc.split(' ').map((field) => `passages[].stateProof.value.${field}`),
      ...['i', 'openT', 'proof[]', 'text'].map((field) => `passages[].chunk.${field}`),
      ...['n', 'start', 'end', 'textCommit', 'vecCommit'].map(
        (field) => `passages[].chunk.leafFields.${field}`,
      ),
      ...['headings[]', 'page', 'pos.start', 'pos.end'].map(
        (field) => `passages[].chunk.leafFields.meta.${field}`,
      ),
      'keys[].keyid',
      ...proof.map((field) => `keys[].delegate.${field}`),
      ...stateProof.map((field) => `keys[].stateProof.${field}`),
      ...key.split(' ').map((field) => `keys[].stateProof.value.${field}`),
    ].map((field) => `.${field}`);
    const found = new Set(fields(receipt));
    expect([...found].filter((field) => !expected.includes(field))).toEqual([]);
    // Empty proofs of one-chunk documents show no field; everything else must be there.
    const absent = expected.filter((field) => !found.has(field));
    expect(absent.filter((field) => !field.endsWith('[]'))).toEqual([]);
  });

  it('holds no path, person, group or query outside the caller’s own copy', async () => {
    const vault = await (await template()).open();
    const query = 'who was absent from work';
    const { receipt } = await contextWithReceipt(vault, 'chloe', query);
    const { caller: own, ...rest } = receipt as Receipt;
    expect(own).toMatchObject({ principal: 'chloe', query });
    const seen = decoded(decoded(JSON.stringify(rest)));
    // What is looked for would be found: this stands in an entry's payload.
    expect(seen.includes('https://strongroom.dev/attestations/context/v1')).toBe(true);
    const names = [...Object.keys(OFFICE), 'chloe', 'people-ops', '"staff"', query];
    expect(names.filter((name) => seen.includes(name))).toEqual([]);
  });

  it('of nothing is a receipt too: that the caller was given nothing', async () => {
    const world = await template();
    const vault = await world.open();
    const request = { caller: caller('dan'), query: 'canteen soup', receipt: true, budget: 1 };
    const result = await vault.context(request);
    expect(result).toMatchObject({ text: '', citations: [], tokens: 0 });
    const verdict = verifyReceipt(received(result), await trustOf(world, vault));
    expect(verdict).toMatchObject({ passages: [], attested: true });
  });
});

/** A text with what its long base64 strings say in their place. */
function decoded(text: string): string {
  return text.replace(/[A-Za-z0-9+/]{80,}={0,2}/g, (part) =>
    Buffer.from(part, 'base64').toString('latin1'),
  );
}

/** The predicate of a receipt's attestation. */
function attested({ receipt }: ContextResult): Record<string, unknown> {
  const decode = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64').toString());
  const { payload } = decode(receipt?.attest ?? '') as { payload: string };
  return (decode(payload) as { predicate: Record<string, unknown> }).predicate;
}

describe('the right to receipts', () => {
  const people = {
    ...OFFICE_ACCESS.people,
    ben: { actions: ['read'] },
    finn: { actions: ['receipt'] },
  };
  const access = {
    ...OFFICE_ACCESS,
    people,
    groups: { ...OFFICE_ACCESS.groups, staff: ['ben', 'people-ops', 'finn'] },
  };

  it('INV-CONTEXT-RECEIPT: is refused to whoever may only read, and to somebody unknown', async () => {
    const vault = await (await VaultWorld.ingested({ access })).open();
    const ask = { query: QUERY, receipt: true };
    await expectRejection(vault.context({ ...ask, caller: caller('ben') }), 'ACCESS_DENIED');
    await expectRejection(vault.context({ ...ask, caller: caller('nobody') }), 'ACCESS_DENIED');
    const { text, receipt } = await vault.context({ caller: caller('ben'), query: QUERY });
    expect(text).toContain('thirty days');
    expect(receipt).toBeNull();
    expect((await contextWithReceipt(vault, 'chloe', QUERY)).receipt).not.toBeNull();
  });

  it('gives nothing to read to whoever may not read', async () => {
    const vault = await (await VaultWorld.ingested({ access })).open();
    const { text, receipt } = await contextWithReceipt(vault, 'finn', QUERY);
    expect(text).toBe('');
    expect(receipt?.passages).toEqual([]);
  });
});

describe('a request for a context', () => {
  it('is refused when the budget is no positive number', async () => {
    const vault = await (await template()).open();
    for (const budget of [0, -1, NaN]) {
      const request = { caller: caller('ben'), query: QUERY, budget };
      await expectRejection(vault.context(request), 'USAGE');
    }
  });

  it('of an unknown caller, one without documents and one without a match has the same bytes', async () => {
    const vault = await (await template()).open();
    const ask = async (id: string, query: string): Promise<string> =>
      JSON.stringify(await vault.context({ caller: caller(id), query, mode: 'bm25' }));
    const unknown = await ask('nobody', QUERY);
    expect(JSON.parse(unknown)).toEqual({ text: '', citations: [], tokens: 0, receipt: null });
    expect(await ask('ben', 'xylophone')).toBe(unknown);
    expect(await ask('dan', QUERY.replace('leave', 'absence'))).toBe(unknown);
  });
});
