// SPDX-License-Identifier: Apache-2.0
// The search engine of a distributed home, opened as the configuration says.
import { readFileSync } from 'node:fs';
import { fail, need } from '../core/index.ts';
import type {
  OpenSearchIndex,
  SearchConnection,
  SearchIdentity,
  SigningCredentials,
} from '../opensearch/index.ts';
import type { VaultConfig } from './config.ts';
import type { SearchEngineConfig } from './home-config.ts';
import type { AwsAccess } from './home-parts.ts';

/** How the search engine is called, beyond what the configuration names. */
export type SearchAccess = Partial<
  Pick<SearchConnection, 'identity' | 'ca' | 'attempts' | 'timeout' | 'boundary'>
>;

/** What the index of a session needs to know. */
export interface WantedIndex {
  readonly dims: number;
  readonly space: string;
  readonly tokenKey: Uint8Array;
  readonly logSize: () => number;
}

/** An index elsewhere, and whether this machine brings it along the log. */
export interface HomeIndex {
  readonly writes: boolean;
  open(wanted: WantedIndex): Promise<OpenSearchIndex>;
  close(): void;
}

/** What decides how the engine is reached. */
export interface HomeIndexOptions {
  readonly config: Pick<VaultConfig, 'vaultId' | 'tenantId'>;
  readonly access: SearchAccess;
  readonly aws: AwsAccess;
  /** Variables of the process: `STRONGROOM_OPENSEARCH`, `STRONGROOM_OPENSEARCH_CA`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The client is loaded here and only here. @throws {CONFIG_INVALID} when credentials are missing or meant for another address */
export async function homeIndex(
  engine: SearchEngineConfig,
  options: HomeIndexOptions,
): Promise<HomeIndex> {
  const { OpenSearchIndex: Index, SearchService } = await import('../opensearch/index.ts');
  const { access, config, env } = options;
  const { endpoint, name, shards, replicas, writes = true } = engine;
  const caFile = env['STRONGROOM_OPENSEARCH_CA'];
  const service = new SearchService({
    ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
    ...access,
    node: endpoint,
    identity: access.identity ?? identityOf(engine, options),
  });
  return {
    writes,
    open: (wanted) =>
      Index.open({
        ...wanted,
        service,
        alias: name ?? `strongroom-${config.tenantId}-${config.vaultId}`,
        create: writes,
        ...(shards !== undefined && { shards }),
        ...(replicas !== undefined && { replicas }),
      }),
    close: () => void service.close(),
  };
}

function identityOf(engine: SearchEngineConfig, { env, aws }: HomeIndexOptions): SearchIdentity {
  const { identity, region = '', service, endpoint } = engine;
  if (identity === 'none') return { kind: 'none' };
  if (identity === 'basic') return passwordFor(endpoint, env['STRONGROOM_OPENSEARCH']);
  const { credentials } = aws;
  const given =
    typeof credentials === 'function' || credentials === undefined
      ? credentials
      : (): Promise<SigningCredentials> => Promise.resolve(credentials);
  return {
    kind: 'sigv4',
    region,
    ...(service !== undefined && { service }),
    ...(given !== undefined && { credentials: given }),
  };
}

/** The configuration lies in the vault and may be anybody's: a password goes to the address that it was given for alone. */
function passwordFor(endpoint: string, variable: string | undefined): SearchIdentity {
  if (variable === undefined || !URL.canParse(variable)) {
    const message =
      'STRONGROOM_OPENSEARCH must be the address of the search engine with user and password';
    throw fail('CONFIG_INVALID', message);
  }
  const url = new URL(variable);
  const isMeant = url.origin === new URL(endpoint).origin;
  const message = 'the password of STRONGROOM_OPENSEARCH is meant for another address';
  need('INV-OPENSEARCH-PASSWORD', isMeant, 'CONFIG_INVALID', message);
  const [username, password] = [url.username, url.password].map(decodeURIComponent);
  return { kind: 'basic', username: username ?? '', password: password ?? '' };
}
