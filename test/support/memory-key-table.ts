// SPDX-License-Identifier: Apache-2.0
import type { KeyRow, KeyRowName, KeyTable } from '../../src/store/index.ts';

/** Wrapped keys in memory. */
export class MemoryKeyTable implements KeyTable {
  readonly rows = new Map<string, KeyRow>();

  putAll(rows: readonly KeyRow[]): Promise<void> {
    for (const row of rows) if (!this.rows.has(nameOf(row))) this.rows.set(nameOf(row), row);
    return Promise.resolve();
  }

  get(ref: KeyRow['ref'], objectDigest: string): Promise<Uint8Array | null> {
    return Promise.resolve(this.rows.get(nameOf({ ref, objectDigest }))?.row ?? null);
  }

  replaceAll(rows: readonly KeyRow[]): Promise<void> {
    for (const row of rows) if (this.rows.has(nameOf(row))) this.rows.set(nameOf(row), row);
    return Promise.resolve();
  }

  purgeRows(rows: readonly KeyRowName[]): Promise<number> {
    return Promise.resolve(rows.filter((row) => this.rows.delete(nameOf(row))).length);
  }

  namesOf(tenantId: string, kind: string, id: string): Promise<readonly KeyRowName[]> {
    const isMeant = ({ ref }: KeyRow): boolean =>
      ref.tenantId === tenantId && ref.kind === kind && ref.id === id;
    const names = [...this.rows.values()].filter(isMeant);
    return Promise.resolve(names.map(({ ref, objectDigest }) => ({ ref, objectDigest })));
  }

  // An async generator is what the port asks for; memory has nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/require-await
  async *list(tenantId: string): AsyncGenerator<KeyRow> {
    for (const row of [...this.rows.values()]) if (row.ref.tenantId === tenantId) yield row;
  }
}

function nameOf({ ref, objectDigest }: KeyRowName): string {
  return `${ref.tenantId} ${ref.kind} ${ref.id} ${ref.no} ${objectDigest}`;
}
