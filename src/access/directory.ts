// SPDX-License-Identifier: Apache-2.0
// People and their groups as the log signs them: flattened, one record a person.
import { z } from 'zod';
import { EVERYONE, fail, isPrincipal } from '../core/index.ts';

/** What a person may be allowed to do; none implies another. */
export const ACTIONS = [
  'read',
  'receipt',
  'ingest',
  'setAcl',
  'delete',
  'erase',
  'explain',
  'audit',
  'directory',
  'policy',
] as const;

/** One of {@link ACTIONS}. */
export type Action = (typeof ACTIONS)[number];

const name = z.string().refine(isPrincipal);
const recordSchema = z.strictObject({
  p: name,
  groups: z.array(name),
  clearance: z.int().min(0).max(9),
  actions: z.array(z.enum(ACTIONS)),
});

/** One person: transitive groups, clearance 0..9, actions. */
export type DirectoryRecord = z.infer<typeof recordSchema>;

/** A caller as decisions see him. Everybody who is authenticated is in the reserved group `everyone`. */
export interface Principal {
  readonly id: string;
  readonly groups: ReadonlySet<string>;
  readonly clearance: number;
  readonly actions: ReadonlySet<Action>;
}

/** The people of one directory epoch. */
export class Directory {
  readonly epoch: number;
  readonly #records: ReadonlyMap<string, DirectoryRecord>;

  private constructor(epoch: number, records: ReadonlyMap<string, DirectoryRecord>) {
    this.epoch = epoch;
    this.#records = records;
  }

  /** The directory before anybody was entered, or after its signer was revoked: nobody is in any group. */
  static empty(epoch: number): Directory {
    return new Directory(epoch, new Map());
  }

  /** Reads the records of a sealed list. @throws {FORMAT_INVALID} */
  static parse(epoch: number, values: readonly unknown[]): Directory {
    const result = z.array(recordSchema).safeParse(values);
    if (!result.success) throw fail('FORMAT_INVALID', 'not a directory');
    const inOrder = result.data.toSorted((a, b) => (a.p < b.p ? -1 : 1));
    const records = new Map(inOrder.map((record) => [record.p, record]));
    // Of two records of one person nobody could say which one counts.
    if (records.size < result.data.length) throw fail('FORMAT_INVALID', 'not a directory');
    return new Directory(epoch, records);
  }

  /** Records in the order of names. */
  get records(): readonly DirectoryRecord[] {
    return [...this.#records.values()];
  }

  /** A principal by id; somebody unknown is in no group but `everyone`, has clearance 0 and may do nothing. */
  principal(id: string): Principal {
    const record = this.#records.get(id);
    return {
      id,
      groups: new Set([...(record?.groups ?? []), EVERYONE]),
      clearance: record?.clearance ?? 0,
      actions: new Set(record?.actions ?? []),
    };
  }
}
