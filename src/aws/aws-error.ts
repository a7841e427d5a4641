// SPDX-License-Identifier: Apache-2.0
// What the SDK throws, made an error of ours: a code and a few harmless facts. Messages, headers, bodies and causes stay
// behind, since an answer may quote the request and the request carries credentials.
import {
  type ErrorCode,
  type ErrorDetails,
  fail,
  isStrongroomError,
  type StrongroomError,
} from '../core/index.ts';

/** What can be told of a failed call. */
export interface CallFacts {
  /** `s3`, `kms`, `sqs` ... */
  readonly service: string;
  /** HTTP status of the answer, or null when none came. */
  readonly status: number | null;
  /** The error's name, if it is one that this file knows: a server may write anything there. */
  readonly type: string | null;
  /** Requests made, retries included. */
  readonly attempts: number;
}

const CREDENTIALS =
  'ExpiredToken ExpiredTokenException ExpiredTokenFault TokenRefreshRequired InvalidToken InvalidClientTokenId InvalidAccessKeyId ' +
  'UnrecognizedClientException SignatureDoesNotMatch InvalidSignatureException IncompleteSignature MissingAuthenticationToken ' +
  'MissingAuthenticationTokenException AuthFailure CredentialsProviderError ExpiredCredentials TokenProviderError';
const REGION =
  'PermanentRedirect TemporaryRedirect AuthorizationHeaderMalformed IllegalLocationConstraintException';
const CLOCK = 'RequestTimeTooSkewed RequestExpired RequestInTheFuture';
const DENIED =
  'AccessDenied AccessDeniedException AccessDeniedFault AllAccessDisabled AccountProblem NotAuthorized UnauthorizedOperation OptInRequired';
const MISSING =
  'NoSuchBucket QueueDoesNotExist NonExistentQueue ResourceNotFoundException EntityNotFoundException NotFoundException';
const BUSY =
  'Throttling ThrottlingException ThrottledException Throttled RequestThrottled RequestThrottledException TooManyRequestsException ' +
  'RequestLimitExceeded BandwidthLimitExceeded LimitExceededException ProvisionedThroughputExceededException SlowDown PriorRequestNotComplete ' +
  'ServiceUnavailable ServiceUnavailableException InternalError InternalFailure InternalServerException InternalServerError KMSInternalException ' +
  'DependencyTimeoutException RequestTimeout RequestTimeoutException OperationAborted ConditionalRequestConflict ModelNotReadyException ModelTimeoutException';
const CUT =
  'TimeoutError NetworkingError ECONNRESET ECONNREFUSED ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN ' +
  'ERR_STREAM_PREMATURE_CLOSE ERR_HTTP2_STREAM_ERROR ERR_HTTP2_STREAM_CANCEL ERR_HTTP2_SESSION_ERROR ERR_SOCKET_CONNECTION_TIMEOUT';

const CODE_OF_TYPE = new Map<string, ErrorCode>([
  ...rows(CREDENTIALS, 'CREDENTIALS_REFUSED'),
  ...rows(REGION, 'SERVICE_REGION'),
  ...rows(CLOCK, 'SERVICE_CLOCK'),
  ...rows(DENIED, 'SERVICE_DENIED'),
  ...rows(MISSING, 'SERVICE_MISSING'),
  ...rows(BUSY, 'SERVICE_BUSY'),
  ...rows(CUT, 'SERVICE_UNREACHABLE'),
]);

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  CREDENTIALS_REFUSED: 'the service does not accept the credentials of this process',
  SERVICE_REGION: 'the request went to another Region than the one that holds the resource',
  SERVICE_CLOCK: 'the service does not accept the time that this machine signed',
  SERVICE_DENIED: 'the service does not allow this call to these credentials',
  SERVICE_MISSING: 'a bucket, queue or other resource that the configuration names is not there',
  SERVICE_BUSY: 'the service is throttling or out of order',
  SERVICE_UNREACHABLE: 'the service cannot be reached, or the connection ended before the answer',
  SERVICE_FAILED: 'the service answered in a way that is not expected',
};

