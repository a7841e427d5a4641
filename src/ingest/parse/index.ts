// SPDX-License-Identifier: Apache-2.0
// Sources into documents: decoding, normalisation, loaders.
export { type ByteIndex, utf8Index } from './byte-index.ts';
export { type CustomLoader, type LoadedBlock, type LoadedDocument, loadersWith } from './custom.ts';
export { decodeSource, type SourceText } from './decode.ts';
export {
  type Block,
  type BlockKind,
  type ByteRange,
  type Loader,
  MAX_SOURCE_BYTES,
  type ParsedDocument,
  type ParseOptions,
  type Source,
} from './document.ts';
export { loaderFor, LOADERS } from './loaders.ts';
export { normalise, type NormalisedText, plainLine } from './normalise.ts';
