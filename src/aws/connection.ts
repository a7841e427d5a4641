// SPDX-License-Identifier: Apache-2.0
// The one place where AWS clients are made: where they connect to, how long they wait, how often they try.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler';
import type { NetworkBoundary } from '../network/index.ts';

/** Access key of a test or of a custom provider. Never written anywhere and never part of a configuration file. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A call that was made: how tests record what permissions the product needs, and how costs are counted. */
export interface AwsCall {
  /** `S3`, `KMS`, `SQS` ..., as the client calls itself. */
  readonly service: string;
  /** `PutObject`, `Decrypt` ... */
  readonly operation: string;
  /** What the call was given. Holds addresses, text or keys: never to be logged. */
  readonly input: object;
}

/** Where a service is and how to call it. */
export interface AwsConnection {
  /** Region of the resources; default: the environment's. */
  readonly region?: string | undefined;
  /** Address of the service; default: the service's own in the Region. Virtual private endpoints and stand-ins have one. */
  readonly endpoint?: string | undefined;
  /** Default: the AWS default chain (environment, profile, role of the machine or task). */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /** Requests per call, the first included; default 5. Between them: exponential back-off with full jitter. */
  readonly attempts?: number;
  /** Milliseconds to establish a connection; default 3,000. */
  readonly connectTimeout?: number;
  /** Milliseconds until an answer is complete; default 60,000. */
  readonly requestTimeout?: number;
  /** Connections at the same time; default 64. */
  readonly connections?: number;
  /** Where connections may go; what it refuses is not connected to (`network: vpc-only`). */
  readonly boundary?: NetworkBoundary | undefined;
  /** HTTP/2, for services that speak it: calls share a connection. Default HTTP/1.1. */
  readonly http2?: boolean;
  /** Told of every call before it is made. */
  readonly onCall?: (call: AwsCall) => void;
}

/** Options that every client of the SDK takes. */
export interface ClientOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly requestHandler: NodeHttpHandler | NodeHttp2Handler;
}

/** What is used here of any client of the SDK. */
interface Client {
  readonly middlewareStack: {
    add(middleware: unknown, options: { readonly step: 'initialize'; readonly name: string }): void;
  };
}

/**
 * Makes a client of any AWS service: `awsClient(KMSClient, connection)`. Redirects are not followed, proxy variables of
 * the environment are ignored, HTTP/1.1 is spoken; an abort signal is given with each call.
 * @param extra options of this very service
 */
export function awsClient<C extends object, O>(
  Service: new (...options: [] | [O]) => C,
  connection: AwsConnection,
  extra: Partial<NoInfer<O>> = {},
): C {
  const client = new Service({ ...clientOptions(connection), ...extra } as O);
  const { onCall } = connection;
  if (onCall !== undefined) watch(client as Client, onCall);
  return client;
}

/** The options of a client for a connection; for clients that {@link awsClient} cannot make. */
export function clientOptions(connection: AwsConnection): ClientOptions {
  const { region, endpoint, credentials, attempts = 5 } = connection;
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    maxAttempts: attempts,
    retryMode: 'standard',
    requestHandler: connection.http2 === true ? http2(connection) : http1(connection),
  };
}

function http1(connection: AwsConnection): NodeHttpHandler {
  const { connectTimeout = 3_000, requestTimeout = 60_000, boundary } = connection;
  // Agents of our own: the global ones may be told by the environment to use a proxy.
  const agent = { keepAlive: true, maxSockets: connection.connections ?? 64 };
  const free = (): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } => ({
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent(agent),
  });
  return new NodeHttpHandler({
    connectionTimeout: connectTimeout,
    requestTimeout,
    throwOnRequestTimeout: true,
    ...(boundary?.agents(agent) ?? free()),
  });
}

function http2({ requestTimeout = 60_000, boundary }: AwsConnection): NodeHttp2Handler {
  return new NodeHttp2Handler({
    requestTimeout,
    ...(boundary && { nodeHttp2ConnectOptions: { createConnection: boundary.connectHttp2 } }),
  });
}

function watch(client: Client, onCall: (call: AwsCall) => void): void {
  type Next = (args: { readonly input: object }) => unknown;
  const middleware =
    (next: Next, context: { readonly clientName?: string; readonly commandName?: string }): Next =>
    (args) => {
      const { clientName = '', commandName = '' } = context;
      const service = clientName.replace(/Client$/, '');
      onCall({ service, operation: commandName.replace(/Command$/, ''), input: args.input });
      return next(args);
    };
  client.middlewareStack.add(middleware, { step: 'initialize', name: 'strongroomCalls' });
}
