// SPDX-License-Identifier: Apache-2.0
// ONNX models through onnxruntime-node, which users install themselves: it is large, and most vaults do without it.
import type * as ort from 'onnxruntime-node';
import { fail, isStrongroomError } from '../core/index.ts';

/** One output of a run: its sizes and its numbers, row-major. */
export interface OnnxOutput {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A model that is ready to run. */
export interface OnnxModel {
  /** The outputs in the model's order. */
  readonly outputs: readonly string[];
  /**
   * Runs one text through the model.
   * @throws {EMBEDDER_FAILED} when the runtime fails, or an output is no float32 tensor
   */
  run(tokens: readonly number[], output: string): Promise<OnnxOutput>;
}

/** Threads of one run: more than two gain little on single passages. */
const THREADS = 2;

type Runtime = typeof ort;
type Session = ort.InferenceSession;

/** What runs models, as signed pipelines name it: vectors of two runtimes are alike, not equal. */
export const ONNX_RUNTIME = `onnxruntime-node/${process.platform}-${process.arch}`;

/** Whether the runtime is installed. */
export async function hasOnnxRuntime(): Promise<boolean> {
  try {
    await importRuntime();
    return true;
  } catch (error) {
    if (isStrongroomError(error, 'RUNTIME_MISSING')) return false;
    throw error;
  }
}

/**
 * Loads a model from its bytes.
 * @throws {RUNTIME_MISSING} when onnxruntime-node is not installed; {MODEL_INVALID} when it cannot load the model, or
 *   when the model takes other inputs than a sentence model does
 */
export async function loadOnnx(bytes: Uint8Array): Promise<OnnxModel> {
  const { InferenceSession, Tensor } = await importRuntime();
  let session: Session;
  try {
    session = await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: THREADS,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw fail('MODEL_INVALID', 'the runtime cannot load an embedding model', {}, error);
  }
  const known = ['input_ids', 'attention_mask', 'token_type_ids'];
  if (!session.inputNames.every((name) => known.includes(name))) {
    throw fail('MODEL_INVALID', 'an embedding model takes inputs that no sentence model has');
  }
  return {
    outputs: session.outputNames,
    async run(tokens, output) {
      const shape = [1, tokens.length];
      const values = {
        input_ids: BigInt64Array.from(tokens, BigInt),
        attention_mask: BigInt64Array.from(tokens, () => 1n),
        token_type_ids: new BigInt64Array(tokens.length),
      };
      const feeds = Object.entries(values)
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, data]) => [name, new Tensor('int64', data, shape)] as const);
      try {
        const { [output]: found } = await session.run(Object.fromEntries(feeds), [output]);
        if (found?.data instanceof Float32Array) return { dims: found.dims, data: found.data };
      } catch (error) {
        throw fail('EMBEDDER_FAILED', 'the runtime failed to run an embedding model', {}, error);
      }
      throw fail('EMBEDDER_FAILED', 'an embedding model gave no numbers of 32 bits');
    },
  };
}

async function importRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw fail('RUNTIME_MISSING', 'onnxruntime-node is not installed or not for here', {}, error);
  }
}
