// SPDX-License-Identifier: Apache-2.0
// What the members of a request to the fake KMS may be, and how the service says that they are not.

/** An error of the service: its name on the wire and its status. */
export class KmsError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** Members of a request, read with the checks of the service. */
export class KmsInput {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(members: unknown) {
    if (typeof members !== 'object' || members === null || Array.isArray(members))
      throw new KmsError('SerializationException', 'the body is no structure');
    this.#members = members as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined && this.#members[name] !== null;
  }

  text(name: string, fallback?: string): string {
    const value = this.#members[name] ?? fallback;
    if (typeof value !== 'string' || value === '') throw invalid(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#members[name] ?? false;
    if (typeof value !== 'boolean') throw invalid(name);
    return value;
  }

  number(name: string, fallback?: number): number {
    const value = this.#members[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value)) throw invalid(name);
    return value;
  }

  /** @param limit bytes; the service takes at least one */
  blob(name: string, limit: number): Uint8Array {
    const value = this.#members[name];
    if (typeof value !== 'string') throw invalid(name);
    const bytes = new Uint8Array(Buffer.from(value, 'base64'));
    if (bytes.length < 1 || bytes.length > limit) throw invalid(name);
    return bytes;
  }

  list(name: string): readonly string[] {
    const value = this.#members[name] ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw invalid(name);
    return value;
  }

  /** A map of texts, such as an encryption context. */
  texts(name: string): Readonly<Record<string, string>> {
    const value = this.#members[name] ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw invalid(name);
    const entries = Object.entries(value);
    if (!entries.every(([, text]) => typeof text === 'string')) throw invalid(name);
    return value as Record<string, string>;
  }

  inner(name: string): KmsInput {
    return new KmsInput(this.#members[name] ?? {});
  }
}

function invalid(name: string): KmsError {
  return new KmsError('ValidationException', `1 validation error detected at '${name}'`);
}
