// SPDX-License-Identifier: Apache-2.0
/**
 * Strongroom: retrieval in which every passage is proven. Found a vault with `createVault`, open it with `openVault`.
 * The rooms behind it are importable as `strongroom/provenance`, `strongroom/access` and so on.
 *
 * @packageDocumentation
 */
export { type AccessFile, parseAccessFile } from './access/index.ts';
export {
  type Alarm,
  type AlarmSink,
  type Clock,
  ERROR_CODES,
  type ErrorCode,
  isStrongroomError,
  type Random,
  StrongroomError,
} from './core/index.ts';
export {
  type Embedder,
  endpointEmbedder,
  type EndpointOptions,
  hashEmbedder,
  minilmEmbedder,
  mixedEmbedder,
  onnxEmbedder,
  type OnnxOptions,
  staticEmbedder,
  type Tier,
  tierEmbedder,
} from './embed/index.ts';
export { type Centroids, centroidsOf, trainCentroids } from './index/index.ts';
export type {
  CustomLoader,
  IngestOptions,
  IngestProgress,
  IngestReport,
  LoadedDocument,
} from './ingest/index.ts';
export {
  encodeReceipt,
  parseReceipt,
  parseTrust,
  type Receipt,
  type ReceiptVerdict,
  type Trust,
  trustFingerprint,
  verifyReceipt,
} from './provenance/index.ts';
export type {
  Caller,
  Citation,
  ContextRequest,
  ContextResult,
  Passage,
  Reranker,
  RetrievalStats,
  SearchFilter,
  SearchRequest,
  SearchResult,
  StatsSink,
} from './retrieve/index.ts';
export {
  createVault,
  type CreateOptions,
  type DocumentDescription,
  type ErasureReport,
  openVault,
  type PermissionReport,
  readAccessFile,
  type SessionOptions,
  type UpgradeOptions,
  type UpgradeReport,
  Vault,
  type VaultIngestOptions,
  type VaultIngestReport,
  type VerificationReport,
} from './vault/index.ts';
