// SPDX-License-Identifier: Apache-2.0
// The decision: a function of caller, class record, action, hour and environment, and of nothing else.
import { holds } from '../core/index.ts';
import type { ClassRecord } from './class-record.ts';
import type { Action, Principal } from './directory.ts';

/** Facts of the request that a class may demand, for example `{network: 'office'}`. */
export type Environment = Readonly<Record<string, string>>;

/** What is asked. */
export interface AccessRequest {
  readonly caller: Principal;
  readonly action: Action;
  /** Whole hours since the epoch. */
  readonly hour: number;
  readonly environment: Environment;
}

/** One fact that speaks for or against, in words for those who may ask why. */
export interface Reason {
  readonly effect: 'allows' | 'denies';
  readonly because:
    | 'allow-user'
    | 'allow-group'
    | 'deny-user'
    | 'deny-group'
    | 'no-match'
    | 'clearance'
    | 'not-before'
    | 'not-after'
    | 'attribute'
    | 'action';
  /** The group, attribute or level that the reason names, or null. */
  readonly subject: string | null;
}

/** A decision and everything that led to it. */
export interface Decision {
  readonly allowed: boolean;
  readonly reasons: readonly Reason[];
}

/** Hours since the epoch of a time in milliseconds. */
export function hourOf(milliseconds: number): number {
  return Math.floor(milliseconds / 3_600_000);
}

/** May this caller do this with the documents of this class? Deny wins; nothing implies anything. */
export function isAllowed(request: AccessRequest, record: ClassRecord): boolean {
  const { caller, hour } = request;
  const matches =
    record.allowUsers.includes(caller.id) || record.allowGroups.some((g) => caller.groups.has(g));
  const denied =
    record.denyUsers.includes(caller.id) || record.denyGroups.some((g) => caller.groups.has(g));
  const inTime =
    (record.notBefore === null || hour >= record.notBefore) &&
    (record.notAfter === null || hour < record.notAfter);
  return (
    holds('INV-ACCESS-MATCH', matches) &&
    holds('INV-ACCESS-DENY', !denied) &&
    holds('INV-ACCESS-CLEARANCE', caller.clearance >= record.classification) &&
    holds('INV-ACCESS-TIME', inTime) &&
    holds('INV-ACCESS-ATTRIBUTE', missingAttribute(request, record) === null) &&
    holds('INV-ACCESS-ACTION', caller.actions.has(request.action))
  );
}

/** The decision with its reasons, for `explain`. */
export function explainDecision(request: AccessRequest, record: ClassRecord): Decision {
  const reasons = [...matchReasons(request.caller, record), ...limitReasons(request, record)];
  return { allowed: isAllowed(request, record), reasons };
}

function matchReasons({ id, groups }: Principal, record: ClassRecord): Reason[] {
  const reasons: Reason[] = [];
  const member = (list: readonly string[]): string | null =>
    list.find((g) => groups.has(g)) ?? null;
  if (record.allowUsers.includes(id)) reasons.push(reason('allows', 'allow-user'));
  const allowGroup = member(record.allowGroups);
  if (allowGroup !== null) reasons.push(reason('allows', 'allow-group', allowGroup));
  if (reasons.length === 0) reasons.push(reason('denies', 'no-match'));
  if (record.denyUsers.includes(id)) reasons.push(reason('denies', 'deny-user'));
  const denyGroup = member(record.denyGroups);
  if (denyGroup !== null) reasons.push(reason('denies', 'deny-group', denyGroup));
  return reasons;
}

function limitReasons(request: AccessRequest, record: ClassRecord): Reason[] {
  const { caller, hour, action } = request;
  const reasons: Reason[] = [];
  if (caller.clearance < record.classification) {
    reasons.push(reason('denies', 'clearance', String(record.classification)));
  }
  if (record.notBefore !== null && hour < record.notBefore) {
    reasons.push(reason('denies', 'not-before', isoHour(record.notBefore)));
  }
  if (record.notAfter !== null && hour >= record.notAfter) {
    reasons.push(reason('denies', 'not-after', isoHour(record.notAfter)));
  }
  const attribute = missingAttribute(request, record);
  if (attribute !== null) reasons.push(reason('denies', 'attribute', attribute));
  if (!caller.actions.has(action)) reasons.push(reason('denies', 'action', action));
  return reasons;
}

function missingAttribute({ environment }: AccessRequest, record: ClassRecord): string | null {
  for (const [key, value] of Object.entries(record.attrs)) {
    if (!Object.hasOwn(environment, key) || environment[key] !== value) return key;
  }
  return null;
}

function reason(
  effect: Reason['effect'],
  because: Reason['because'],
  subject: string | null = null,
): Reason {
  return { effect, because, subject };
}

function isoHour(hour: number): string {
  return new Date(hour * 3_600_000).toISOString();
}
