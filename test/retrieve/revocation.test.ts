// SPDX-License-Identifier: Apache-2.0
// Time of check, time of use: whatever changes between a search and the answer that it leads to must count.
import { describe, expect, it } from 'vitest';
import { makeContext, type RetrievalOptions } from '../../src/retrieve/index.ts';
import { revokeKey, type Vault } from '../../src/vault/index.ts';
import {
  caller,
  finds,
  OFFICE_ACCESS,
  type VaultWorld,
  worldTemplate,
} from '../support/vault-world.ts';
import { retrieverOver } from './retrieval-world.ts';

const template = worldTemplate();
const QUERY = 'thirty days of leave';
const REQUEST = { caller: caller('ben'), query: QUERY, k: 10 };

type Change = (vault: Vault, world: VaultWorld) => Promise<unknown>;

const withoutBen = { ...OFFICE_ACCESS.groups, staff: ['people-ops'] };
/** Everything that takes the passages about leave away from ben. */
const CHANGES: readonly (readonly [string, Change])[] = [
  [
    'he leaves the group',
    (vault, world) => vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, groups: withoutBen })),
  ],
  [
    'he is taken out of the directory',
    (vault, world) => {
      const { ada, chloe, dan } = OFFICE_ACCESS.people;
      const people = { ada, chloe, dan };
      return vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, people, groups: withoutBen }));
    },
  ],
  [
    'he is denied',
    (vault, world) => {
      const rules = [{ path: 'staff/**', deny: ['ben'] }, ...OFFICE_ACCESS.rules];
      return vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
    },
  ],
  [
    'the document expires',
    (vault, world) => {
      const expires = new Date(world.clock.seconds * 1000).toISOString();
      const rules = [{ path: 'staff/**', expires }, ...OFFICE_ACCESS.rules];
      return vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
    },
  ],
  [
    'the key that signed the people is revoked from then on',
    (vault) => {
      const { session } = vault;
      const { entry, keyid } = session.ledger.lookup('dir', 'people')!;
      return revokeKey(session, keyid, 'compromised', entry);
    },
  ],
  ['the document is deleted', (vault) => vault.delete(['staff/leave.md'])],
  ['the document is erased', (vault) => vault.erase('staff/leave.md', 'request')],
  [
    'the document is replaced',
    async (vault, world) => {
      await world.write('staff/leave.md', '# Holidays\n\nThere are none.\n');
      await vault.ingest([world.documents], { access: world.access });
    },
  ],
];

/** Options under which `change` happens when the query is embedded: after the classes were decided. */
async function duringSearch(
  vault: Vault,
  change: () => Promise<unknown>,
): Promise<RetrievalOptions> {
  const options = await vault.session.retrieval();
  const { embedder } = options;
  let isDone = false;
  return {
    ...options,
    embedder: {
      ...embedder,
      embedQuery: async (text) => {
        if (!isDone) await change();
        isDone = true;
        return embedder.embedQuery(text);
      },
    },
  };
}

/** Options under which `change` happens when the passages are proven and only the last decision is to come. */
async function beforeAssembly(
  vault: Vault,
  change: () => Promise<unknown>,
): Promise<RetrievalOptions> {
  const options = await vault.session.retrieval();
  let isDone = false;
  return {
    ...options,
    isSettled: () => isDone && options.isSettled(),
    settle: async () => {
      if (!isDone) await change();
      isDone = true;
      await options.settle();
    },
  };
}

describe('before a revocation', () => {
  it('ben finds the document, and in the middle of it nothing else changes for him', async () => {
    const vault = await (await template()).open();
    expect(await finds(vault, 'ben', QUERY)).toContain('staff/leave.md');
    const { text } = await vault.context(REQUEST);
    expect(text).toContain('thirty days');
  });
});

describe.each(CHANGES)('when %s', (name, change) => {
  // Whatever else is for everybody, he still gets; somebody unknown gets nothing.
  const isKnown = !/taken out|people is revoked/.test(name);

  it('between the decision and the search, nothing of it is found', async () => {
    const world = await template();
    const vault = await world.open();
    const options = await duringSearch(vault, () => change(vault, world));
    const retriever = await retrieverOver(vault, options);
    const { passages } = await retriever.search(REQUEST);
    expect(passages.map(({ text }) => text).join()).not.toContain('thirty days');
    expect(passages.length > 0).toBe(isKnown);
  });

  it('between the search and the assembly, nothing of it is quoted', async () => {
    const world = await template();
    const vault = await world.open();
    const retriever = await vault.session.retriever();
    const options = await beforeAssembly(vault, () => change(vault, world));
    const { text, citations } = await makeContext(retriever, options, REQUEST);
    expect(text).not.toContain('thirty days');
    expect(citations.map(({ source }) => source.uri)).not.toContain('staff/leave.md');
    expect(citations.length > 0).toBe(isKnown);
  });
});

