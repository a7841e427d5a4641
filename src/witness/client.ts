// SPDX-License-Identifier: Apache-2.0
// Asking witnesses, as C2SP tlog-witness has it.
import { fail, utf8 } from '../core/index.ts';
import type { Fetch } from '../network/index.ts';
import {
  type Hash,
  type NoteKey,
  parseNote,
  type TreeHead,
  verifyCosignatures,
} from '../provenance/index.ts';
import { type AddCheckpoint, encodeAddCheckpoint } from './wire.ts';

const TIMEOUT = 10_000;
/** Several signature lines at most. */
const MAX_ANSWER_BYTES = 16 * 1024;

/** What a witness answered. */
export type WitnessReply =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** The witness has cosigned this size and wants a proof from there. */
  | { readonly kind: 'other-size'; readonly size: number }
  | { readonly kind: 'refused'; readonly status: number };

/** Something that can be asked to cosign a checkpoint. */
export interface WitnessClient {
  /** Asks once. @throws {WITNESS_UNREACHABLE} */
  add(request: AddCheckpoint): Promise<WitnessReply>;
}

/** A witness at a URL. Plain HTTP is enough: whatever comes back is verified under the witness's key. */
export class HttpWitness implements WitnessClient {
  readonly #url: URL;
  readonly #fetch: Fetch;

  /**
   * @param within makes the call; default: the `fetch` of Node.js
   * @throws {CONFIG_INVALID} for anything but an http or https URL
   */
  constructor(url: string, within: Fetch = fetch) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw fail('CONFIG_INVALID', 'the address of a witness is no http or https URL');
    }
    this.#fetch = within;
    this.#url = new URL('add-checkpoint', parsed.href.endsWith('/') ? parsed : `${parsed.href}/`);
  }

  async add(request: AddCheckpoint): Promise<WitnessReply> {
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.#url.href, {
        method: 'POST',
        headers: {},
        body: encodeAddCheckpoint(request),
        signal: AbortSignal.timeout(TIMEOUT),
        redirect: 'error',
      });
      text = await limitedText(response);
    } catch (error) {
      throw fail('WITNESS_UNREACHABLE', 'a witness did not answer', {}, error);
    }
    if (response.status === 200) return { kind: 'lines', lines: linesOf(text) };
    const size = /^(0|[1-9][0-9]{0,15})\n?$/.exec(text)?.[1];
    if (response.status === 409 && size !== undefined) {
      return { kind: 'other-size', size: Number(size) };
    }
    return { kind: 'refused', status: response.status };
  }
}

/** A head to be cosigned and how to prove that it continues another. */
export interface Unwitnessed {
  readonly note: string;
  readonly head: TreeHead;
  /** The head before it, which the witnesses have probably seen. */
  readonly before: number;
  readonly consistency: (oldSize: number) => Promise<readonly Hash[]>;
}

/**
 * Asks a witness until it agrees on where to start from.
 * @returns its valid lines by trusted keys; none when it refuses
 * @throws {ROLLBACK} when it has cosigned a longer log than this one
 * @throws {WITNESS_UNREACHABLE}
 */
export async function askWitness(
  client: WitnessClient,
  { note, head, before, consistency }: Unwitnessed,
  trusted: readonly NoteKey[],
): Promise<readonly string[]> {
  let oldSize = before;
  for (let attempt = 0; attempt < 3; attempt++) {
    const proof = oldSize === 0 || oldSize === head.size ? [] : await consistency(oldSize);
    const reply = await client.add({ oldSize, proof, checkpoint: note });
    if (reply.kind === 'lines') {
      return reply.lines.filter((line) => isValid(note, line, trusted));
    }
    if (reply.kind === 'refused') return [];
    if (reply.size > head.size) {
      const details = { witnessed: reply.size, found: head.size };
      throw fail('ROLLBACK', 'a witness has cosigned a longer log than this one', details);
    }
    oldSize = reply.size;
  }
  return [];
}

function isValid(note: string, line: string, trusted: readonly NoteKey[]): boolean {
  try {
    const { text } = parseNote(utf8(note));
    return verifyCosignatures(parseNote(utf8(`${text}\n${line}`)), trusted).length === 1;
  } catch {
    return false;
  }
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${line}\n`);
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
  }
  return text;
}
