// SPDX-License-Identifier: Apache-2.0
import { fail, hex, holds, type Signer } from '../core/index.ts';
import {
  type LedgerAt,
  principalCommit,
  queryCommit,
  type Receipt,
  signStatement,
} from '../provenance/index.ts';
import { approximateTokens, type Assembly, assemble, type TokenCounter } from './assemble.ts';
import { atHead } from './at-head.ts';
import { buildReceipt } from './receipt-build.ts';
import type { Retriever } from './search.ts';
import type { ResolvedPassage, RetrievalOptions, SearchRequest } from './types.ts';

const DEFAULT_K = 24;
const DEFAULT_BUDGET = 2000;

/** A question whose answer is to be written by a model. */
export interface ContextRequest extends SearchRequest {
  /** Tokens that the context may have; default 2,000. */
  readonly budget?: number;
  readonly countTokens?: TokenCounter;
  /** Whether to make a receipt; needs the right `receipt`. */
  readonly receipt?: boolean;
  /** Log size of a head that the receipt's verifier is known to hold: the receipt then proves that it continues it. */
  readonly since?: number;
}

/** A cited context and, on demand, its receipt. */
export interface ContextResult extends Omit<Assembly, 'used'> {
  readonly receipt: Receipt | null;
}

/** What was decided in one step at one head. */
interface Decided {
  readonly at: LedgerAt;
  readonly assembly: Assembly;
  readonly policyEpoch: number;
  readonly dirEpoch: number;
}

/**
 * Assembles a context from passages that are proven, current and permitted at the head that its receipt names.
 * @throws {ACCESS_DENIED} when a receipt is asked for without the right to one
 * @throws {USAGE} when the budget is not a positive number; the errors of {@link Retriever.search}
 */
export async function makeContext(
  retriever: Retriever,
  options: RetrievalOptions,
  request: ContextRequest,
): Promise<ContextResult> {
  const { budget = DEFAULT_BUDGET } = request;
  // Not "at most 0": nothing is that, and NaN must not pass for no limit.
  if (!(budget > 0)) throw fail('USAGE', 'the budget of a context must be a positive number');
  const { passages } = await retriever.resolved({ ...request, k: request.k ?? DEFAULT_K });
  const decided = await atHead(options, () => decide(retriever, options, request, passages));
  const { used, ...assembly } = decided.assembly;
  retriever.audit('context', request, used.length);
  if (request.receipt !== true) return { ...assembly, receipt: null };
  const receipt = await receiptFor(retriever, options, request, decided);
  retriever.audit('receipt', request, used.length);
  return { ...assembly, receipt };
}

/** Head, decision and epochs are taken together, right before assembly: a receipt names exactly these. */
function decide(
  retriever: Retriever,
  options: RetrievalOptions,
  request: ContextRequest,
  passages: readonly ResolvedPassage[],
): Decided {
  const assembly = assemble(retriever.stillAllowed(request, passages), {
    fenceKey: options.stores.ring.lookupKey('fence'),
    query: request.query,
    callerId: request.caller.id,
    budget: request.budget ?? DEFAULT_BUDGET,
    countTokens: request.countTokens ?? approximateTokens,
  });
  if (request.receipt === true) checkReceiptRight(retriever, request, assembly.used);
  const { policyEpoch, directory } = options.access();
  return { at: options.ledger.at(), assembly, policyEpoch, dirEpoch: directory.epoch };
}

function checkReceiptRight(
  retriever: Retriever,
  request: ContextRequest,
  used: readonly ResolvedPassage[],
): void {
  const { principal, classes } = retriever.authoriser.authorise(request.caller, 'receipt');
  const allowed =
    principal.actions.has('receipt') && used.every(({ classNo }) => classes.includes(classNo));
  if (holds('INV-CONTEXT-RECEIPT', allowed)) return;
  retriever.auditDenial('receipt', request);
  throw fail('ACCESS_DENIED', 'the caller may not have receipts');
}

async function receiptFor(
  retriever: Retriever,
  options: RetrievalOptions,
  request: ContextRequest,
  { at, assembly: { used }, policyEpoch, dirEpoch }: Decided,
): Promise<Receipt> {
  const { ledger } = options;
  const signer = liveRetriever(options, at);
  const nonce = options.random.bytes(32);
  const attest = await signStatement(
    'context',
    {
      log: ledger.trust.log,
      time: Math.floor(options.clock.now() / 1000),
      head: { origin: at.head.origin, size: at.head.size, root: hex(at.head.root) },
      principalCommit: hex(principalCommit(nonce, request.caller.id)),
      queryCommit: hex(queryCommit(nonce, request.query)),
      identity: request.caller.identity,
      policyEpoch,
      dirEpoch,
      aclDigests: [...new Set(used.map(({ aclDigest }) => aclDigest))].sort(),
      passages: used.map(({ leafHash, passage }) => ({ leafHash, i: passage.chunk })),
    },
    signer,
  );
  return buildReceipt(retriever.documents, options, {
    at,
    passages: used,
    attest,
    signerId: signer.keyid,
    caller: { nonce: hex(nonce), principal: request.caller.id, query: request.query },
    since: request.since ?? null,
  });
}

/** A retriever key that is live at the head which the receipt names, and has not been revoked since. */
function liveRetriever({ ledger, stores }: RetrievalOptions, at: LedgerAt): Signer {
  const isLive = (keys: LedgerAt['state']['keys'], keyid: string): boolean =>
    keys.get(keyid)?.endIndex === null;
  const live = stores.ring
    .signers('retriever')
    .find(({ keyid }) => isLive(at.state.keys, keyid) && isLive(ledger.view.state.keys, keyid));
  if (live === undefined) throw fail('KEY_UNAVAILABLE', 'no live retriever key to attest with');
  return live;
}
