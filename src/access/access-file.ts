// SPDX-License-Identifier: Apache-2.0
// The access file: people, groups and rules by path, written by hand in YAML (JSON is YAML too).
import { z } from 'zod';
import { EVERYONE, isPrincipal } from '../core/index.ts';
import { attributes } from './attributes.ts';
import { type Action, ACTIONS, type DirectoryRecord } from './directory.ts';
import { invalid, type LineOf, readYaml } from './yaml-text.ts';

const principal = z.string().refine(isPrincipal, 'is not a usable name');
const time = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .refine((text) => Date.parse(text) >= 0, 'is before 1970');
const grantFields = {
  allow: z.array(principal).max(512).optional(),
  deny: z.array(principal).max(512).optional(),
  classification: z.int().min(0).max(9).optional(),
  attrs: attributes.optional(),
  notBefore: time.optional(),
  notAfter: time.optional(),
  expires: time.optional(),
  readers: z.literal('from-to').optional(),
};

/** Alone, it would let whoever writes a message choose its readers among all people. */
const narrows = ({ allow, readers }: { allow?: unknown; readers?: unknown }): boolean =>
  readers === undefined || allow !== undefined;
const NARROWS = { path: ['readers'], error: 'narrows an allow, and there is none beside it' };

const grantSchema = z.strictObject(grantFields).refine(narrows, NARROWS);
const ruleSchema = z
  .strictObject({ path: z.string().min(1).max(1024), ...grantFields })
  .refine(narrows, NARROWS);
const personSchema = z.strictObject({
  clearance: z.int().min(0).max(9).default(0),
  actions: z.union([z.literal('all'), z.array(z.enum(ACTIONS))]).default(['read', 'receipt']),
});

const fileSchema = z.strictObject({
  v: z.literal(1),
  default: z.enum(['owner', 'refuse']),
  owner: principal,
  sidecars: z.boolean().default(false),
  frontMatter: z.boolean().default(false),
  people: z.record(principal, personSchema.nullable()),
  groups: z.record(principal, z.array(principal)).default({}),
  rules: z.array(ruleSchema).max(10_000).default([]),
});

/** Permissions of one rule, sidecar or front matter, as written. */
export type Grant = z.infer<typeof grantSchema>;
/** A rule for the paths that match its glob. */
export type AccessRule = z.infer<typeof ruleSchema>;

/** An access file that has been checked: names are known, groups have no cycle. */
export interface AccessFile {
  readonly default: 'owner' | 'refuse';
  readonly owner: string;
  /** Whether `FILE.access.yaml` beside a document, or its front matter, may grant access. */
  readonly sidecars: boolean;
  readonly frontMatter: boolean;
  readonly people: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly rules: readonly AccessRule[];
  /** What the log signs of people and groups. */
  readonly directory: readonly DirectoryRecord[];
}

/**
 * Reads an access file.
 * @throws {ACCESS_INVALID} naming the line and what is wrong with it
 */
export function parseAccessFile(text: string): AccessFile {
  const { value, lineOf } = readYaml(text);
  const file = checked(fileSchema.safeParse(value), lineOf);
  const people = new Set(Object.keys(file.people));
  const groups = new Set(Object.keys(file.groups));
  checkNames(file, people, groups, lineOf);
  const memberships = flatten(file.groups, groups, lineOf);
  const directory = [...people].sort().map((p) => ({
    p,
    groups: [...(memberships.get(p) ?? [])].sort(),
    clearance: file.people[p]?.clearance ?? 0,
    actions: actionsOf(file.people[p]?.actions),
  }));
  return { ...file, people, groups, directory };
}

/** Documents bring their own grants: longer ones are refused before anybody works on them. */
const MAX_GRANT_LENGTH = 64 * 1024;

/**
 * Reads the permissions in a sidecar file or in the `access` field of front matter.
 * @returns null when the text is front matter without an `access` field
 * @throws {ACCESS_INVALID} when it is malformed, longer than 64 Ki characters, or names somebody unknown
 */
export function parseGrant(
  text: string,
  source: 'sidecar' | 'frontMatter',
  file: Pick<AccessFile, 'people' | 'groups'>,
): Grant | null {
  if (text.length > MAX_GRANT_LENGTH) throw invalid('is too long', null);
  const { value: whole, lineOf } = readYaml(text);
  const field = source === 'sidecar' ? [] : ['access'];
  const value = source === 'sidecar' ? whole : fieldOf(whole, 'access');
  if (value === undefined) return null;
  const at: LineOf = (path) => lineOf([...field, ...path]);
  const grant = checked(grantSchema.safeParse(value), at);
  for (const name of ['allow', 'deny'] as const) {
    (grant[name] ?? []).forEach((person, i) => {
      if (isKnown(person, file.people, file.groups)) return;
      throw invalid('names somebody unknown', at([name, i]), [name, i]);
    });
  }
  return grant;
}

