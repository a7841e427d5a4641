// SPDX-License-Identifier: Apache-2.0

/** Operators, keys and values of a statement's condition. */
export type Conditions = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>;

/** A statement of the IAM policy language (version 2012-10-17). */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?:
    '*' | { readonly AWS: string | readonly string[] } | { readonly Service: string };
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Conditions;
}

/** A policy document. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** A policy of those statements that have a resource: what a deployment lacks needs no right. */
export function policyOf(...statements: readonly Statement[]): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: statements.filter(({ Resource }) => Resource.length > 0),
  };
}

/** A statement of an identity policy. */
export function allow(
  sid: string,
  action: string | readonly string[],
  resource: string | readonly string[],
  condition?: Conditions,
): Statement {
  const base = { Sid: sid, Effect: 'Allow', Action: action, Resource: resource } as const;
  return condition === undefined ? base : { ...base, Condition: condition };
}
