// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AuditEvent } from '../../src/core/index.ts';
import { SqliteAuditTrail } from '../../src/store/index.ts';
import { FixedClock, TEST_TIME } from '../support/fixed-clock.ts';
import { expectRefusal } from '../support/tampering.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const event = (name: string): AuditEvent => ({
  event: name,
  outcome: 'ok',
  actor: 'tag',
  identity: 'token',
  details: { passages: 3 },
});

const newFile = (): string => path.join(temporaryFolder(), 'audit', 'trail.sqlite');

function open(file: string): SqliteAuditTrail {
  const trail = new SqliteAuditTrail(file, new FixedClock());
  onTestFinished(() => {
    trail.close();
  });
  return trail;
}

/** A trail of ten events, closed. */
function tenEvents(): string {
  const file = newFile();
  const trail = new SqliteAuditTrail(file, new FixedClock());
  for (let i = 0; i < 10; i++) trail.record(event(`event ${i}`));
  trail.close();
  return file;
}

function meddle(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

describe('an audit trail', () => {
  it('keeps events in order, with time and place, for the next process', () => {
    const trail = open(tenEvents());
    expect(trail.events()).toHaveLength(10);
    expect(trail.events(8)).toMatchObject([
      { ...event('event 8'), seq: 8, time: TEST_TIME * 1000 },
      { ...event('event 9'), seq: 9 },
    ]);
    expect(trail.firstBreak()).toBeNull();
  });

  it('writes searches at the end of the turn together, in their place before everything else', async () => {
    const file = newFile();
    const [trail, reader] = [open(file), open(file)];
    const names = (): string[] => reader.events().map((each) => each.event);
    trail.record(event('search'));
    trail.record(event('context'));
    expect(names()).toEqual([]);
    trail.record(event('erase'));
    expect(names()).toEqual(['search', 'context', 'erase']);
    trail.record({ ...event('search'), outcome: 'denied' });
    expect(names()).toHaveLength(4);
    trail.record(event('search'));
    await setImmediate();
    expect(names()).toHaveLength(5);
    for (let i = 0; i < 64; i++) trail.record(event('search'));
    expect(names()).toHaveLength(69);
    trail.record(event('search'));
    expect(trail.head().size).toBe(70);
    trail.record(event('search'));
    expect(trail.events()).toHaveLength(71);
    trail.record(event('search'));
    expect(trail.firstBreak()).toBeNull();
    expect(names()).toHaveLength(72);
  });

  it('is one chain when two processes write to it', () => {
    const file = newFile();
    const trails = [open(file), open(file)];
    for (let i = 0; i < 20; i++) trails[i % 2]?.record(event(`event ${i}`));
    expect(trails[0]?.firstBreak()).toBeNull();
    expect(trails[0]?.events().map((each) => each.event)).toEqual(
      Array.from({ length: 20 }, (_, i) => `event ${i}`),
    );
  });

  it.each([
    ['an edited event', `UPDATE event SET line = replace(line, 'event 4', 'event X')`, 4],
    ['an edited hash', `UPDATE event SET hash = '${'0'.repeat(64)}' WHERE seq = 4`, 4],
    ['an event that is no JSON', `UPDATE event SET line = '{' WHERE seq = 4`, 4],
    ['a removed event', 'DELETE FROM event WHERE seq = 4', 4],
    ['a removed beginning', 'DELETE FROM event WHERE seq < 4', 0],
    [
      'two events that changed places',
      'UPDATE event SET seq = 100 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 5;' +
        'UPDATE event SET seq = 5 WHERE seq = 100',
      4,
    ],
    ['an added event', `INSERT INTO event SELECT 10, line, hash FROM event WHERE seq = 4`, 10],
  ])('shows where it was broken: %s', (_, sql, place) => {
    const file = tenEvents();
    meddle(file, sql);
    expect(open(file).firstBreak()).toBe(place);
  });

  it('shows by a head that was kept that its end is missing', () => {
    const file = tenEvents();
    const head = open(file).head();
    expect(head.size).toBe(10);
    expect(open(file).firstBreak(head)).toBeNull();
    open(file).record(event('later'));
    expect(open(file).firstBreak(head)).toBeNull();
    meddle(file, 'DELETE FROM event WHERE seq >= 8');
    expect(open(file).firstBreak()).toBeNull();
    expect(open(file).firstBreak(head)).toBe(8);
  });

  it('shows by a head that was kept that it was written again', () => {
    const head = open(tenEvents()).head();
    const other = newFile();
    const trail = open(other);
    for (let i = 0; i < 12; i++) trail.record(event(`other ${i}`));
    expect(trail.firstBreak()).toBeNull();
    expect(trail.firstBreak(head)).toBe(9);
  });
});

describe('an audit trail that cannot be written', () => {
  /** Another process's transaction, which lets nobody write. */
  function block(file: string): () => void {
    const db = new DatabaseSync(file);
    db.exec('BEGIN IMMEDIATE');
    return () => {
      db.close();
    };
  }

  it('lets a query go on and writes later, in order and with the true times', () => {
    const file = newFile();
    const clock = new FixedClock();
    const trail = new SqliteAuditTrail(file, clock, { patience: 0 });
    trail.record(event('before'));
    const release = block(file);
    clock.seconds += 60;
    trail.record(event('meanwhile'));
    expect(trail.events()).toHaveLength(1);
    release();
    clock.seconds += 60;
    trail.record(event('after'));
    trail.close();
    const start = TEST_TIME * 1000;
    expect(
      open(file)
        .events()
        .map(({ event: name, time }) => [name, time - start]),
    ).toEqual([
      ['before', 0],
      ['meanwhile', 60_000],
      ['after', 120_000],
    ]);
    expect(open(file).firstBreak()).toBeNull();
  });

  it('writes at the latest when it is closed, and says when it cannot', () => {
    const file = newFile();
    const trail = new SqliteAuditTrail(file, new FixedClock(), { patience: 0 });
    const other = new SqliteAuditTrail(file, new FixedClock(), { patience: 0 });
    const release = block(file);
    trail.record(event('first'));
    other.record(event('lost'));
    expectRefusal(() => {
      other.close();
    }, 'VAULT_LOCKED');
    release();
    trail.close();
    expect(open(file).events()).toMatchObject([{ event: 'first' }]);
  });

  it('lets nothing go on unrecorded after a thousand events', () => {
    const file = newFile();
    const trail = new SqliteAuditTrail(file, new FixedClock(), { patience: 0 });
    const release = block(file);
    for (let i = 0; i < 1000; i++) trail.record(event(`event ${i}`));
    expectRefusal(() => {
      trail.record(event('one too many'));
    }, 'VAULT_LOCKED');
    release();
    trail.close();
    expect(open(file).events()).toHaveLength(1000);
  });
});
