// SPDX-License-Identifier: Apache-2.0
// Where the sealed records of a vault stand in the key hierarchy (docs/formats.md, "Paths").
import type { Hex } from '../core/index.ts';
import type { KeyRef } from '../keys/index.ts';

/** A class record. */
export function aclRef(tenantId: string, aclDigest: Hex): KeyRef {
  return { tenantId, kind: 'acl', id: aclDigest, no: 0 };
}

/** The directory of one epoch. */
export function directoryRef(tenantId: string, epoch: number): KeyRef {
  return { tenantId, kind: 'dir', id: 'people', no: epoch };
}

/** The policy of one epoch. */
export function policyRef(tenantId: string, epoch: number): KeyRef {
  return { tenantId, kind: 'policy', id: 'policy', no: epoch };
}

/** The snapshot of the state map at one entry. */
export function stateRef(tenantId: string, index: number): KeyRef {
  return { tenantId, kind: 'state', id: 'map', no: index };
}

/** The segment table of an index snapshot made at one log size. */
export function snapshotRef(tenantId: string, size: number): KeyRef {
  return { tenantId, kind: 'snap', id: 'index', no: size };
}

/** A segment of a class. */
export function segmentRef(
  tenantId: string,
  classNo: number,
  segment: number,
  generation: number,
): KeyRef {
  return { tenantId, kind: 'segment', id: `${classNo}-${segment}`, no: generation };
}
