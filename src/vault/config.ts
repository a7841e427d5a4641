// SPDX-License-Identifier: Apache-2.0
// strongroom.json: addresses and tuning. It lies in the hostile vault, so it can only be stricter than the signed policy.
import path from 'node:path';
import { z } from 'zod';
import type { LocalPolicy } from '../access/index.ts';
import { fail, fromUtf8, utf8 } from '../core/index.ts';
import { readIfPresent, writePrivateFile } from '../keys/index.ts';
import { homeSchema } from './home-config.ts';
import { serviceFields } from './service-config.ts';

/** Version of the vault's layout that this code reads and writes. */
export const VAULT_FORMAT = 1;

const configSchema = z.strictObject({
  v: z.literal(1),
  format: z.int(),
  vaultId: z.string().regex(/^[0-9a-f]{32}$/),
  tenantId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  ingest: z
    .strictObject({
      /** Documents that are parsed, embedded and sealed at the same time. */
      concurrency: z.int().min(1).max(64).optional(),
      /** Larger files are refused. */
      maxFileBytes: z
        .int()
        .min(1)
        .max(2 ** 30)
        .optional(),
    })
    .optional(),
  policy: z
    .strictObject({
      default: z.literal('refuse').optional(),
      guard: z.strictObject({ hiddenText: z.literal('refuse') }).optional(),
      maxAge: z.int().min(1).optional(),
      plaintextCache: z.literal(false).optional(),
      /** No question goes through the static table in place of a transformer that the log names. */
      queries: z.literal('required').optional(),
      witnesses: z.strictObject({ k: z.int().min(1).max(16) }).optional(),
    })
    .optional(),
  /** Addresses of witnesses (C2SP tlog-witness); whose word counts stands in the signed policy and in the trust file. */
  witnesses: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(16)
    .optional(),
  /** Services that hold the shared parts of the vault; without it they are files beside this one. */
  home: homeSchema.optional(),
  ...serviceFields,
});

/** The content of strongroom.json. */
export type VaultConfig = z.infer<typeof configSchema>;

/** Path of a vault's configuration file. */
export function configPath(vault: string): string {
  return path.join(vault, 'strongroom.json');
}

/** True when there is a vault in a directory. */
export async function isVault(vault: string): Promise<boolean> {
  return (await readIfPresent(configPath(vault))) !== null;
}

/**
 * Reads the configuration of a vault.
 * @throws {VAULT_MISSING} when there is none
 * @throws {UPGRADE_REQUIRED} when it was made by a newer version
 * @throws {CONFIG_INVALID} when it is malformed, or sets a policy field in a way that would weaken the signed policy
 */
export async function readConfig(vault: string): Promise<VaultConfig> {
  const bytes = await readIfPresent(configPath(vault));
  if (bytes === null) throw fail('VAULT_MISSING', 'there is no vault in this directory');
  return parseConfig(bytes);
}

/** Reads the bytes of a configuration; throws as {@link readConfig} does. */
export function parseConfig(bytes: Uint8Array): VaultConfig {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (error) {
    throw fail('CONFIG_INVALID', 'strongroom.json is not JSON', {}, error);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > VAULT_FORMAT) {
    throw fail(
      'UPGRADE_REQUIRED',
      `the vault has format ${format}, this version knows ${VAULT_FORMAT}`,
    );
  }
  const result = configSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues as [z.core.$ZodIssue];
    const field = issue.path.map(String).join('.');
    const where = field === '' ? 'file' : field;
    throw fail('CONFIG_INVALID', `strongroom.json: ${where}: ${issue.message}`);
  }
  if (result.data.format !== VAULT_FORMAT)
    throw fail('UPGRADE_REQUIRED', 'the vault has an unknown format');
  return result.data;
}

/** Writes the configuration of a new vault. */
export async function writeConfig(vault: string, config: VaultConfig): Promise<void> {
  await writePrivateFile(configPath(vault), utf8(`${JSON.stringify(config, null, 2)}\n`));
}

/** The stricter settings of a configuration. */
export function localPolicy(config: VaultConfig): LocalPolicy {
  return config.policy ?? {};
}
