// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import {
  type AccessFile,
  AccessResolver,
  type Action,
  ClassTable,
  Directory,
  initialPolicy,
} from '../../src/access/index.ts';
import { type AccessView, Authoriser, actorTag, type Caller } from '../../src/retrieve/index.ts';
import { FixedClock, TEST_TIME } from '../support/fixed-clock.ts';
import { expectRefusal } from '../support/tampering.ts';
import { accessOf, caller } from '../support/vault-world.ts';

const NO_GRANTS = { sidecar: null, frontMatter: null };

/** Classes of `paths`, numbered in this order, under an access file; parts of the view can be replaced by a test. */
class World {
  readonly clock = new FixedClock();
  view: AccessView;
  readonly authoriser: Authoriser;

  constructor(content: object, paths: readonly string[]) {
    const file = accessOf({ v: 1, default: 'refuse', owner: 'ada', ...content });
    this.view = viewOf(file, paths);
    this.authoriser = new Authoriser(() => this.view, this.clock);
  }

  classes(who: string | Caller, action: Action = 'read'): readonly number[] {
    const asking = typeof who === 'string' ? caller(who) : who;
    return this.authoriser.authorise(asking, action).classes;
  }
}

function viewOf(file: AccessFile, paths: readonly string[]): AccessView {
  const resolver = new AccessResolver(file);
  const classes = new ClassTable();
  paths.forEach((path, classNo) => {
    const access = resolver.resolve(path, NO_GRANTS);
    if (access !== null) classes.set(classNo, access.record);
  });
  const directory = Directory.parse(1, file.directory);
  const policy = initialPolicy('refuse');
  return { directory, classes, policy, policyEpoch: 1, classVersion: 1 };
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

describe('the classes that a caller may use', () => {
  it('are those that name him, one of his groups at any depth, or everybody', () => {
    const world = new World(
      {
        people: { ada: {}, ben: {}, chloe: {} },
        groups: { team: ['ben'], unit: ['team'], house: ['unit'] },
        rules: [
          { path: 'own', allow: ['ben'] },
          { path: 'team', allow: ['team'] },
          { path: 'house', allow: ['house'] },
          { path: 'all', allow: ['everyone'] },
          { path: 'ada', allow: ['ada'] },
        ],
      },
      ['ada', 'own', 'team', 'house', 'all'],
    );
    expect(world.classes('ben')).toEqual([1, 2, 3, 4]);
    expect(world.classes('chloe')).toEqual([4]);
    expect(world.classes('ada')).toEqual([0, 4]);
  });

  it('leave out a class that denies him, by name or by any group, whatever allows him', () => {
    const world = new World(
      {
        people: { ada: {}, ben: {} },
        groups: { team: ['ben'], unit: ['team', 'ada'] },
        rules: [
          { path: 'person', allow: ['unit', 'ben'], deny: ['ben'] },
          { path: 'group', allow: ['unit', 'ben'], deny: ['team'] },
          { path: 'nested', allow: ['everyone', 'ben'], deny: ['unit'] },
          { path: 'free', allow: ['unit'] },
        ],
      },
      ['person', 'group', 'nested', 'free'],
    );
    expect(world.classes('ben')).toEqual([3]);
    expect(world.classes('ada')).toEqual([0, 1, 3]);
  });

  it('demand clearance, and every attribute of the request', () => {
    const world = new World(
      {
        people: { ada: { clearance: 3 }, ben: { clearance: 2 } },
        rules: [
          { path: 'high', allow: ['everyone'], classification: 3 },
          { path: 'low', allow: ['everyone'], classification: 2 },
          { path: 'office', allow: ['everyone'], attrs: { network: 'office' } },
        ],
      },
      ['high', 'low', 'office'],
    );
    expect(world.classes('ada')).toEqual([0, 1]);
    expect(world.classes('ben')).toEqual([1]);
    expect(world.classes({ ...caller('ben'), environment: { network: 'office' } })).toEqual([1, 2]);
    expect(world.classes({ ...caller('ben'), environment: { network: 'cafe' } })).toEqual([1]);
  });

  it('are asked for by action, and none implies another', () => {
    const world = new World(
      {
        people: { ada: { actions: ['read'] }, ben: { actions: ['receipt'] } },
        rules: [{ path: 'all', allow: ['everyone'] }],
      },
      ['all'],
    );
    expect([world.classes('ada', 'read'), world.classes('ada', 'receipt')]).toEqual([[0], []]);
    expect([world.classes('ben', 'read'), world.classes('ben', 'receipt')]).toEqual([[], [0]]);
  });

  it('begin and end with the hour, also where the answer was remembered', () => {
    const end = TEST_TIME + 7200;
    const world = new World(
      {
        people: { ada: {} },
        rules: [
          { path: 'ends', allow: ['ada'], notAfter: at(end) },
          { path: 'begins', allow: ['ada'], notBefore: at(end - 1) },
        ],
      },
      ['ends', 'begins'],
    );
    expect(world.classes('ada')).toEqual([0]);
    world.clock.seconds = end - 1;
    expect(world.classes('ada')).toEqual([0]);
    world.clock.seconds = end;
    expect(world.classes('ada')).toEqual([1]);
    // A clock that is set back gets no answer of a later hour.
    world.clock.seconds = end - 1;
    expect(world.classes('ada')).toEqual([0]);
  });

  it('of somebody unknown are none, and a malformed id is refused', () => {
    const world = new World(
      { people: { ada: {} }, rules: [{ path: 'all', allow: ['everyone'] }] },
      ['all'],
    );
    expect(world.classes('nobody')).toEqual([]);
    for (const id of ['', 'ada\n', ' ada', 'a'.repeat(129), '../ada']) {
      expectRefusal(() => world.classes(id), 'ACCESS_DENIED');
    }
  });
});

describe('a remembered answer', () => {
  const content = {
    people: { ada: {}, ben: {} },
    groups: { team: ['ben'] },
    rules: [{ path: 'a', allow: ['team'] }],
  };

  it('is used while nothing changes', () => {
    const world = new World(content, ['a']);
    const decide = vi.spyOn(world.view.classes, 'classesFor');
    expect(world.classes('ben')).toEqual([0]);
    expect(world.classes('ben')).toEqual([0]);
    expect(decide).toHaveBeenCalledTimes(1);
    world.classes('ada');
    world.classes('ben', 'receipt');
    world.classes({ ...caller('ben'), environment: { a: 'b' } });
    expect(decide).toHaveBeenCalledTimes(4);
  });

  it('does not outlive the directory that it was made from', () => {
    const world = new World(content, ['a']);
    expect(world.classes('ben')).toEqual([0]);
    const without = accessOf({
      v: 1,
      default: 'refuse',
      owner: 'ada',
      ...content,
      groups: { team: ['ada'] },
    });
    world.view = { ...world.view, directory: Directory.parse(2, without.directory) };
    expect([world.classes('ben'), world.classes('ada')]).toEqual([[], [0]]);
  });

  it('does not outlive a class record or a policy', () => {
    const world = new World(content, ['a']);
    expect(world.classes('ben')).toEqual([0]);
    world.view.classes.remove(0);
    world.view = { ...world.view, classVersion: 2 };
    expect(world.classes('ben')).toEqual([]);
    const decide = vi.spyOn(world.view.classes, 'classesFor');
    world.view = { ...world.view, policyEpoch: 2 };
    world.classes('ben');
    expect(decide).toHaveBeenCalledTimes(1);
  });

  it('does not mix up requests whose facts only look alike', () => {
    const world = new World(
      {
        people: { ada: {} },
        rules: [{ path: 'a', allow: ['ada'], attrs: { a: 'b,c', d: 'e' } }],
      },
      ['a'],
    );
    const ask = (environment: Record<string, string>): readonly number[] =>
      world.classes({ ...caller('ada'), environment });
    expect(ask({ a: 'b', 'c,d': 'e' })).toEqual([]);
    expect(ask({ d: 'e', a: 'b,c' })).toEqual([0]);
    expect(ask({ a: 'b,c', d: 'e' })).toEqual([0]);
    expect(ask({ a: 'b,c' })).toEqual([]);
  });
});

describe('the tag of a person in the audit trail', () => {
  it('is the same for the same person and key, and tells nothing without the key', () => {
    const key = new Uint8Array(32).fill(7);
    expect(actorTag(key, 'ada')).toBe(actorTag(key, 'ada'));
    expect(actorTag(key, 'ada')).not.toBe(actorTag(key, 'ben'));
    expect(actorTag(new Uint8Array(32), 'ada')).not.toBe(actorTag(key, 'ada'));
    expect(actorTag(key, 'ada')).toMatch(/^[a-z2-7]{26}$/);
  });
});
