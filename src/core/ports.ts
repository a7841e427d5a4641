// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode, ErrorDetails } from './errors.ts';

/** Time, injected so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Randomness, injected for golden files and simulations; production uses the system's generator. */
export interface Random {
  /** `n` unpredictable bytes. */
  bytes(n: number): Uint8Array;
}

/** Signs messages with one key of one role. */
export interface Signer {
  /** hex SHA-256 of the SPKI DER. */
  readonly keyid: string;
  /** SPKI DER of the public key. */
  readonly spki: Uint8Array;
  /** The signature over exactly `message`, by the key's own algorithm. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** What a store knows of a stored object. */
export interface ObjectInfo {
  /** Key inside the store, `/`-separated. */
  readonly path: string;
  readonly bytes: number;
  /** Creation time in milliseconds, as the (hostile) store tells it: good for housekeeping only. */
  readonly createdAt: number;
}

/**
 * Bytes by path in a place that may be hostile: a directory, memory, a bucket. Nothing read from it counts as true
 * before it is verified. Paths are relative, `/`-separated, ASCII, without `.` or `..` segments.
 *
 * Every implementation passes the same conformance suite (test/store/conformance.ts).
 */
export interface ObjectStore {
  /**
   * Writes a new object. Atomic: readers see nothing or all of it. Durable on return.
   * @returns false when the path exists already, whose content is then unchanged
   */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * Replaces (or, with `expected` null, creates) an object if it still holds exactly the expected bytes' version.
   * Atomic and durable on return; of many racing callers with the same `expected`, one wins.
   * @returns false when the stored version is another one
   */
  compareAndSwap(path: string, expected: ObjectVersion | null, bytes: Uint8Array): Promise<boolean>;
  /** All bytes with their version, or null when absent. */
  get(path: string): Promise<StoredObject | null>;
  /** `length` bytes from `offset` (fewer at the end), or null when absent. */
  getRange(path: string, offset: number, length: number): Promise<Uint8Array | null>;
  /** Size and age, or null when absent. */
  stat(path: string): Promise<ObjectInfo | null>;
  /** Every object whose path starts with `prefix`, in no particular order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes an object; succeeds when it is absent. Durable on return. */
  delete(path: string): Promise<void>;
  /**
   * A look that waits for nothing: two equal tokens mean that the object was not written between the two calls, as far as
   * the store's word goes. Null when it is absent, or when the store cannot tell, as for some seconds after a change.
   * Stores that would have to ask a service leave it out.
   */
  changeToken?(path: string): ObjectVersion | null;
}

/** Opaque token that changes whenever the stored bytes change. */
export type ObjectVersion = string;

/** An object as read, with the version to name in a later compare-and-swap. */
export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly version: ObjectVersion;
}

/** A finding that somebody should look at: data that was refused, or repaired from signed sources. */
export interface Alarm {
  readonly code: ErrorCode;
  /** One sentence without names, text or keys. */
  readonly message: string;
  readonly details?: ErrorDetails;
}

/** Takes alarms; must not throw. */
export type AlarmSink = (alarm: Alarm) => void;

/** Something that happened and must be known later. Holds no text, title, path or name: people are keyed tags. */
export interface AuditEvent {
  /** What was done: `search`, `context`, `receipt`, `ingest`, `erase`, `alarm` ... */
  readonly event: string;
  readonly outcome: 'ok' | 'denied' | 'refused' | 'failed';
  /** Keyed tag of the acting person, or null for the system. */
  readonly actor: string | null;
  /** How the person was known: by a verified token, or named by whoever holds the key ring. */
  readonly identity: 'token' | 'impersonated' | null;
  readonly details: ErrorDetails;
}

/**
 * Takes audit events in order. Durable at the latest on `close`. A full disk does not throw in the middle of a query:
 * events wait in memory, up to a limit that the implementation states, and beyond it the sink throws.
 */
export interface AuditSink {
  record(event: AuditEvent): void;
}

/** The system's clock. */
export const systemClock: Clock = { now: () => Date.now() };
