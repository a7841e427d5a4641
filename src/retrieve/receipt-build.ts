// SPDX-License-Identifier: Apache-2.0
// Building a receipt: every proof that an outsider needs, from the log and the state map at one head.
import { base64, fail, type Hex, hex } from '../core/index.ts';
import {
  inclusionProof,
  type KeyValue,
  type LedgerAt,
  type LoggedEntry,
  parseEnvelope,
  type Receipt,
  type ReceiptPassage,
  type ReceiptStateProof,
  type StateKind,
  stateKey,
  trieProve,
} from '../provenance/index.ts';
import type { ProvenDocuments } from './proven-documents.ts';
import type { ResolvedPassage, RetrievalOptions } from './types.ts';

/** What a receipt is to say. */
export interface ReceiptContent {
  /** The head at which the passages were found current and permitted. */
  readonly at: LedgerAt;
  readonly passages: readonly ResolvedPassage[];
  /** Signed attestation envelope. */
  readonly attest: Uint8Array;
  /** keyid of the retriever key that signed it. */
  readonly signerId: Hex;
  readonly caller: Receipt['caller'];
  readonly since: number | null;
}

/** Builds a receipt at the head that `content` names. */
export async function buildReceipt(
  documents: ProvenDocuments,
  options: RetrievalOptions,
  content: ReceiptContent,
): Promise<Receipt> {
  const build = { ...options, at: content.at };
  const { head } = content.at;
  const passages: ReceiptPassage[] = [];
  const signers = new Set<Hex>([content.signerId]);
  for (const passage of content.passages) {
    const built = await buildPassage(documents, build, passage);
    passages.push(built);
    signers.add(signerOf(built.statement));
  }
  const state = await loggedEntry(build, head.size - 1);
  signers.add(signerOf(state.entry));
  return {
    v: 'sr/receipt/v1',
    origin: head.origin,
    head: head.note,
    state,
    passages,
    keys: await buildKeys(build, signers),
    consistency: await consistency(build, content.since),
    recoveries: await recoveries(build),
    genesis: await loggedEntry(build, 0),
    attest: base64(content.attest),
    caller: content.caller,
  };
}

interface Build extends RetrievalOptions {
  readonly at: LedgerAt;
}

async function buildPassage(
  documents: ProvenDocuments,
  build: Build,
  { passage }: ResolvedPassage,
): Promise<ReceiptPassage> {
  const doc = build.at.lookup('doc', passage.docId);
  if (doc === null) throw fail('INTERNAL', 'a passage of an unknown document');
  const document = await documents.open(doc);
  const leaf = document.leaf(passage.chunk);
  const { n, start, end, meta } = leaf;
  const logged = await loggedEntry(build, doc.entry);
  return {
    statement: logged.entry,
    index: logged.index,
    proof: logged.proof,
    stateProof: stateProof(build, 'doc', doc.docId),
    chunk: {
      i: leaf.i,
      leafFields: {
        n,
        start,
        end,
        textCommit: hex(leaf.textCommit),
        vecCommit: hex(leaf.vecCommit),
        meta,
      },
      openT: hex(document.textOpening(leaf.i)),
      proof: inclusionProof(document.leafHashes, leaf.i).map(hex),
      text: passage.text,
    },
  };
}

/** Delegation and leaf of every signer, and of the root keys that delegated them. */
async function buildKeys(build: Build, wanted: ReadonlySet<Hex>): Promise<Receipt['keys']> {
  const { state } = build.at;
  const built: Receipt['keys'] = [];
  const open = [...wanted].sort();
  const seen = new Set<Hex>();
  for (let keyid = open.shift(); keyid !== undefined; keyid = open.shift()) {
    const key = state.keys.get(keyid);
    if (key === undefined || seen.has(keyid) || isFirstRoot(build, key)) continue;
    seen.add(keyid);
    const delegate = await loggedEntry(build, key.firstIndex - 1);
    built.push({ keyid, delegate, stateProof: stateProof(build, 'key', keyid) });
    open.push(signerOf(delegate.entry));
  }
  return built;
}

function isFirstRoot(build: Build, key: KeyValue): boolean {
  return key.keyid === build.at.state.vault?.rootKeyid;
}

async function loggedEntry(build: Build, index: number): Promise<LoggedEntry> {
  const { reader } = build.ledger;
  const { head } = build.at;
  const entry = await reader.provenEntry(index, head);
  const proof = await reader.inclusionProof(index, head.size);
  return { entry: base64(entry), index, proof: proof.map(hex) };
}

function stateProof(build: Build, kind: StateKind, name: string): ReceiptStateProof {
  const key = stateKey(build.stores.ring.lookupKey('id'), kind, name);
  const proof = trieProve(build.at.state.trie, key);
  const value = build.at.lookup(kind, name);
  if (proof === null || value === null) throw fail('INTERNAL', 'a leaf that is proven must exist');
  return { ...proof, value, path: proof.path.map(([bit, sibling]) => [bit, sibling]) };
}

async function consistency(build: Build, since: number | null): Promise<Receipt['consistency']> {
  const { reader } = build.ledger;
  const { head } = build.at;
  if (since === null || !Number.isSafeInteger(since)) return null;
  if (since < 1 || since > head.size) return null;
  const proof = await reader.consistencyProof(since, head.size);
  return { size: since, proof: proof.map(hex) };
}

/** The newest recovery that went back, and the newest that changed the log key: an outsider is to see both. */
async function recoveries(build: Build): Promise<LoggedEntry[]> {
  const found = (['back', 'log-key'] as const).map((what) => build.at.lookup('recovery', what));
  const entries = new Set(found.flatMap((recovery) => recovery?.entry ?? []));
  const shown = [...entries].sort((a, b) => a - b);
  return Promise.all(shown.map((index) => loggedEntry(build, index)));
}

function signerOf(entry: string): Hex {
  return parseEnvelope(new Uint8Array(Buffer.from(entry, 'base64')))?.keyid ?? '';
}
