// SPDX-License-Identifier: Apache-2.0
// What `doctor` looks at in the services of a distributed home: that buckets are private, encrypted, and keep what they should.
import type { BucketSettings } from '../aws/index.ts';
import { isStrongroomError } from '../core/index.ts';
import { isVault, readConfig } from '../vault/index.ts';
import type { Invocation } from './command.ts';
import { type Finding, ok, problem, warning } from './doctor-finding.ts';

type Place = 'objects' | 'keyTable' | 'locks';

/** Asks each bucket how it is set up; nothing for a vault in files. */
export async function checkHomeServices({ vault }: Invocation<unknown>): Promise<Finding[]> {
  // What is wrong with the configuration is told by the check of the vault.
  const config = (await isVault(vault)) ? await readConfig(vault).catch(() => null) : null;
  const home = config?.home;
  if (home === undefined) return [];
  const { bucketSettings } = await import('../aws/index.ts');
  const findings: Finding[] = [];
  for (const place of ['objects', 'keyTable', 'locks'] as const) {
    const { s3 } = home[place];
    try {
      findings.push(...bucketFindings(place, s3.bucket, await bucketSettings(s3)));
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      const text = `${s3.bucket}: ${error.code}: ${error.message}. ${error.remedy}`;
      findings.push(problem('bucket', text));
    }
    if (s3.endpoint?.startsWith('http:') === true) {
      findings.push(warning('bucket', `${s3.bucket}: reached without TLS, at a stand-in`));
    }
  }
  return findings;
}

/** The findings of one bucket's settings. */
export function bucketFindings(place: Place, bucket: string, settings: BucketSettings): Finding[] {
  const { isPrivate, encryption, versions } = settings;
  const found: Finding[] = [];
  const told: string[] = [];
  if (isPrivate === false) {
    found.push(problem('bucket', `${bucket}: public access is not blocked: block all of it`));
  } else if (isPrivate === true) told.push('private');
  if (encryption === 'none') {
    found.push(problem('bucket', `${bucket}: objects are not encrypted at rest: use a KMS key`));
  } else if (encryption === 'AES256') {
    found.push(warning('bucket', `${bucket}: encrypted without a KMS key of yours`));
  } else if (encryption !== null) told.push('encrypted by KMS');
  if (place === 'keyTable' && versions !== 'never' && versions !== null) {
    const text =
      'versions are kept, so that no key can be erased: make a bucket that never had any';
    found.push(problem('bucket', `${bucket}: ${text}`));
  } else if (place !== 'keyTable' && versions !== 'on' && versions !== null) {
    found.push(
      warning('bucket', `${bucket}: no versions to restore what is overwritten or deleted`),
    );
  } else if (versions !== null) told.push(versions === 'on' ? 'with versions' : 'without versions');
  if (Object.values(settings).includes(null)) {
    const text = 'not everything could be looked at: run doctor as administrator';
    found.push(warning('bucket', `${bucket}: ${text}`));
  }
  return told.length > 0 ? [ok('bucket', `${bucket}: ${told.join(', ')}`), ...found] : found;
}
