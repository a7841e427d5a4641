// SPDX-License-Identifier: Apache-2.0
// The keys and aliases of one account of the fake KMS, in all Regions.
import { ACCOUNT, authorise } from './kms-authority.ts';
import { KmsError, type KmsInput } from './kms-input.ts';
import { invalidCiphertext, keyIdIn, type KmsKey, requireUsable } from './kms-key.ts';

/** Who asks, and in which Region. */
export interface KmsCaller {
  readonly principal: string;
  readonly region: string;
}

/** One request as an operation gets it. */
export interface KmsRequest {
  readonly operation: string;
  readonly input: KmsInput;
  readonly caller: KmsCaller;
}

/** Members of an answer. */
export type KmsAnswer = Readonly<Record<string, unknown>>;

/** Operations by name. */
export type KmsOperations = Readonly<
  Record<string, (account: KmsAccount, request: KmsRequest) => KmsAnswer>
>;

/** Which key is meant and what it must be good for. */
export interface Wanted {
  /** Member that names the key; default `KeyId`. */
  readonly member?: string;
  /** Member that holds the encryption context. */
  readonly context?: string;
  /** Null: any usage. Default: encryption. */
  readonly usage?: string | null;
}

/** Keys by Region and id: a multi-Region key has one id in many Regions. */
export class KmsAccount {
  readonly #keys = new Map<string, KmsKey>();
  readonly #aliases = new Map<string, string>();

  /** Keeps a new key. @throws AlreadyExistsException */
  keep(key: Omit<KmsKey, 'arn' | 'grants' | 'state' | 'deletionDate'>): KmsKey {
    const place = `${key.region} ${key.id}`;
    if (this.#keys.has(place)) throw new KmsError('AlreadyExistsException', place);
    const arn = `arn:aws:kms:${key.region}:${ACCOUNT}:key/${key.id}`;
    const kept = { ...key, arn, grants: [], state: 'Enabled' as const, deletionDate: null };
    this.#keys.set(place, kept);
    return kept;
  }

  /** Points an alias at a key. */
  setAlias(name: string, key: KmsKey): void {
    if (!name.startsWith('alias/')) throw new KmsError('InvalidAliasNameException', name);
    this.#aliases.set(`${key.region} ${name}`, key.id);
  }

  /** The key that an id, an ARN or an alias names in the caller's Region. @throws NotFoundException */
  find(named: string, { region }: KmsCaller): KmsKey {
    const parts = /^arn:aws:kms:([^:]+):[^:]+:(?:key\/)?(.+)$/.exec(named);
    const id = parts?.[2] ?? named;
    const keyId = id.startsWith('alias/') ? this.#aliases.get(`${region} ${id}`) : id;
    const key = this.#keys.get(`${region} ${keyId ?? ''}`);
    if (key === undefined || (parts !== null && parts[1] !== region))
      throw new KmsError('NotFoundException', `Key '${named}' does not exist`);
    return key;
  }

  /** The named key, if the caller may do this with it. @throws AccessDeniedException */
  allowed({ operation, input, caller }: KmsRequest, wanted: Wanted = {}): KmsKey {
    const key = this.find(input.text(wanted.member ?? 'KeyId'), caller);
    const context = wanted.context === undefined ? {} : input.texts(wanted.context);
    authorise(key, { principal: caller.principal, operation, context });
    return key;
  }

  /** The named key, if the caller may do this with it and its state lets him. */
  usable(request: KmsRequest, wanted: Wanted = {}): KmsKey {
    const key = this.allowed(request, wanted);
    const { usage = 'ENCRYPT_DECRYPT' } = wanted;
    requireUsable(key, usage ?? key.usage);
    if (request.input.flag('DryRun'))
      throw new KmsError('DryRunOperationException', 'The request would have succeeded.', 412);
    return key;
  }

  /** The key that a ciphertext was made with, which is the one that the caller names if he names one. */
  keyOf(blob: Uint8Array, member: string, { input, caller }: KmsRequest): KmsKey {
    const id = keyIdIn(blob);
    const key = id === null ? undefined : this.#keys.get(`${caller.region} ${id}`);
    if (key === undefined) throw invalidCiphertext();
    if (input.has(member) && this.find(input.text(member), caller).id !== key.id)
      throw new KmsError('IncorrectKeyException', 'The key ID does not match the ciphertext.');
    return key;
  }
}
