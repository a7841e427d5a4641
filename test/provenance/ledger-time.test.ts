// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LogAuthor } from '../support/log-author.ts';
import { LogWorld, MemoryTrust, type Writer } from '../support/log-world.ts';
import { codeRejectedBy, expectRejection } from '../support/tampering.ts';

const author = new LogAuthor();

/** A log with a document, and its writer. */
async function written(): Promise<[LogWorld, Writer]> {
  const [world, writer] = await LogWorld.founded(author);
  await writer.sequencer.commit([await author.ingest('a')]);
  return [world, writer];
}

describe('the time of the newest state', () => {
  it('INV-CLOCK-AHEAD: refuses a state signed more than ten minutes ahead of the reader', async () => {
    const [world, writer] = await written();
    const kept = await world.open();
    world.clock.seconds += 3600;
    await writer.sequencer.commit([await author.ingest('b')]);
    world.clock.seconds -= 3600;
    await expectRejection(kept.ledger.refresh(), 'CLOCK_AHEAD');
    await expectRejection(world.open(), 'CLOCK_AHEAD');
    expect(kept.ledger.lookup('doc', author.docId('b'))).toBeNull();
    world.clock.seconds += 3000;
    await kept.ledger.refresh();
  });

  it('INV-HEAD-AGE: refuses a state older than the trust file allows, at open and at refresh', async () => {
    const [world] = await written();
    const trust = new MemoryTrust({ ...world.trustFile(), maxAge: 60 });
    const { ledger } = await world.open({ trust });
    world.clock.seconds += 60;
    await ledger.refresh();
    world.clock.seconds += 1;
    await expectRejection(ledger.refresh(), 'HEAD_STALE');
    await expectRejection(world.open({ trust }), 'HEAD_STALE');
    expect(await codeRejectedBy(world.open())).toBeNull();
  });

  it('INV-HEAD-AGE: refuses a state older than a caller allows', async () => {
    const [world] = await written();
    const { ledger } = await world.open();
    world.clock.seconds += 61;
    ledger.requireFresh(61);
    ledger.requireFresh(null);
    expect(() => {
      ledger.requireFresh(60);
    }).toThrow(expect.objectContaining({ code: 'HEAD_STALE' }));
  });
});
