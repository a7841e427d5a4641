// SPDX-License-Identifier: Apache-2.0
// Ports of what workers take their work from.
import type { DocumentSource } from './source.ts';

/** A message of a queue, hidden from others for a while. */
export interface QueueMessage {
  /** Names this receipt of it; holds nothing of its content. */
  readonly handle: string;
  readonly body: string;
  /** How often it has been received, this time included. */
  readonly receives: number;
}

/**
 * A queue that hands a message to one worker at a time and shows it again when nobody removes it: at least once, in no
 * order. Calls of a handle that has run out change nothing and do not fail.
 */
export interface Queue {
  /** Up to `most` messages, at once or after a few seconds without any. */
  receive(most: number): Promise<readonly QueueMessage[]>;
  /** Hides messages for so many seconds from now; 0 shows them to others at once. */
  hide(messages: readonly QueueMessage[], seconds: number): Promise<void>;
  /** Removes messages for good. */
  remove(messages: readonly QueueMessage[]): Promise<void>;
}

/** Where messages go that nobody could work off. Durable on return. */
export interface DeadLetters {
  /** @param reason an error code: what may stand beside a message where anybody may look */
  put(message: QueueMessage, reason: string): Promise<void>;
}

/** What a message says of one document of the source. */
export interface Change {
  readonly uri: string;
  readonly kind: 'created' | 'removed' | 'look';
  /** Position among the changes of the document, decimal; null when the message does not tell. */
  readonly seq: string | null;
  /** The revision that was made, or null. */
  readonly revision: string | null;
}

/** A document as it is in the source at this moment. */
export interface Present {
  readonly revision: string;
  readonly bytes: number;
}

/** A source that announces changes by messages. */
export interface WatchedSource extends Omit<DocumentSource, 'discover'> {
  /**
   * What a message says; nothing for one that only greets.
   * @throws {MESSAGE_INVALID} when it says nothing that can be understood
   */
  changesIn(body: string): readonly Change[];
  /** What is there now, or null: strongly consistent, no older than anything that was read before. */
  look(uri: string): Promise<Present | null>;
}
