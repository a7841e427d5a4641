// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { jcsBytes } from '../../src/core/index.ts';
import { parseTrust, verifyReceipt } from '../../src/provenance/index.ts';
import { type ContextResult, makeContext } from '../../src/retrieve/index.ts';
import type { Vault } from '../../src/vault/index.ts';
import { onEachVault, type Target } from '../support/attack-world.ts';
import { move, tried } from '../support/move.ts';
import { caller, OFFICE_ACCESS, type VaultWorld } from '../support/vault-world.ts';

/** What can land between a search and the assembly of its answer. */
type Change = 'revocation' | 'erasure' | 'deletion' | 'new version';
const CHANGES: readonly Change[] = ['revocation', 'erasure', 'deletion', 'new version'];

async function land(world: VaultWorld, vault: Vault, change: Change, name: string): Promise<void> {
  if (change === 'erasure') await vault.erase(name, 'request');
  if (change === 'deletion') await vault.delete([name]);
  if (change === 'new version') {
    await world.write(name, '# Withdrawn\n\nThis page was withdrawn.\n');
    await vault.ingest([world.documents], { access: world.access });
  }
  if (change === 'revocation') {
    const rules = OFFICE_ACCESS.rules.map((rule) => ({ ...rule, allow: ['board'] }));
    await vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
  }
}

/** Asks a question of ben's while a change lands: during the search, or after it and before the answer is assembled. */
async function askDuring(
  target: Target,
  change: Change,
  step: 'the search' | 'assembly',
): Promise<{ context: ContextResult; vault: Vault; name: string; landed: number }> {
  const world = await target.copy();
  const { embedder } = world;
  const name = target.documents.find((each) => each.startsWith('staff/'))!;
  let landed = 0;
  const strike = async (): Promise<void> => {
    await land(world, vault, change, name);
    landed = vault.session.ledger.head.size;
  };
  const vault = await world.open({
    embedder: {
      identity: embedder.identity,
      embedDocuments: (texts, options) => embedder.embedDocuments(texts, options),
      embedQuery: async (text, options) => {
        if (step === 'the search') await strike();
        return embedder.embedQuery(text, options);
      },
    },
  });
  const retriever = await vault.session.retriever();
  const struck = new Proxy(retriever, {
    get: (of, property) => {
      const value: unknown = Reflect.get(of, property, of);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, of, args);
        if (property !== 'resolved' || step === 'the search') return result;
        return Promise.resolve(result).then(async (found) => {
          await strike();
          return found;
        });
      };
    },
  });
  const request = { caller: caller('ben'), query: 'leave and travel', budget: 3000, receipt: true };
  const context = await makeContext(struck, await vault.session.retrieval(), request);
  return { context, vault, name, landed };
}

move(
  {
    id: 'A35',
    title: 'have a revocation, erasure or new version land between the check and the use',
    by: 'decision and head are taken again in one step right before assembly; the receipt names that head',
    codes: [],
  },
  () => {
    onEachVault((target) => {
      it.each(
        CHANGES.flatMap((change) => [
          [change, 'the search'] as const,
          [change, 'assembly'] as const,
        ]),
      )('shows nothing that a %s has withdrawn during %s', async (change, step) => {
        const { context, vault, name, landed } = await askDuring(target, change, step);
        const { receipt, citations } = context;
        expect(landed).toBeGreaterThan(0);
        const shown = citations.filter(({ source }) => source.uri === name);
        expect(shown.every(({ version }) => change === 'new version' && version === 2)).toBe(true);
        if (change === 'revocation') expect(citations).toEqual([]);
        const trust = parseTrust(jcsBytes((await vault.session.context.trust.read()).file));
        expect(verifyReceipt(receipt!, trust).head.size).toBeGreaterThanOrEqual(landed);
        tried();
      });

      it('shows it when nothing lands', async () => {
        const world = await target.copy();
        const name = target.documents.find((each) => each.startsWith('staff/'))!;
        const vault = await world.open();
        const request = { caller: caller('ben'), query: 'leave and travel', k: 1000 };
        const { citations } = await vault.context({ ...request, budget: 100_000 });
        expect(citations.map(({ source }) => source.uri)).toContain(name);
      });
    });
  },
);
