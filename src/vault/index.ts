// SPDX-License-Identifier: Apache-2.0
// The public face of vault: the embedded home, put together.
export { signedPolicy } from './access-state.ts';
export * from './config.ts';
export type { OpenOptions, VaultContext } from './context.ts';
export { createVault, type CreateOptions } from './create.ts';
export type * from './describe.ts';
export { boundariesPath } from './home-boundary.ts';
export { type HomeConfig, parseHome } from './home-config.ts';
export type { SearchAccess } from './home-index.ts';
export type { AwsAccess } from './home-parts.ts';
export { endorseDocuments, type EndorsementReport } from './endorse.ts';
export type { VaultIngestOptions, VaultIngestReport } from './ingest.ts';
export type { FsckOptions, FsckReport, Problem } from './fsck.ts';
export * from './key-admin.ts';
export * from './log-export.ts';
export { type LogKeyRotation, planLogKey, rotateLogKey } from './log-key.ts';
export { DEFAULT_NAMESPACE, type NamedDocument } from './names.ts';
export type { PermissionReport } from './permissions.ts';
export * from './policy-admin.ts';
export type { ErasureReport } from './removal.ts';
export { planRecovery, type RecoveryPlan, recoverVault } from './recover.ts';
export { Session, type SessionOptions } from './session.ts';
export {
  type TierReport,
  tierReport,
  type UpgradeOptions,
  type UpgradeReport,
  upgradeVault,
} from './upgrade.ts';
export { parseSettings, type ServiceSettings } from './service-config.ts';
export * from './vault.ts';
export type { Failure, VerificationReport } from './verify-all.ts';
export { compareHead, cosignHead, type HeadComparison } from './witnessing.ts';
export { runWorker, type WorkerOptions, type WorkerReport } from './worker.ts';