/** Error names of the SDK and of Node.js that may be shown; further ones are registered by the adapter that knows them. */
export function isKnownType(type: string): boolean {
  return CODE_OF_TYPE.has(type);
}

/** Status, name and number of attempts of anything the SDK threw; never its message. */
export function callFacts(service: string, error: unknown): CallFacts {
  const thrown = objectOf(error);
  const metadata = objectOf(thrown['$metadata']);
  const { httpStatusCode, attempts } = metadata;
  const named = namesOf(error).find(isKnownType) ?? null;
  return {
    service,
    status: typeof httpStatusCode === 'number' ? httpStatusCode : null,
    type: named,
    attempts: typeof attempts === 'number' ? attempts : 1,
  };
}

/** True when what the SDK threw carries one of these names: how an adapter recognises an answer that is no failure. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return namesOf(error).some((name) => names.includes(name));
}

/** The HTTP status of the answer behind what the SDK threw, or null when none came. */
export function statusOf(error: unknown): number | null {
  return callFacts('', error).status;
}

/**
 * The typed error of anything an AWS client threw. An error of ours that was thrown inside a call (a refused address)
 * passes as it is, also when the SDK wrapped it. Nothing of request, header, body or credential is in it, and no cause.
 */
export function awsError(service: string, error: unknown): StrongroomError {
  const own = ownError(error);
  if (own !== null) return own;
  if (namesOf(error).includes('AbortError')) return fail('ABORTED', 'the call was cancelled');
  const facts = callFacts(service, error);
  const code = codeOf(facts);
  const details: ErrorDetails = { ...facts, ...requestId(error) };
  return fail(code, MESSAGES[code] ?? 'the call failed', details);
}

/** Runs a call of an AWS client; throws {@link awsError} of what it throws. */
export async function awsCall<T>(service: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw awsError(service, error);
  }
}

/** By name where the name is known, else by status: a proxy or another server answers HTML or XML that no client can read. */
function codeOf({ type, status }: CallFacts): ErrorCode {
  const named = type === null ? undefined : CODE_OF_TYPE.get(type);
  if (named !== undefined) return named;
  if (status === null) return 'SERVICE_FAILED';
  if (status === 401) return 'CREDENTIALS_REFUSED';
  if (status === 403) return 'SERVICE_DENIED';
  if (status === 408 || status === 429 || status >= 500) return 'SERVICE_BUSY';
  if (status >= 300 && status < 400) return 'SERVICE_REGION';
  if (status === 404) return 'SERVICE_MISSING';
  return 'SERVICE_FAILED';
}

function* rows(names: string, code: ErrorCode): Generator<[string, ErrorCode]> {
  for (const name of names.split(' ')) yield [name, code];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The error and what it says caused it, at most four deep. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && at !== null && chain.length < 4;) {
    chain.push(at);
    at = objectOf(at)['cause'];
  }
  return chain;
}

function namesOf(error: unknown): string[] {
  return chainOf(error)
    .flatMap((link) => [objectOf(link)['name'], objectOf(link)['code'], objectOf(link)['Code']])
    .filter((name) => typeof name === 'string')
    .map((name) => name.slice(name.lastIndexOf('.') + 1));
}

function ownError(error: unknown): StrongroomError | null {
  return chainOf(error).find((link) => isStrongroomError(link)) ?? null;
}

/** The id under which the operator of the service finds the call, if it has the form of one and so can hold nothing else. */
function requestId(error: unknown): ErrorDetails {
  const id = objectOf(objectOf(error)['$metadata'])['requestId'];
  const isId =
    typeof id === 'string' &&
    /^(?:[0-9A-Z]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.test(id);
  return isId ? { requestId: id } : {};
}