/** What a schema found right, or an error that names the line of what it found wrong first. */
function checked<T>(result: z.ZodSafeParseResult<T>, lineOf: LineOf): T {
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue === undefined ? [] : deepestPath(issue);
  throw invalid(issue?.message ?? 'is malformed', lineOf(path), path);
}

/** Where an issue lies; of alternatives that all fail, where the one lies that fitted furthest. */
function deepestPath(issue: z.core.$ZodIssue): PropertyKey[] {
  if (issue.code !== 'invalid_union') return issue.path;
  const inner = issue.errors.flat().map(deepestPath);
  const deepest = inner.reduce((best, path) => (path.length > best.length ? path : best), []);
  return [...issue.path, ...deepest];
}

function checkNames(
  file: z.infer<typeof fileSchema>,
  people: ReadonlySet<string>,
  groups: ReadonlySet<string>,
  at: LineOf,
): void {
  if (!people.has(file.owner)) throw invalid('is not among the people', at(['owner']), ['owner']);
  for (const kind of ['people', 'groups'] as const) {
    if (!Object.hasOwn(file[kind], EVERYONE)) continue;
    throw invalid('is a reserved name', at([kind, EVERYONE]), [kind, EVERYONE]);
  }
  const requireKnown = (names: readonly string[], field: PropertyKey[], others: boolean): void => {
    names.forEach((name, i) => {
      if (people.has(name) || groups.has(name) || (others && name === EVERYONE)) return;
      throw invalid(`names an unknown person or group: ${name}`, at([...field, i]), [...field, i]);
    });
  };
  for (const [group, members] of Object.entries(file.groups)) {
    if (people.has(group)) {
      throw invalid('is a person and a group', at(['groups', group]), ['groups', group]);
    }
    // A member that nobody knows is somebody whom a denial of the group misses.
    requireKnown(members, ['groups', group], false);
  }
  file.rules.forEach(({ allow = [], deny = [] }, i) => {
    requireKnown(allow, ['rules', i, 'allow'], true);
    requireKnown(deny, ['rules', i, 'deny'], true);
  });
}

/** Transitive groups of every person. Walks each group once per person's reach; cycles are refused first. */
function flatten(
  groups: Readonly<Record<string, readonly string[]>>,
  known: ReadonlySet<string>,
  at: LineOf,
): Map<string, Set<string>> {
  const people = new Map<string, Set<string>>();
  const parents = new Map<string, string[]>();
  const direct: [string, string][] = [];
  for (const [group, members] of Object.entries(groups)) {
    for (const member of members) {
      if (known.has(member)) parents.set(member, [...(parents.get(member) ?? []), group]);
      else direct.push([member, group]);
    }
  }
  refuseCycles(parents, at);
  for (const [person, group] of direct) {
    const reach = people.get(person) ?? new Set<string>();
    people.set(person, reach);
    const open = [group];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (reach.has(next)) continue;
      reach.add(next);
      open.push(...(parents.get(next) ?? []));
    }
  }
  return people;
}

function refuseCycles(parents: ReadonlyMap<string, readonly string[]>, at: LineOf): void {
  const done = new Set<string>();
  for (const start of parents.keys()) {
    const open = [...(parents.get(start) ?? [])];
    const seen = new Set<string>();
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === start) {
        const path = ['groups', start];
        throw invalid('is a member of itself', at(path), path);
      }
      if (seen.has(next) || done.has(next)) continue;
      seen.add(next);
      open.push(...(parents.get(next) ?? []));
    }
    done.add(start);
  }
}

function actionsOf(
  actions: z.infer<typeof personSchema>['actions'] | undefined,
): DirectoryRecord['actions'] {
  const wanted: readonly Action[] = actions === 'all' ? ACTIONS : (actions ?? ['read', 'receipt']);
  return [...new Set(wanted)].sort();
}

function isKnown(name: string, people: ReadonlySet<string>, groups: ReadonlySet<string>): boolean {
  return people.has(name) || groups.has(name) || name === EVERYONE;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