describe('the last decision before assembly', () => {
  const decide = async (
    change: (vault: Vault, world: VaultWorld) => Promise<unknown>,
  ): Promise<string[]> => {
    const world = await template();
    const vault = await world.open();
    const retriever = await vault.session.retriever();
    const { passages } = await retriever.resolved(REQUEST);
    await change(vault, world);
    await vault.session.settle();
    return retriever.stillAllowed(REQUEST, passages).map(({ passage }) => passage.source.uri);
  };

  it('INV-ASSEMBLE-CURRENT: takes out a version that is current no more', async () => {
    const replace: Change = async (vault, world) => {
      await world.write('staff/leave.md', '# Holidays\n\nThere are none.\n');
      await vault.ingest([world.documents], { access: world.access });
    };
    expect(await decide(replace)).not.toContain('staff/leave.md');
  });

  it('INV-ASSEMBLE-EXPIRED: takes out what has expired since', async () => {
    const world = await template();
    const expires = new Date((world.clock.seconds + 60) * 1000).toISOString();
    const rules = [{ path: 'staff/**', expires }, ...OFFICE_ACCESS.rules];
    const vault = await world.open();
    await vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
    const retriever = await vault.session.retriever();
    const { passages } = await retriever.resolved(REQUEST);
    const uris = (): string[] =>
      retriever.stillAllowed(REQUEST, passages).map(({ passage }) => passage.source.uri);
    expect(uris()).toContain('staff/leave.md');
    world.clock.seconds += 60;
    expect(uris()).not.toContain('staff/leave.md');
  });

  it('INV-ASSEMBLE-CLASS: takes out what stands in none of the caller’s classes', async () => {
    const deny: Change = (vault, world) => {
      const rules = [{ path: 'staff/**', deny: ['ben'] }, ...OFFICE_ACCESS.rules];
      return vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
    };
    expect(await decide(deny)).not.toContain('staff/leave.md');
  });

  it('knows the class that a document stands in by now', async () => {
    const world = await template();
    const vault = await world.open();
    const retriever = await vault.session.retriever();
    const { passages } = await retriever.resolved(REQUEST);
    const rules = [{ path: 'staff/**', allow: ['ben'] }, ...OFFICE_ACCESS.rules];
    await vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules }));
    await vault.session.settle();
    const { ledger } = vault.session;
    const still = retriever.stillAllowed(REQUEST, passages);
    expect(still).toHaveLength(passages.length);
    for (const { passage, aclDigest, classNo } of still) {
      expect(aclDigest).toBe(ledger.lookup('doc', passage.docId)?.aclDigest);
      expect(classNo).toBe(ledger.lookup('acl', aclDigest)?.classNo);
    }
  });
});

describe('a directory whose signer was revoked', () => {
  it('names nobody any more, though its epoch is the same', async () => {
    const vault = await (await template()).open();
    expect(await finds(vault, 'ben', QUERY)).toContain('staff/leave.md');
    const { entry, keyid, epoch } = vault.session.ledger.lookup('dir', 'people')!;
    await revokeKey(vault.session, keyid, 'compromised', entry);
    expect(vault.session.access.directory.epoch).toBe(epoch);
    expect(await finds(vault, 'ben', QUERY)).toEqual([]);
  });
});

describe('another process', () => {
  it('may revoke: the next answer knows of it', async () => {
    const world = await template();
    const reader = await world.open();
    expect(await finds(reader, 'ben', QUERY)).toContain('staff/leave.md');
    const rules = [{ path: 'staff/**', deny: ['ben'] }, ...OFFICE_ACCESS.rules];
    await world.use((vault) => vault.setAccess(world.setAccess({ ...OFFICE_ACCESS, rules })));
    expect(await finds(reader, 'ben', QUERY)).not.toContain('staff/leave.md');
    expect((await reader.context(REQUEST)).text).not.toContain('thirty days');
  });
});
