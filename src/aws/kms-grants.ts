// SPDX-License-Identifier: Apache-2.0
// Who may open which keys of a ring: grants of the key service, by role, for one tenant alone.
import {
  CreateGrantCommand,
  type CreateGrantCommandInput,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import { fail } from '../core/index.ts';
import { type Role, ROLES } from '../provenance/index.ts';
import { awsCall } from './aws-error.ts';
import type { KmsService } from './kms-service.ts';

/** Keys of one tenant in the key service. */
export interface GrantPlace {
  readonly vaultId: string;
  readonly tenantId: string;
  /** The symmetric key that wraps. */
  readonly keyArn: string;
  /** The key that signs as root. */
  readonly rootArn: string;
}

/** A grant that was made, to be revoked by. */
export interface MadeGrant {
  readonly keyArn: string;
  readonly grantId: string;
}

/**
 * Lets a principal open the keys that a role needs, and nothing else: lookup and branch key and the role's own signing keys;
 * a sequencer's also the log key. The role root may have the root key sign. Making and changing keys is left to the
 * key's policy. Grants may take minutes to count everywhere.
 * @param principal ARN of a role of IAM
 */
export async function grantRole(
  service: KmsService,
  place: GrantPlace,
  role: Role,
  principal: string,
): Promise<readonly MadeGrant[]> {
  if (!ROLES.includes(role)) throw fail('USAGE', 'there is no such role');
  const grants: MadeGrant[] = [];
  for (const input of grantsFor(place, role, principal)) {
    const { GrantId } = await awsCall('kms', () =>
      service.client.send(new CreateGrantCommand(input)),
    );
    grants.push({ keyArn: input.KeyId ?? '', grantId: GrantId ?? '' });
  }
  return grants;
}

/** Takes grants back. */
export async function revokeGrants(
  service: KmsService,
  grants: readonly MadeGrant[],
): Promise<void> {
  for (const { keyArn, grantId } of grants) {
    const command = new RevokeGrantCommand({ KeyId: keyArn, GrantId: grantId });
    await awsCall('kms', () => service.client.send(command));
  }
}

function grantsFor(place: GrantPlace, role: Role, principal: string): CreateGrantCommandInput[] {
  const kinds = ['lookup', 'branch', role, ...(role === 'sequencer' ? ['log'] : [])];
  const opening = kinds.map((kind): CreateGrantCommandInput => ({
    KeyId: place.keyArn,
    GranteePrincipal: principal,
    Operations: ['Decrypt', 'DescribeKey'],
    Constraints: {
      EncryptionContextSubset: {
        'sr:vault': place.vaultId,
        'sr:tenant': place.tenantId,
        'sr:kind': kind,
      },
    },
  }));
  if (role !== 'root') return opening;
  const signing: CreateGrantCommandInput = {
    KeyId: place.rootArn,
    GranteePrincipal: principal,
    Operations: ['Sign', 'GetPublicKey', 'DescribeKey'],
  };
  return [...opening.filter(({ Constraints }) => kindOf(Constraints) !== 'root'), signing];
}

function kindOf(constraints: CreateGrantCommandInput['Constraints']): string | undefined {
  return constraints?.EncryptionContextSubset?.['sr:kind'];
}
