// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from '../embed/index.ts';
import type { Centroids } from '../index/index.ts';
import type { OpenOptions } from './context.ts';

/** How to open a session. */
export interface SessionOptions extends OpenOptions {
  /** Must be the one that the vault was made for. Default: the built-in one that it was made for. */
  readonly embedder?: Embedder;
  /**
   * Lists for callers of very many passages, who then get most of the best vectors instead of all; see {@link Centroids}
   * for what they may be trained on. Default: every vector is compared.
   */
  readonly centroids?: Centroids;
}
