// SPDX-License-Identifier: Apache-2.0
import { ERROR_CODES, type ErrorArea, type ErrorCode } from './error-codes.ts';

export { ERROR_CODES } from './error-codes.ts';
export type { ErrorArea, ErrorCode, ErrorInfo } from './error-codes.ts';

/** Facts about an error that are safe to show: ids, sizes, counts. Never text, titles, keys or people. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** Base of every error that Strongroom throws on purpose. */
export class StrongroomError extends Error {
  /** Stable code to switch on. */
  readonly code: ErrorCode;
  /** Safe facts. */
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }

  /** The part of the product the code belongs to. */
  get area(): ErrorArea {
    return ERROR_CODES[this.code].area;
  }

  /** What to do next. */
  get remedy(): string {
    return ERROR_CODES[this.code].remedy;
  }
}

/** Wrong arguments, configuration or access files. Nothing was changed. */
export class UsageError extends StrongroomError {}
/** Stored or received data is not what was signed. Nothing of it was used. */
export class IntegrityError extends StrongroomError {}
/** The caller may not, or there is nothing (which look alike). Nothing was read on the caller's behalf. */
export class AccessError extends StrongroomError {}
/** A key is missing, locked or unusable. */
export class KeyError extends StrongroomError {}
/** A disk, directory or service failed. Finished work is kept. */
export class StoreError extends StrongroomError {}
/** A source could not be turned into a document. The other sources are not affected. */
export class IngestError extends StrongroomError {}
/** An index or a vector cannot be used. */
export class IndexError extends StrongroomError {}

const CLASSES: Record<ErrorArea, typeof StrongroomError> = {
  usage: UsageError,
  integrity: IntegrityError,
  access: AccessError,
  keys: KeyError,
  store: StoreError,
  ingest: IngestError,
  index: IndexError,
};

/** The error of a code, of the class that belongs to the code's area. */
export function fail(
  code: ErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): StrongroomError {
  return new CLASSES[ERROR_CODES[code].area](code, message, details, cause);
}

/** True for a failure that may be over at the next try: a disk or key service that did not answer, not data that is wrong. */
export function isTransient(error: StrongroomError): boolean {
  return error.area === 'store' || error.code === 'KEY_UNAVAILABLE';
}

/** True for an error of Strongroom's own, of the given code if one is named. */
export function isStrongroomError(error: unknown, code?: ErrorCode): error is StrongroomError {
  return error instanceof StrongroomError && (code === undefined || error.code === code);
}
