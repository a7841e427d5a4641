// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Journal } from '../ingest/index.ts';
import type { VaultContext } from './context.ts';

/** Opens the ingestion journal of a vault. */
export function openJournal(context: VaultContext): Journal {
  return new Journal(journalPath(context), context.ring.lookupKey('source'));
}

/** {@link openJournal} without making one: a vault into which nothing was ingested has an empty journal. */
export function openJournalToRead(context: VaultContext): Journal {
  return existsSync(journalPath(context))
    ? openJournal(context)
    : new Journal(':memory:', context.ring.lookupKey('source'));
}

function journalPath({ vault }: VaultContext): string {
  return path.join(vault, 'journal.sqlite');
}
