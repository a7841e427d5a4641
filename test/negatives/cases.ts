// SPDX-License-Identifier: Apache-2.0
// Receipts that are each wrong in exactly one way, made from a valid one. What a log with dishonest keys would show is
// made by such a log, so that nothing but the named fault is wrong.
import { jcsBytes } from '../../src/core/index.ts';
import type { Receipt } from '../../src/provenance/receipt.ts';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld } from '../support/log-world.ts';
import { ReceiptAuthor } from '../support/receipt-author.ts';

/** One receipt that must be refused, with the reason that must be given. */
export interface NegativeCase {
  /** Name of its file, without the ending. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Id of the check that refuses it; null for what is refused for its form, or for something that is not there. */
  readonly check: string | null;
  /** Begins the reason. */
  readonly reason: string;
}

/** The valid receipt, what verifies it, and every receipt made from it. */
export interface Negatives {
  readonly golden: Uint8Array;
  readonly trust: Uint8Array;
  readonly cases: readonly NegativeCase[];
}

/** The log that the valid receipt is of: it once went back; a document by a key of the root, one by a key that a second root key delegated. */
export class NegativeLog {
  readonly author = new LogAuthor('negatives');
  readonly receipts: ReceiptAuthor;
  readonly receipt: Receipt;
  readonly trust: Uint8Array;
  readonly cases: NegativeCase[] = [];

  private constructor(author: LogAuthor, receipts: ReceiptAuthor, receipt: Receipt) {
    this.author = author;
    this.receipts = receipts;
    this.receipt = receipt;
    this.trust = jcsBytes(new LogWorld(author).trustFile(receipts.head(FIRST_SIZE)));
  }

  static async founded(): Promise<NegativeLog> {
    const author = new LogAuthor('negatives');
    const receipts = await NegativeLog.world(author);
    const shown = [['a', 0] as const, ['b', 2] as const];
    return new NegativeLog(author, receipts, await receipts.receipt({ shown, since: FIRST_SIZE }));
  }

  /** A log by the same keys with the same documents, for a dishonest story to go on from. */
  static async world(author: LogAuthor): Promise<ReceiptAuthor> {
    const receipts = await ReceiptAuthor.founded(author);
    const { replica } = receipts;
    const given = { size: FIRST_SIZE + 8, root: new Uint8Array(32).fill(5) };
    replica.accept(await author.recovery(given, receipts.head()));
    replica.accept(await author.delegate('second root', 'root'));
    const scope = { namespaces: ['files', 'mail'] };
    replica.accept(await author.delegate('second ingest', 'ingest', scope, 'second root'));
    const fields = { validUntil: author.time + 1000 };
    await receipts.publish('b', { by: 'second ingest', fields });
    await replica.seal();
    return receipts;
  }

  world(): Promise<ReceiptAuthor> {
    return NegativeLog.world(this.author);
  }

  /** Adds a case of bytes. */
  bytes(name: string, bytes: Uint8Array, check: string | null, reason: string): void {
    this.cases.push({ name, bytes, check, reason });
  }

  /** Adds a case of a receipt. */
  whole(name: string, receipt: unknown, check: string | null, reason: string): void {
    this.bytes(name, jcsBytes(receipt), check, reason);
  }

  /** Adds a case of the valid receipt with a change. */
  edit(name: string, check: string | null, reason: string, edit: (copy: Receipt) => void): void {
    const copy = structuredClone(this.receipt);
    edit(copy);
    this.whole(name, copy, check, reason);
  }
}

/** Entries of the log when the verifier last saw it. */
export const FIRST_SIZE = 11;
