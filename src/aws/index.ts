// SPDX-License-Identifier: Apache-2.0
// The public face of aws: adapters of Amazon's services. Loading it loads the SDK, so that `vault` does it only on demand.
export * from './aws-error.ts';
export * from './connection.ts';
export * from './iam/index.ts';
export type * from './kms-key-cache.ts';
export * from './kms-grants.ts';
export * from './kms-key-ring.ts';
export type * from './kms-ring-options.ts';
export * from './kms-ring-state.ts';
export * from './kms-service.ts';
export * from './kms-signer.ts';
export type * from './s3-place.ts';
export * from './s3-store.ts';
export * from './s3-key-table.ts';
export * from './s3-lock-store.ts';
export * from './bedrock-embedder.ts';
export * from './bedrock-models.ts';
export * from './call-limiter.ts';
export * from './json-path.ts';
export * from './model-embedder.ts';
export * from './sagemaker-embedder.ts';
export { jobFor } from './s3-events.ts';
export * from './s3-source.ts';
export { isS3Uri, s3Uri, uriOfS3 } from './s3-uri.ts';
export * from './sqs-queue.ts';
export * from './lake-formation.ts';
export * from './bucket-settings.ts';
