// SPDX-License-Identifier: Apache-2.0
import type { ClassRecord } from './class-record.ts';
import { type AccessRequest, isAllowed } from './decide.ts';

/** A caller's classes and how long the answer holds. */
export interface ClassList {
  /** Class numbers, ascending and distinct. */
  readonly classes: readonly number[];
  /** First hour at which a tested class starts or ends, or null. */
  readonly validUntilHour: number | null;
}

/**
 * The classes of a vault, inverted: who is named leads to the classes that name him. A caller is decided on once per
 * class that names him or one of his groups, never by a loop over all classes or documents.
 */
export class ClassTable {
  readonly #records = new Map<number, ClassRecord>();
  readonly #byUser = new Map<string, Set<number>>();
  readonly #byGroup = new Map<string, Set<number>>();

  /** Adds or replaces a class. */
  set(classNo: number, record: ClassRecord): void {
    this.remove(classNo);
    this.#records.set(classNo, record);
    for (const user of record.allowUsers) addTo(this.#byUser, user, classNo);
    for (const group of record.allowGroups) addTo(this.#byGroup, group, classNo);
  }

  /** Forgets a class; it then admits nobody. */
  remove(classNo: number): void {
    const record = this.#records.get(classNo);
    if (record === undefined) return;
    this.#records.delete(classNo);
    for (const user of record.allowUsers) this.#byUser.get(user)?.delete(classNo);
    for (const group of record.allowGroups) this.#byGroup.get(group)?.delete(classNo);
  }

  /** The record of a class, or null when there is none or it could not be verified: such a class admits nobody. */
  record(classNo: number): ClassRecord | null {
    return this.#records.get(classNo) ?? null;
  }

  /** Number of classes. */
  get size(): number {
    return this.#records.size;
  }

  /** The classes in which the request is allowed. */
  classesFor(request: AccessRequest): ClassList {
    const candidates = new Set(this.#byUser.get(request.caller.id));
    for (const group of request.caller.groups) {
      for (const classNo of this.#byGroup.get(group) ?? []) candidates.add(classNo);
    }
    const classes: number[] = [];
    let validUntilHour: number | null = null;
    for (const classNo of candidates) {
      const record = this.#records.get(classNo);
      if (record === undefined) continue;
      if (isAllowed(request, record)) classes.push(classNo);
      for (const change of [record.notBefore, record.notAfter]) {
        if (change === null || change <= request.hour) continue;
        validUntilHour = Math.min(validUntilHour ?? change, change);
      }
    }
    return { classes: classes.sort((a, b) => a - b), validUntilHour };
  }
}

function addTo(map: Map<string, Set<number>>, key: string, classNo: number): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([classNo]));
  else set.add(classNo);
}
