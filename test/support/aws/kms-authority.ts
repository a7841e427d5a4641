// SPDX-License-Identifier: Apache-2.0
// Who may do what with a key of the fake KMS: its policy and its grants. Identity policies of IAM are not here: a
// principal other than the account's root is named by the policy of the key, or by a grant.
import type { EncryptionContext, Grant, KmsKey } from './kms-key.ts';
import { KmsError } from './kms-input.ts';

/** The account of all fake principals. */
export const ACCOUNT = '123456789012';
/** Who made the account; the default policy lets him do everything. */
export const ROOT = `arn:aws:iam::${ACCOUNT}:root`;

type OneOrMore = string | readonly string[];

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: '*' | { readonly AWS: OneOrMore };
  readonly Action: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** A key policy as the service keeps it. */
export interface KeyPolicy {
  readonly Statement: readonly Statement[];
}

/** The policy of a key that was made without one. */
export const DEFAULT_POLICY: KeyPolicy = {
  Statement: [{ Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*' }],
};

/** What somebody asks of a key. */
export interface Request {
  readonly principal: string;
  /** Such as `Decrypt`. */
  readonly operation: string;
  readonly context: EncryptionContext;
}

/** @throws AccessDeniedException unless policy or grants allow it and no statement denies it */
export function authorise(key: KmsKey, request: Request): void {
  const said = key.policy.Statement.filter((statement) => speaksOf(statement, request));
  const allowed =
    said.some(({ Effect }) => Effect === 'Allow') ||
    key.grants.some((grant) => grants(grant, request));
  if (allowed && said.every(({ Effect }) => Effect !== 'Deny')) return;
  throw new KmsError(
    'AccessDeniedException',
    `User: ${request.principal} is not authorized to perform: kms:${request.operation} on resource: ${key.arn}`,
  );
}

function speaksOf(statement: Statement, { principal, operation, context }: Request): boolean {
  const { Principal, Action, Condition = {} } = statement;
  const names = Principal === '*' ? ['*'] : many(Principal.AWS);
  if (!names.some((name) => name === '*' || name === principal)) return false;
  if (!many(Action).some((pattern) => matches(pattern, `kms:${operation}`))) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const name = key.replace(/^kms:EncryptionContext:/, '');
      const value = Object.hasOwn(context, name) ? context[name] : undefined;
      if (operator !== 'StringEquals') throw new KmsError('MalformedPolicyDocumentException', key);
      return value !== undefined && many(wanted).includes(value);
    }),
  );
}

function grants(grant: Grant, { principal, operation, context }: Request): boolean {
  const { grantee, operations, equals, subset } = grant;
  if (grantee !== principal || !operations.includes(operation)) return false;
  // Constraints speak of operations that take a context.
  if (operation === 'DescribeKey') return true;
  const holds = (wanted: EncryptionContext): boolean =>
    Object.entries(wanted).every(([name, value]) => context[name] === value);
  if (subset !== null && !holds(subset)) return false;
  return (
    equals === null || (holds(equals) && Object.keys(context).length === Object.keys(equals).length)
  );
}

function many(value: OneOrMore): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function matches(pattern: string, action: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.?+^$()[\]{}|\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 'i').test(action);
}
