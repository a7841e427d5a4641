// SPDX-License-Identifier: Apache-2.0
// What is interrupted: every way in which a vault changes.
import { fail } from '../../src/core/index.ts';
import {
  delegateKey,
  revokeKey,
  rewrapKeys,
  rotateBranchKey,
  type Vault,
} from '../../src/vault/index.ts';
import {
  expectedView,
  FIRST,
  MORE_PEOPLE,
  OPEN,
  SHUT,
  type Texts,
  type View,
  type World,
} from './world.ts';
import { memoryStateOf } from '../../src/vault/inside.ts';

/** One change of a vault. */
export interface Operation {
  readonly name: string;
  /** What the vault holds before. */
  readonly start: 'empty' | 'filled' | 'halfway';
  readonly before: View;
  readonly after: View;
  /** Whether it changes the key ring's file. */
  readonly changesRing?: boolean;
  run(vault: Vault): Promise<void>;
}

const everyone = (file: string): readonly string[] =>
  file.startsWith('open/') ? ['ada', 'dan'] : ['ada'];
const ada = (): readonly string[] => ['ada'];
/** The work without its report. */
const quietly =
  (work: (vault: Vault) => Promise<unknown>) =>
  async (vault: Vault): Promise<void> => {
    await work(vault);
  };
/**
 * A change of permissions. Documents that could not be proven keep their class, and the report says so: the change is not
 * acknowledged for them.
 */
const access =
  (file: typeof SHUT) =>
  async (vault: Vault): Promise<void> => {
    const { unproven } = await vault.setAccess(file);
    if (unproven.length > 0) throw fail('INTEGRITY', 'documents were left in their class');
  };
const EMPTY: View = new Map();

const SECOND: Texts = {
  'open/a.md': 'The common word of the garden, written again.\n',
  'open/d.md': 'The common word of the roof.\n',
};

const without = (texts: Texts, gone: string): Texts =>
  Object.fromEntries(Object.entries(texts).filter(([file]) => file !== gone));

/** Every operation, over a world's sources. */
export function operations(world: World): Operation[] {
  const first = world.sources('first', FIRST);
  const second = world.sources('second', SECOND);
  const filled = expectedView(FIRST, everyone);
  const same = { start: 'filled', before: filled, after: filled } as const;
  const ingest = (folder: string) => async (vault: Vault) => {
    const { failures } = await vault.ingest([folder], { access: OPEN, concurrency: 1 });
    const [failure] = failures;
    if (failure !== undefined) throw fail(failure.code, failure.message);
  };
  return [
    { name: 'ingest', start: 'empty', before: EMPTY, after: filled, run: ingest(first) },
    {
      name: 'update',
      start: 'filled',
      before: filled,
      after: expectedView({ ...FIRST, ...SECOND }, everyone),
      run: ingest(second),
    },
    {
      name: 'access',
      start: 'filled',
      before: filled,
      after: expectedView(FIRST, ada),
      run: access(SHUT),
    },
    { ...same, name: 'directory', run: access(MORE_PEOPLE) },
    {
      name: 'delete',
      start: 'filled',
      before: filled,
      after: expectedView(without(FIRST, 'open/b.md'), everyone),
      run: quietly((vault) => vault.delete(['open/b.md'])),
    },
    {
      name: 'erase',
      start: 'filled',
      before: filled,
      after: expectedView(without(FIRST, 'open/b.md'), everyone),
      run: quietly((vault) => vault.erase('open/b.md', 'request')),
    },
    {
      ...same,
      name: 'rotate',
      changesRing: true,
      run: async ({ session }) => {
        await rotateBranchKey(session);
        await rewrapKeys(session, true);
      },
    },
    {
      ...same,
      name: 'keys',
      changesRing: true,
      run: async ({ session }) => {
        const keyid = await delegateKey(session, 'ingest');
        await revokeKey(session, keyid, 'retired');
      },
    },
    {
      ...same,
      name: 'snapshot',
      run: async ({ session }) => {
        const index = await memoryStateOf(session);
        index.markDirty(index.table.map(({ classNo }) => classNo));
        await session.seal({ sweep: true });
      },
    },
    {
      name: 'recovery',
      start: 'halfway',
      before: filled,
      after: expectedView(without(FIRST, 'open/b.md'), everyone),
      run: async ({ session }) => {
        await session.writer();
        await session.seal();
      },
    },
  ];
}
