// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { stricterPolicy } from '../../src/access/index.ts';
import { objectPath, putList } from '../../src/store/index.ts';
import { policyRef } from '../../src/vault/inside.ts';
import { expectStopped, onEachVault } from '../support/attack-world.ts';
import { withDataKeys } from '../support/insider.ts';
import { move, refused, tried } from '../support/move.ts';
import { Replica } from '../support/replica.ts';
import { codeRejectedBy, codeThrownBy } from '../support/tampering.ts';
import type { VaultWorld } from '../support/vault-world.ts';

const SRC = path.resolve(import.meta.dirname, '../../src');

/** Changes strongroom.json. */
function configure(world: VaultWorld, change: object): Promise<void> {
  return world.alter('vault/strongroom.json', (bytes) => {
    const config = JSON.parse(Buffer.from(bytes).toString()) as object;
    return Buffer.from(JSON.stringify({ ...config, ...change }));
  });
}

/** Every file of the source, with its text. */
function sources(): [string, string][] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(path.join(SRC, name), 'utf8')]);
}

move(
  {
    id: 'A37',
    title:
      'weaken configuration, policy or environment: default allow, guard off, other keys, quorum 0',
    by: 'policy is signed by the root key; the local file can only be stricter; no switch turns a check off',
    codes: [
      'CONFIG_INVALID',
      'POLICY_TAMPERED',
      'UPGRADE_REQUIRED',
      'TRUST_UNKNOWN',
      'KEY_UNAVAILABLE',
    ],
  },
  () => {
    onEachVault((target) => {
      it('does not open with a configuration that would weaken anything, and the operator is told', async () => {
        const weaker: object[] = [
          { policy: { default: 'owner' } },
          { policy: { default: 'allow' } },
          { policy: { guard: { hiddenText: 'report' } } },
          { policy: { guard: { hiddenText: 'off' } } },
          { policy: { plaintextCache: true } },
          { policy: { maxAge: null } },
          { policy: { maxAge: 0 } },
          { policy: { witnesses: { vkeys: [], k: 0 } } },
          { policy: { issuers: [] } },
          { policy: { skipVerification: true } },
          { trust: { logVkey: 'x' } },
          { keys: [] },
          { home: '/tmp/elsewhere' },
          { verify: false },
          { v: 2 },
        ];
        for (const change of weaker) {
          const damaged = await target.copy();
          await configure(damaged, change);
          const code = await codeRejectedBy(damaged.use(() => Promise.resolve()));
          expect([change, code]).toEqual([change, 'CONFIG_INVALID']);
          expect(damaged.codes).toEqual(['CONFIG_INVALID']);
          refused(code);
        }
        for (const change of [{ format: 0 }, { format: 2 }]) {
          const damaged = await target.copy();
          await configure(damaged, change);
          refused(await codeRejectedBy(damaged.use(() => Promise.resolve())));
        }
      });

      it('finds no keys for another vault or tenant that the configuration may name', async () => {
        for (const change of [{ vaultId: 'ab'.repeat(16) }, { tenantId: 'other' }]) {
          const damaged = await target.copy();
          await configure(damaged, change);
          refused(await codeRejectedBy(damaged.use(() => Promise.resolve())));
        }
      });

      it('is refused when an insider with the data keys seals a weaker policy', async () => {
        const damaged = await target.copy();
        await withDataKeys(damaged, async ({ stores, session }) => {
          const present = session.ledger.lookup('config', 'policy')!;
          const ref = policyRef('default', present.epoch);
          const weaker = {
            ...session.access.policy,
            default: 'owner',
            guard: { hiddenText: 'report' },
          };
          const forged = await putList(stores, ref, [weaker]);
          const file = (digest: string): string =>
            path.join(damaged.vault, 'store', objectPath(ref, digest));
          await copyFile(file(forged.objectDigest), file(present.objectDigest));
        });
        await expectStopped(target, damaged, { codes: ['POLICY_TAMPERED'], passages: 'none' });
      });
    });

    it('may only lower the maximum age', async () => {
      const replica = await Replica.founded();
      for (const by of ['acl', 'directory', 'ingest', 'sequencer']) {
        replica.refuse(await replica.author.list('config', 1, by), 'SCOPE');
        tried();
      }
      const signed = {
        v: 1,
        default: 'refuse',
        issuers: [],
        guard: { hiddenText: 'refuse' },
        witnesses: { vkeys: [], k: 0 },
        maxAge: 60,
        plaintextCache: false,
      } as const;
      expect(stricterPolicy({ ...signed, issuers: [] } as never, { maxAge: 30 }).maxAge).toBe(30);
      const code = codeThrownBy(() => stricterPolicy(signed as never, { maxAge: 61 }));
      expect(code).toBe('CONFIG_INVALID');
      refused(code);
    });

    it('has no switch in the source: neither in the environment nor in an option', () => {
      const environment = new Set<string>();
      for (const [file, text] of sources()) {
        for (const [, name] of text.matchAll(/env(?:\.|\[')([A-Z][A-Z0-9_]*)/g))
          environment.add(name!);
        const options = text.match(
          /\b(?:skip|disable|unsafe|insecure|bypass|no)(?:Check|Verif|Signature|Proof|Guard|Policy)\w*/g,
        );
        expect([file, options]).toEqual([file, null]);
      }
      // Places, passphrases, how a search engine is known (which is hostile anyway), and how output looks: none of them
      // decides what is believed.
      const harmless = [
        ...['ACCESS', 'DEBUG', 'HOME', 'PASSPHRASE', 'PASSPHRASE_FILE', 'VAULT'].map(
          (name) => `STRONGROOM_${name}`,
        ),
        ...['STRONGROOM_OPENSEARCH', 'STRONGROOM_OPENSEARCH_CA'],
        ...['XDG_CONFIG_HOME', 'NO_COLOR', 'FORCE_COLOR', 'TERM', 'USER', 'LOGNAME'],
      ];
      expect([...environment].filter((name) => !harmless.includes(name))).toEqual([]);
      expect(environment.size).toBeGreaterThan(1);
      tried(environment.size);
    });
  },
);
