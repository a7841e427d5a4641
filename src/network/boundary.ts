// SPDX-License-Identifier: Apache-2.0
// The boundary of a network: connections go to named hosts at private addresses, and nowhere else. It is drawn where a
// connection is made, each time: a check at start-up would not see a name that leads elsewhere a moment later.
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { fail, need } from '../core/index.ts';
import { isPrivateAddress } from './private-address.ts';

/** Hosts of Amazon's services, reached by private endpoints where their names lead to private addresses. */
export const AMAZON_HOSTS: readonly string[] = [
  '*.amazonaws.com',
  '*.amazonaws.com.cn',
  '*.api.aws',
];

/** What a boundary lets through. */
export interface BoundaryOptions {
  /** Host names, `*.` in front for everything below one, or literal addresses. Default: {@link AMAZON_HOSTS}. */
  readonly hosts?: readonly string[];
  /** Resolves names; default: the system's. */
  readonly resolver?: LookupFunction;
}

/** Agents of Node.js that keep within the boundary; they know no proxy. */
export interface BoundedAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * A private network: every client that is made with it refuses other hosts and public addresses with NETWORK_REFUSED, at each
 * connection.
 */
export class NetworkBoundary {
  readonly #hosts: readonly string[];
  readonly #resolver: LookupFunction;

  /** @throws {USAGE} for a host that is no name, pattern or address */
  constructor(options: BoundaryOptions = {}) {
    this.#hosts = (options.hosts ?? AMAZON_HOSTS).map(plain);
    if (!this.#hosts.every((host) => isIP(host) !== 0 || NAME.test(host)))
      throw fail('USAGE', 'a boundary names hosts, as names, patterns or addresses');
    this.#resolver = options.resolver ?? systemLookup;
  }

  /** Whether connections to a host may be tried: what can be known before its name is resolved. */
  permits(host: string): boolean {
    const name = plain(host);
    const isNamed = this.#hosts.some((pattern) =>
      pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern,
    );
    return isNamed && (isIP(name) === 0 || isPrivateAddress(name));
  }

  /** @throws {NETWORK_REFUSED} for a host that is not permitted */
  check(host: string): void {
    need('INV-NETWORK-HOST', this.permits(host), 'NETWORK_REFUSED', 'a host outside the boundary');
  }

  /** Resolves a permitted host; an answer with any public address is refused as a whole. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    try {
      this.check(host);
    } catch (error) {
      callback(error as Error, '', 0);
      return;
    }
    this.#resolver(host, options, (error, answer, family) => {
      if (error !== null) {
        callback(error, answer, family);
        return;
      }
      try {
        checkAddresses(answer);
      } catch (refusal) {
        callback(refusal as Error, '', 0);
        return;
      }
      callback(null, answer, family);
    });
  };

  /**
   * Resolves a host once, as each connection does.
   * @throws {NETWORK_REFUSED} when no connection to it would be made; what the resolver says of a name that it does not know
   */
  verify(host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (isIP(bare(host)) !== 0) {
        this.check(host);
        resolve();
        return;
      }
      this.lookup(host, { all: true }, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Agents for HTTP/1.1, which keep connections open. */
  agents(options: AgentOptions & HttpsAgentOptions = {}): BoundedAgents {
    const settings = { keepAlive: true, ...options, lookup: this.lookup };
    return {
      httpAgent: bounded(new HttpAgent(settings), this),
      httpsAgent: bounded(new HttpsAgent(settings), this),
    };
  }

  /** Makes the connection of an HTTP/2 session; the option `createConnection` of `http2.connect`. */
  readonly connectHttp2 = (authority: URL): Socket => {
    const host = bare(authority.hostname);
    this.check(host);
    const isSecure = authority.protocol === 'https:';
    const port = Number(authority.port || (isSecure ? 443 : 80));
    const options = { host, port, lookup: this.lookup };
    if (!isSecure) return connect(options);
    const servername = isIP(host) === 0 ? { servername: host } : {};
    return connectTls({ ...options, ...servername, ALPNProtocols: ['h2'] });
  };
}

const NAME =
  /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function checkAddresses(answer: string | LookupAddress[]): void {
  const addresses = typeof answer === 'string' ? [answer] : answer.map(({ address }) => address);
  const arePrivate = addresses.length > 0 && addresses.every(isPrivateAddress);
  need('INV-NETWORK-ADDRESS', arePrivate, 'NETWORK_REFUSED', 'a host has a public address');
}

type MakeConnection = (
  options: { readonly host?: string | null },
  callback: (error: Error | null, stream?: Duplex) => void,
) => Duplex | null | undefined;

/** Names are resolved by the agent's `lookup`; a literal address would pass by it. */
function bounded<A extends HttpAgent>(agent: A, boundary: NetworkBoundary): A {
  const make: MakeConnection = agent.createConnection.bind(agent);
  const guarded: MakeConnection = (options, callback) => {
    try {
      boundary.check(bare(options.host ?? 'localhost'));
    } catch (error) {
      callback(error as Error);
      return null;
    }
    return make(options, callback);
  };
  agent.createConnection = guarded;
  return agent;
}

function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function plain(host: string): string {
  return bare(host).toLowerCase().replace(/\.$/, '');
}
