// SPDX-License-Identifier: Apache-2.0
// A real OpenSearch server for tests: where it is, and indexes of it that nobody else uses.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  OpenSearchIndex,
  type OpenSearchIndexOptions,
  type SearchConnection,
  SearchService,
} from '../../src/opensearch/index.ts';
import { DIMS, SPACE } from '../index/corpus.ts';

/** Address of a server without security; undefined where there is none. */
export const PLAIN = process.env['STRONGROOM_TEST_OPENSEARCH'];
/** Address of a server with the security plugin, with the file of its CA and the password of `admin`. */
export const SECURED = process.env['STRONGROOM_TEST_OPENSEARCH_SECURED'];

/** How to reach the server without security. */
export function plainConnection(changes: Partial<SearchConnection> = {}): SearchConnection {
  return { node: PLAIN ?? '', identity: { kind: 'none' }, ...changes };
}

/** How to reach the server with security, as its administrator or somebody else. */
export function securedConnection(
  user: { readonly username: string; readonly password: string } = administrator(),
): SearchConnection {
  const ca = readFileSync(process.env['STRONGROOM_TEST_OPENSEARCH_CA'] ?? '', 'utf8');
  return { node: SECURED ?? '', identity: { kind: 'basic', ...user }, ca };
}

function administrator(): { username: string; password: string } {
  const password = process.env['STRONGROOM_TEST_OPENSEARCH_PASSWORD'] ?? 'Adm1n-Test-Passw0rd';
  return { username: 'admin', password };
}

/** Indexes of one test file; `close` removes them. */
export class IndexWorld {
  readonly service: SearchService;
  readonly #prefix = `test-${randomBytes(5).toString('hex')}`;
  #made = 0;
  /** What the process is told of the log. */
  logSize = 1;

  constructor(connection: SearchConnection = plainConnection()) {
    this.service = new SearchService(connection);
  }

  /** A name that is not in use. */
  alias(): string {
    this.#made += 1;
    return `${this.#prefix}-${this.#made}`;
  }

  /** An empty index, or another view of one. */
  open(changes: Partial<OpenSearchIndexOptions> = {}): Promise<OpenSearchIndex> {
    return OpenSearchIndex.open({
      service: this.service,
      alias: this.alias(),
      dims: DIMS,
      space: SPACE,
      tokenKey: new Uint8Array(32).fill(7),
      logSize: () => this.logSize,
      replicas: 0,
      ...changes,
    });
  }

  /** Removes everything that was made. */
  async close(): Promise<void> {
    await this.service.call({ method: 'DELETE', path: `/${this.#prefix}-*`, expected: [404] });
    await this.service.close();
  }
}
