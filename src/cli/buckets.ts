// SPDX-License-Identifier: Apache-2.0
import type { S3Documents } from '../aws/index.ts';
import type { Invocation } from './command.ts';
import { readNamed } from './files.ts';

/** Options of commands that read documents from buckets. */
export interface BucketOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly catalogue?: string;
}

/** Documents of buckets as the options say; close them. The SDK is loaded for those alone who name a bucket. */
export async function openDocuments(invocation: Invocation<BucketOptions>): Promise<S3Documents> {
  const { lakeFormationTags, parseCatalogue, S3Documents } = await import('../aws/index.ts');
  const { region, endpoint, catalogue } = invocation.options;
  const connection = { region, endpoint };
  if (catalogue === undefined) return new S3Documents(connection);
  const config = parseCatalogue(await readNamed(invocation, catalogue, 'catalogue file'));
  return new S3Documents({ ...connection, catalogue: lakeFormationTags(config, connection) });
}
