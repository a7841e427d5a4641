// SPDX-License-Identifier: Apache-2.0
import { fail, hex, type Signer } from '../core/index.ts';
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

/**
 * Assembles a context from passages that are proven, current and permitted at the head that its receipt names.
 * @throws {ACCESS_DENIED} when a receipt is asked for without the right to one
 */
export async function makeContext(
  retriever: Retriever,
  options: RetrievalOptions,
  request: ContextRequest,
): Promise<ContextResult> {
  const { passages } = await retriever.resolved({ ...request, k: request.k ?? DEFAULT_K });
  // Head and decision are taken in one step, right before assembly: the receipt names exactly that head.
  const { at, current } = await atHead(options, () => ({
    at: options.ledger.at(),
    current: retriever.stillAllowed(request, passages),
  }));
  const { used, ...assembly } = assemble(current, {
    fenceKey: options.stores.ring.lookupKey('fence'),
    query: request.query,
    callerId: request.caller.id,
    budget: request.budget ?? 2000,
    countTokens: request.countTokens ?? approximateTokens,
  });
  retriever.audit('context', request, used.length);
  if (request.receipt !== true) return { ...assembly, receipt: null };
  checkReceiptRight(retriever, request, used);
  const receipt = await receiptFor(retriever, { ...options, at }, request, used);
  retriever.audit('receipt', request, used.length);
  return { ...assembly, receipt };
}

function checkReceiptRight(
  retriever: Retriever,
  request: ContextRequest,
  used: readonly ResolvedPassage[],
): void {
  const { principal, classes } = retriever.authoriser.authorise(request.caller, 'receipt');
  const allowed =
    principal.actions.has('receipt') && used.every(({ classNo }) => classes.includes(classNo));
  if (allowed) return;
  retriever.auditDenial('receipt', request);
  throw fail('ACCESS_DENIED', 'the caller may not have receipts');
}

async function receiptFor(
  retriever: Retriever,
  options: RetrievalOptions & { readonly at: LedgerAt },
  request: ContextRequest,
  used: readonly ResolvedPassage[],
): Promise<Receipt> {
  const { at, ledger } = options;
  const signer = liveRetriever(options);
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
      policyEpoch: options.access().policyEpoch,
      dirEpoch: options.access().directory.epoch,
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

function liveRetriever(options: RetrievalOptions): Signer {
  const { keys } = options.ledger.view.state;
  const live = options.stores.ring
    .signers('retriever')
    .find((signer) => isLive(keys.get(signer.keyid)));
  if (live === undefined) throw fail('KEY_UNAVAILABLE', 'no live retriever key to attest with');
  return live;
}

function isLive(key: { readonly endIndex: number | null } | undefined): boolean {
  return key !== undefined && key.endIndex === null;
}
