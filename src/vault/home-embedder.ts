// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from '../embed/index.ts';
import type { AwsAccess } from './home-parts.ts';
import type { EmbedderConfig } from './service-config.ts';

/**
 * The embedder that a configuration names, over a model in the cloud. The SDK is loaded here.
 * @throws {MODEL_REFUSED} for a model that is not allowed; {@link USAGE} for dimensions or paths that are none
 */
export async function cloudEmbedder(
  config: EmbedderConfig,
  models: readonly string[] | undefined,
  aws: AwsAccess = {},
): Promise<Embedder> {
  const { bedrockEmbedder, sageMakerEmbedder } = await import('../aws/index.ts');
  if ('bedrock' in config) {
    const { region, endpoint, ...model } = config.bedrock;
    return bedrockEmbedder({ ...model, models, connection: { ...aws, region, endpoint } });
  }
  const { arn, endpoint, ...model } = config.sagemaker;
  return sageMakerEmbedder({ ...model, models, endpoint: arn, connection: { ...aws, endpoint } });
}
