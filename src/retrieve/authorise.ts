// SPDX-License-Identifier: Apache-2.0
import { LRUCache } from 'lru-cache';
import {
  type Action,
  type ClassList,
  type Directory,
  hourOf,
  type Principal,
} from '../access/index.ts';
import {
  base32,
  type Clock,
  concat,
  fail,
  hmac,
  isPrincipal,
  jcsBytes,
  lp,
  need,
} from '../core/index.ts';
import type { AccessView, Caller } from './types.ts';

const CACHED_LISTS = 4096;

/** A caller's principal and the classes in which he may do one thing. */
export interface Authorisation {
  readonly principal: Principal;
  readonly classes: readonly number[];
}

interface CachedList extends ClassList {
  readonly hour: number;
}

/** Decides, once per caller and state of the world, which classes a caller may use. */
export class Authoriser {
  readonly #access: () => AccessView;
  readonly #clock: Clock;
  // By size, since a cache by count makes room for all at once, in every process that opens a vault.
  readonly #lists = new LRUCache<string, CachedList>({
    maxSize: CACHED_LISTS,
    sizeCalculation: () => 1,
  });
  #directory: Directory | null = null;

  constructor(access: () => AccessView, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /**
   * The classes in which the caller may do `action`, at this moment. Cached under everything the answer depends on, so
   * a grant or a revocation is seen by the next call.
   * @throws {ACCESS_DENIED} for a caller id that cannot be one
   * @throws {TOKEN_INVALID} when the token that identified the caller has expired since
   */
  authorise(caller: Caller, action: Action): Authorisation {
    if (!isPrincipal(caller.id)) throw fail('ACCESS_DENIED', 'the caller is not known');
    const { expiresAt = Infinity, groups = [] } = caller;
    const counts = this.#clock.now() < expiresAt * 1000;
    need('INV-CALLER-EXPIRED', counts, 'TOKEN_INVALID', 'the token is not accepted');
    const view = this.#access();
    // Its epoch is not enough: a directory whose signer was revoked names nobody, under the same epoch.
    if (view.directory !== this.#directory) this.#lists.clear();
    this.#directory = view.directory;
    const known = view.directory.principal(caller.id);
    const principal = { ...known, groups: new Set([...known.groups, ...groups]) };
    const environment = caller.environment ?? {};
    const hour = hourOf(this.#clock.now());
    const key = [
      caller.id,
      action,
      view.directory.epoch,
      view.policyEpoch,
      view.classVersion,
      JSON.stringify(groups.toSorted()),
      JSON.stringify(Object.entries(environment).sort()),
    ].join('\n');
    const cached = this.#lists.get(key);
    if (cached !== undefined && isFresh(cached, hour)) {
      return { principal, classes: cached.classes };
    }
    const list = view.classes.classesFor({ caller: principal, action, hour, environment });
    this.#lists.set(key, { ...list, hour });
    return { principal, classes: list.classes };
  }
}

/** Opaque, keyed tag of a person for audit records. */
export function actorTag(auditKey: Uint8Array, id: string): string {
  return base32(hmac(auditKey, concat(lp('sr/actor/v1'), lp(jcsBytes(id))))).slice(0, 26);
}

function isFresh(cached: CachedList, hour: number): boolean {
  return hour >= cached.hour && (cached.validUntilHour === null || hour < cached.validUntilHour);
}
