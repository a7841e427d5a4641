// SPDX-License-Identifier: Apache-2.0
import { type Hex, placeWords } from '../core/index.ts';

/** What vectors are comparable with, and what made them. The parts of it that are signed are in genesis and ingest. */
export interface EmbedderIdentity {
  /** Vectors of one space compare, whichever of its models made them. A vault has one space for ever. */
  readonly space: string;
  readonly model: {
    readonly id: string;
    /** SHA-256 of the model's weights or, without weights, of its parameters: another behaviour is another digest. */
    readonly sha256: Hex;
  };
  /** Components of every vector. */
  readonly dims: number;
  /** How vectors are stored: a scale and one signed byte for each component. */
  readonly dtype: 'i8';
}

/** How to run one call. */
export interface EmbedOptions {
  /** Ends the call with ABORTED; finished work is discarded. */
  readonly signal?: AbortSignal;
}

/**
 * Turns texts into vectors. Texts are untrusted: no text may crash an embedder, take time out of proportion to its
 * length, or be read as an instruction to it.
 *
 * - **Result**: one vector of `identity.dims` finite components for each text, in order; never the zero vector, also for
 *   an empty text. Any length: storing normalises.
 * - **Determinism**: the same text gives the same vector, bit for bit, for one model on one runtime, whatever stands
 *   beside it in the batch. An adapter of a remote model states where it falls short; stored vectors are signed, so
 *   nothing depends on computing them again.
 * - **Batching**: callers hand over as many texts as they have; the embedder cuts them to what its model likes.
 * - **Concurrency**: calls may overlap. An embedder limits by itself what it runs at once, and a local one yields to
 *   the event loop at least every 50 ms.
 */
export interface Embedder {
  readonly identity: EmbedderIdentity;
  /** What runs the model of passages, where that changes low bits; part of the signed pipeline. At most 64 characters. */
  readonly runtime?: string;
  /** Id of the model that embeds questions now, where it is not that of passages: fusion with words is weighted by it. */
  readonly questionsBy?: () => string;
  /**
   * Vectors of passages.
   * @throws {ABORTED} when the signal fires
   */
  embedDocuments(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
  /**
   * Vector of a question. Models that tell questions from passages do so here.
   * @throws {ABORTED} when the signal fires
   */
  embedQuery(text: string, options?: EmbedOptions): Promise<Float32Array>;
}

/** Name and version of what {@link passageText} makes: other text is another vector. */
export const PASSAGE_TEXT = 'passage@2';

/** What stands above a passage. */
export interface PassagePlace {
  /** The document's name as given at ingest. */
  readonly sourceUri: string;
  readonly title: string | null;
  /** Headings above the passage, outermost first. */
  readonly headings: readonly string[];
}

/**
 * The text of a passage as embedders get it: folders, title and headings stand before the body, which by itself often
 * does not say what it speaks of. Each of these once: formats give the title again as the first heading.
 */
export function passageText({ sourceUri, title, headings }: PassagePlace, body: string): string {
  const above = new Set([placeWords(sourceUri), title ?? '', ...headings]);
  return [...above, body].filter((line) => line !== '').join('\n');
}
