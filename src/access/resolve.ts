// SPDX-License-Identifier: Apache-2.0
// From an access file to the class of one document.
import picomatch from 'picomatch';
import { EVERYONE, fail, holds } from '../core/index.ts';
import type { AccessFile, AccessRule, Grant } from './access-file.ts';
import { classRecord, type ClassRecord } from './class-record.ts';

/** What a document brings along. */
export interface DocumentGrants {
  readonly sidecar: Grant | null;
  readonly frontMatter: Grant | null;
  /** Restrictions that a catalogue of the source demands; it names no readers. */
  readonly catalogue?: Pick<Grant, 'classification' | 'attrs'>;
  /** Addresses that a message is from or to; of other documents none. Nobody has proven them. */
  readonly correspondents?: readonly string[];
}

/** Where a document's readers were named. */
export type GrantSource = 'sidecar' | 'front matter' | 'rule' | 'owner';

/** The class of a document and when the document itself expires. */
export interface ResolvedAccess {
  readonly record: ClassRecord;
  /** Unix seconds, exact; null when it does not expire. */
  readonly validUntil: number | null;
  readonly source: GrantSource;
}

/** Decides the class of documents by path, for one access file. */
export class AccessResolver {
  readonly #file: AccessFile;
  readonly #rules: readonly {
    readonly matches: (path: string) => boolean;
    readonly rule: AccessRule;
  }[];

  constructor(file: AccessFile) {
    this.#file = file;
    this.#rules = file.rules.map((rule) => ({
      matches: picomatch(rule.path, { dot: true }),
      rule,
    }));
  }

  /**
   * The class of one document. Readers are named by the sidecar, else the front matter, else the first rule that matches
   * and names some, else the default; `readers: from-to` narrows them to the people whom a message is from or to, and leaves
   * the default where it names none of them. Denials, classification, attributes and time limits of every matching rule are
   * added to that: a document cannot lift what the access file restricts.
   * @returns null when nothing names a reader and the default is to refuse
   * @throws {ACCESS_INVALID} when the sum fits no class record, or demands two values of one attribute
   */
  resolve(path: string, own: DocumentGrants): ResolvedAccess | null {
    const rules = this.#rules.filter(({ matches }) => matches(path)).map(({ rule }) => rule);
    const named = this.#readers(rules, own);
    if (named === null) return null;
    const limits: Grant[] = [...rules];
    if (own.sidecar !== null) limits.push(own.sidecar);
    if (own.frontMatter !== null) limits.push(own.frontMatter);
    if (own.catalogue !== undefined) limits.push(own.catalogue);
    const denied = limits.flatMap((grant) => grant.deny ?? []);
    const record = classRecord({
      allowUsers: this.#users(named.allow),
      allowGroups: this.#groups(named.allow),
      denyUsers: this.#users(denied),
      denyGroups: this.#groups(denied),
      classification: Math.max(0, ...limits.map((grant) => grant.classification ?? 0)),
      attrs: attributesOf(limits),
      notBefore: latest(limits.map((grant) => hourUp(grant.notBefore))),
      notAfter: earliest(limits.map((grant) => hourDown(grant.notAfter))),
    });
    const validUntil = earliest(limits.map((grant) => seconds(grant.expires)));
    return { record, validUntil, source: named.source };
  }

  #readers(
    rules: readonly AccessRule[],
    own: DocumentGrants,
  ): { allow: readonly string[]; source: GrantSource } | null {
    const naming = this.#naming(rules, own);
    const allow = naming === null ? [] : this.#narrowed(naming.grant, own.correspondents ?? []);
    if (naming !== null && allow !== null) return { allow, source: naming.source };
    return this.#file.default === 'owner' ? { allow: [this.#file.owner], source: 'owner' } : null;
  }

  /** The grant that names the readers, if there is one. */
  #naming(
    rules: readonly AccessRule[],
    own: DocumentGrants,
  ): { grant: Grant; source: GrantSource } | null {
    const { sidecars, frontMatter } = this.#file;
    if (sidecars && own.sidecar?.allow !== undefined) {
      return { grant: own.sidecar, source: 'sidecar' };
    }
    if (frontMatter && own.frontMatter?.allow !== undefined) {
      return { grant: own.frontMatter, source: 'front matter' };
    }
    const rule = rules.find((candidate) => candidate.allow !== undefined);
    return rule === undefined ? null : { grant: rule, source: 'rule' };
  }

  /** Those a grant allows or, if it says so, the people among them whom a message names; null when it names none. */
  #narrowed(
    { allow = [], readers }: Grant,
    addresses: readonly string[],
  ): readonly string[] | null {
    if (readers === undefined) return allow;
    const named = new Set(addresses.map((address) => address.toLowerCase()));
    const people = this.#file.directory.filter(({ p, groups }) => {
      const isAllowed = allow.some(
        (name) => name === p || name === EVERYONE || groups.includes(name),
      );
      return named.has(p.toLowerCase()) && holds('INV-FROM-TO-NARROWS', isAllowed);
    });
    return people.length === 0 ? null : people.map(({ p }) => p);
  }

  #users(names: readonly string[]): string[] {
    return names.filter((name) => this.#file.people.has(name));
  }

  #groups(names: readonly string[]): string[] {
    return names.filter((name) => this.#file.groups.has(name) || name === EVERYONE);
  }
}

/** The demands of all grants together. */
function attributesOf(limits: readonly Grant[]): Record<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of limits.flatMap(({ attrs }) => Object.entries(attrs ?? {}))) {
    // A record holds one value of a name: to drop the other would lift a restriction.
    if ((all.get(name) ?? value) !== value) {
      throw fail('ACCESS_INVALID', 'the matching rules demand different values of one attribute');
    }
    all.set(name, value);
  }
  return Object.fromEntries(all);
}

function seconds(time: string | undefined): number | null {
  return time === undefined ? null : Math.floor(Date.parse(time) / 1000);
}

/** Rounded to the stricter side: access starts at the next full hour. */
function hourUp(time: string | undefined): number | null {
  return time === undefined ? null : Math.ceil(Date.parse(time) / 3_600_000);
}

/** Rounded to the stricter side: access ends at the last full hour. */
function hourDown(time: string | undefined): number | null {
  return time === undefined ? null : Math.floor(Date.parse(time) / 3_600_000);
}

function latest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function earliest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}
