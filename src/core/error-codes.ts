// SPDX-License-Identifier: Apache-2.0
/* eslint-disable max-lines -- one table, read as one */

/** The part of the product an error belongs to; decides the error class and the exit code. */
export type ErrorArea = 'usage' | 'integrity' | 'access' | 'keys' | 'store' | 'ingest' | 'index';

/** One row of the table of error codes. */
export interface ErrorInfo {
  readonly area: ErrorArea;
  /** What was found. */
  readonly meaning: string;
  /** What to do next. */
  readonly remedy: string;
}

/** Every stable error code. docs/errors.md is generated from this table. */
export const ERROR_CODES = {
  USAGE: {
    area: 'usage',
    meaning: 'A command or call was given arguments that cannot be used.',
    remedy: 'Read the message, or run the command with --help.',
  },
  FORMAT_INVALID: {
    area: 'integrity',
    meaning: 'Stored or received bytes do not have the form that the formats demand.',
    remedy: 'Run `strongroom fsck`; restore the named part from a copy.',
  },
  INTEGRITY: {
    area: 'integrity',
    meaning: 'Stored bytes are not the ones that the log names.',
    remedy:
      'Run `strongroom fsck` to see what is affected, then restore or ingest the document again.',
  },
  KEY_COMMITMENT: {
    area: 'integrity',
    meaning: 'A sealed object does not belong to this key, tenant, document, version or part.',
    remedy: 'Run `strongroom fsck`; somebody swapped or altered stored objects.',
  },
  SIGNATURE_INVALID: {
    area: 'integrity',
    meaning: 'A signature does not hold, or its key may not sign this.',
    remedy: 'Do not use the data; find out who wrote it.',
  },
  CHECKPOINT_INVALID: {
    area: 'integrity',
    meaning:
      'The checkpoint of the log is not signed by the log key that this machine trusts, or by one that was replaced.',
    remedy:
      'Restore the log directory. If the log key was changed, ask the owner for the trust file; never add trust from the vault itself.',
  },
  ROLLBACK: {
    area: 'integrity',
    meaning:
      'The log is older than, or not a continuation of, the head this machine has seen before.',
    remedy:
      'Restore the newest copy of the vault. Going back on purpose needs a root-signed recovery.',
  },
  SPLIT_VIEW: {
    area: 'integrity',
    meaning:
      'The log key has signed two histories that do not continue each other. Both heads are kept as evidence.',
    remedy:
      'Stop trusting the log key. Compare the evidence in STRONGROOM_HOME with other readers and witnesses.',
  },
  WITNESS_QUORUM: {
    area: 'integrity',
    meaning: 'Too few of the demanded witnesses vouch for the head of the log.',
    remedy:
      'See that the witnesses run and know the log, then `strongroom log cosign`; a writer finishes its batch by itself.',
  },
  PROOF_INVALID: {
    area: 'integrity',
    meaning: 'An inclusion, consistency or state proof does not lead to the signed root.',
    remedy: 'Run `strongroom fsck`; restore the log tiles.',
  },
  LOG_TRUNCATED: {
    area: 'integrity',
    meaning: 'Entries or tiles that the signed checkpoint covers are missing.',
    remedy: 'Restore the log directory from a copy at least as new as the checkpoint.',
  },
  STATE_MISMATCH: {
    area: 'integrity',
    meaning: 'A signed state entry does not match the entries before it.',
    remedy: 'Stop writing: the sequencer key signed a false state. Revoke it with the root key.',
  },
  STATE_MISSING: {
    area: 'integrity',
    meaning: 'A published log size does not end in a valid state entry.',
    remedy: 'Stop writing: the log key signed an incomplete batch.',
  },
  UPGRADE_REQUIRED: {
    area: 'integrity',
    meaning: 'The vault or log holds a format that this version of Strongroom does not know.',
    remedy: 'Install a newer version of Strongroom; this one will not guess.',
  },
  CLOCK_AHEAD: {
    area: 'integrity',
    meaning: 'A signed time lies more than ten minutes ahead of this machine.',
    remedy: 'Check the clock of this machine and of the sequencer.',
  },
  HEAD_STALE: {
    area: 'integrity',
    meaning: 'The newest signed state is older than the configured maximum age.',
    remedy: 'Find out why the sequencer stopped, or raise maxAge by policy.',
  },
  LEDGER_TAMPERED: {
    area: 'integrity',
    meaning: 'The local ledger database is not what the signed log gives.',
    remedy: 'Nothing: it was not used, and is rebuilt from the log. Find out who edited it.',
  },
  LOG_TAMPERED: {
    area: 'integrity',
    meaning: 'A stored tile, bundle or checkpoint differs from what the sequencer signed.',
    remedy: 'Nothing: the signed bytes were written again. Find out who edited it.',
  },
  INDEX_TAMPERED: {
    area: 'integrity',
    meaning: 'An index snapshot or row is not the one that was signed.',
    remedy:
      'The index is rebuilt from signed documents; run `strongroom fsck` to see what was altered.',
  },
  RECEIPT_INVALID: {
    area: 'integrity',
    meaning: 'A receipt does not prove what it claims.',
    remedy: 'Do not rely on the passages; ask the issuer for a new receipt.',
  },
  POLICY_TAMPERED: {
    area: 'integrity',
    meaning: 'The stored policy or directory is not the one that the log names.',
    remedy: 'Restore the object, or publish a new policy with the root key.',
  },
  TRUST_UNKNOWN: {
    area: 'integrity',
    meaning: 'This machine has never been told which keys to trust for this vault.',
    remedy: 'Run `strongroom trust add` with a trust file from its owner.',
  },
  TRUST_INVALID: {
    area: 'integrity',
    meaning: 'The trust file is damaged, is not private, or belongs to another vault.',
    remedy: 'Fetch the trust file again from the owner of the vault.',
  },
  ACCESS_DENIED: {
    area: 'access',
    meaning: 'The caller may not do this. Absent and forbidden things look alike.',
    remedy: 'Ask an administrator of the vault.',
  },
  TOKEN_INVALID: {
    area: 'access',
    meaning: 'The token does not identify anybody here, or does so no more.',
    remedy:
      'Get a new token. If all tokens are refused, compare issuer, audience, algorithms and keys of the signed policy.',
  },
  NOT_FOUND: {
    area: 'access',
    meaning: 'There is no such document for this caller.',
    remedy: 'Check the name; a document that you may not read looks the same.',
  },
  ACCESS_INVALID: {
    area: 'usage',
    meaning: 'The access file is missing, malformed or contradicts itself.',
    remedy: 'Correct the named line of the access file.',
  },
  ACCESS_UNDECIDED: {
    area: 'usage',
    meaning: 'Some documents match no rule and the default is to refuse them.',
    remedy: 'Add the printed lines to the access file.',
  },
  CONFIG_INVALID: {
    area: 'usage',
    meaning: 'The configuration is malformed or would weaken the signed policy.',
    remedy: 'Correct the named field of strongroom.json.',
  },
  PASSPHRASE_WRONG: {
    area: 'keys',
    meaning: 'The key ring does not open with this passphrase, or was altered.',
    remedy: 'Set STRONGROOM_PASSPHRASE to the passphrase given at `strongroom init`.',
  },
  PASSPHRASE_NEEDED: {
    area: 'keys',
    meaning: 'The key ring is locked by a passphrase and none was given.',
    remedy: 'Set STRONGROOM_PASSPHRASE, or STRONGROOM_PASSPHRASE_FILE.',
  },
  KEYRING_MISSING: {
    area: 'keys',
    meaning: 'The key ring of this vault is not in the home directory.',
    remedy: 'Point STRONGROOM_HOME at the directory that was used at `strongroom init`.',
  },
  KEYRING_INVALID: {
    area: 'keys',
    meaning: 'The key ring file is damaged or readable by others.',
    remedy: 'Restore the key ring from its backup and set its mode to 0600.',
  },
  KEY_UNAVAILABLE: {
    area: 'keys',
    meaning: 'The key ring holds no key for this role or version.',
    remedy: 'Run `strongroom keys list`; delegate a key for the role.',
  },
  KMS_KEY_DISABLED: {
    area: 'keys',
    meaning:
      'A key of the key service is disabled, or in another state in which it works for nobody.',
    remedy: 'Enable the key in the key service, if it was not disabled on purpose.',
  },
  KMS_KEY_DELETION: {
    area: 'keys',
    meaning:
      'A key of the key service is about to be deleted: with it goes everything sealed under it.',
    remedy: 'Cancel the deletion in the key service and enable the key, unless it is meant.',
  },
  KEY_BRANCH_RECENT: {
    area: 'keys',
    meaning:
      'A wrapping key was superseded so lately that other writers may still wrap data keys with it.',
    remedy: 'Wait, then run `strongroom keys rewrap --forget-old` again: nothing was forgotten.',
  },
  KEY_ROW_INVALID: {
    area: 'integrity',
    meaning: 'A wrapped data key was altered, swapped or belongs elsewhere.',
    remedy: 'Run `strongroom fsck`; restore the key table from a copy.',
  },
  KEY_ROW_MISSING: {
    area: 'integrity',
    meaning: 'The wrapped data key of an object is gone: erased, or lost.',
    remedy: 'An erased document cannot come back. Otherwise restore the key table from a copy.',
  },
  NETWORK_REFUSED: {
    area: 'access',
    meaning: 'A connection would have left the private network that the configuration allows.',
    remedy:
      'Give the service a private endpoint whose name leads to private addresses, and name its host in network.endpoints.',
  },
  MODEL_REFUSED: {
    area: 'access',
    meaning: 'A model was to be used that the configuration does not allow.',
    remedy: 'Use one of the models that strongroom.json lists, or add its ARN there.',
  },
  VAULT_MISSING: {
    area: 'usage',
    meaning: 'There is no vault at this place.',
    remedy: 'Run `strongroom init --vault DIR`.',
  },
  VAULT_EXISTS: {
    area: 'usage',
    meaning: 'There is a vault at this place already.',
    remedy: 'Choose another directory.',
  },
  VAULT_LOCKED: {
    area: 'store',
    meaning: 'Another process is writing to this vault.',
    remedy: 'Wait for the named process to end.',
  },
  WITNESS_UNREACHABLE: {
    area: 'store',
    meaning: 'A witness did not answer, or not in the way of the protocol.',
    remedy: 'Check its address in strongroom.json and that it runs; then try again.',
  },
  STORE_FAILED: {
    area: 'store',
    meaning: 'A file could not be read or written.',
    remedy:
      'Check the disk and the permissions, then run the command again; finished work is kept.',
  },
  STORE_FULL: {
    area: 'store',
    meaning: 'The disk is full.',
    remedy: 'Free space and run the command again; acknowledged documents are safe.',
  },
  SERVICE_BUSY: {
    area: 'store',
    meaning: 'A cloud service throttles, or is out of order for the moment; retries were used up.',
    remedy:
      'Run the command again; finished work is kept. If it stays so, lower the concurrency or raise the quota.',
  },
  SERVICE_UNREACHABLE: {
    area: 'store',
    meaning: 'A cloud service cannot be reached, or a connection ended before the answer.',
    remedy: 'Check the endpoint of the configuration, name resolution and network; then try again.',
  },
  SERVICE_DENIED: {
    area: 'store',
    meaning: 'A cloud service does not allow a call to the credentials of this process.',
    remedy: 'Compare the permissions of the role with those that the configuration needs.',
  },
  CREDENTIALS_REFUSED: {
    area: 'store',
    meaning: 'The credentials of this process are missing, have expired or are not known.',
    remedy:
      'Renew the credentials of the environment, profile or role; then run the command again.',
  },
  SERVICE_REGION: {
    area: 'store',
    meaning: 'A resource lies in another Region than the one that was called.',
    remedy: 'Correct region or endpoint in the configuration.',
  },
  SERVICE_CLOCK: {
    area: 'store',
    meaning: 'A cloud service refuses the time of this machine.',
    remedy: 'Set the clock of this machine; signatures of requests hold for a few minutes.',
  },
  SERVICE_MISSING: {
    area: 'store',
    meaning: 'A bucket, queue, endpoint or index that the configuration names is not there.',
    remedy: 'Correct the name in the configuration, or create the resource.',
  },
  SERVICE_FAILED: {
    area: 'store',
    meaning: 'A cloud service, or something between, answered in a way that is not expected.',
    remedy:
      'See status and request id in the details; check that the endpoint is the right service.',
  },
  PATH_INVALID: {
    area: 'store',
    meaning: 'An object path has segments that could leave the store.',
    remedy: 'Use relative ASCII paths without `.` and `..` segments.',
  },
  SOURCE_MISSING: {
    area: 'ingest',
    meaning: 'A path to ingest does not exist.',
    remedy: 'Check the path.',
  },
  SOURCE_OUTSIDE: {
    area: 'ingest',
    meaning: 'A path or link leads out of the folder that is ingested.',
    remedy: 'Ingest the target itself, or remove the link.',
  },
  SOURCE_UNREADABLE: {
    area: 'ingest',
    meaning: 'A file could not be read.',
    remedy: 'Check its permissions; the other files were ingested.',
  },
  SOURCE_EMPTY: {
    area: 'ingest',
    meaning: 'A file holds no text.',
    remedy: 'Nothing to do, unless the file should have had text.',
  },
  SOURCE_TOO_LARGE: {
    area: 'ingest',
    meaning: 'A file is larger than the limit.',
    remedy: 'Split it, or raise ingest.maxFileBytes.',
  },
  SOURCE_BINARY: {
    area: 'ingest',
    meaning: 'A file is binary, or not in UTF-8.',
    remedy: 'Convert it to a supported text format.',
  },
  SOURCE_MALFORMED: {
    area: 'ingest',
    meaning: 'A file does not have the syntax that its name promises.',
    remedy: 'Correct the file at the named place.',
  },
  SOURCE_FLAGGED: {
    area: 'ingest',
    meaning: 'A file holds hidden text, and the policy refuses such files.',
    remedy: 'Look at what is hidden; remove it from the file.',
  },
  SOURCE_UNSUPPORTED: {
    area: 'ingest',
    meaning: 'There is no loader for this type of file.',
    remedy: 'Convert it to Markdown, HTML, plain text, JSON, CSV, PDF, DOCX or e-mail.',
  },
  SOURCE_DUPLICATE: {
    area: 'ingest',
    meaning: 'Two sources of one run have the same document id.',
    remedy: 'Remove one, or give one its own id.',
  },
  SOURCE_CHANGED: {
    area: 'ingest',
    meaning: 'A document was replaced or removed in its source before it could be read.',
    remedy: 'Nothing to do where the source announces changes; else ingest it again.',
  },
  MESSAGE_INVALID: {
    area: 'ingest',
    meaning: 'A message of the queue is neither an event of S3 nor a job.',
    remedy: 'Find out what sends it; after some tries it lies with the dead letters.',
  },
  INGEST_CONFLICT: {
    area: 'ingest',
    meaning: 'Another writer changed the document at the same moment.',
    remedy: 'Run the command again.',
  },
  ENTRY_TOO_LARGE: {
    area: 'ingest',
    meaning: 'A log entry would exceed 8,192 bytes, or an attestation 256 KiB.',
    remedy: 'Shorten the named field.',
  },
  ENTRY_REFUSED: {
    area: 'integrity',
    meaning:
      'An entry is void: the sequencer will not append it, or a log holds it without effect.',
    remedy:
      'Read the reason in the message; run the command again from the current state. In a log, find out who published it: `strongroom fsck` lists it.',
  },
  VECTOR_INVALID: {
    area: 'index',
    meaning: 'A vector has the wrong dimension, is zero, or holds NaN or infinity.',
    remedy: 'Check the embedder.',
  },
  INDEX_FULL: {
    area: 'index',
    meaning: 'The index of this process has used up the memory it may have.',
    remedy: 'Divide the documents among several vaults, or use an embedder of fewer dimensions.',
  },
  INDEX_UNAVAILABLE: {
    area: 'store',
    meaning: 'The search engine that holds the index did not answer, or cannot work for now.',
    remedy: 'Check its address, the network and its health; then run the command again.',
  },
  INDEX_REFUSED: {
    area: 'index',
    meaning: 'The search engine that holds the index refuses what it was asked for.',
    remedy:
      'See status and type: 401 and 403 are about user, password and roles, 404 about a missing index, 400 about an index that was made otherwise.',
  },
  EMBEDDER_FAILED: {
    area: 'index',
    meaning:
      'The embedder ended with an error of its own, or its service could not be reached or did not answer as it should.',
    remedy:
      'See the cause of the error; check a service and its key; run the command again, what was acknowledged is kept.',
  },
  EMBEDDER_MISMATCH: {
    area: 'index',
    meaning: 'The vault was made for another embedder.',
    remedy: 'Use the embedder named at `strongroom init`; another model means another vault.',
  },
  RERANKER_FAILED: {
    area: 'index',
    meaning: 'A reranker failed, or did not give one finite score for each passage.',
    remedy: 'Check the reranker; the same search without it does not depend on it.',
  },
  MODEL_MISSING: {
    area: 'index',
    meaning: 'A file of an embedding model cannot be read.',
    remedy:
      'The static table is part of the package: install it again. The transformer is a package of its own, @strongroom/model-minilm.',
  },
  MODEL_INVALID: {
    area: 'integrity',
    meaning: 'A file of an embedding model is not the one whose digest this version knows.',
    remedy: 'Install the package again; nothing was embedded with the altered file.',
  },
  RUNTIME_MISSING: {
    area: 'index',
    meaning:
      'The runtime that a transformer needs is not installed, or has no build for this machine.',
    remedy:
      'Run `npm install onnxruntime-node`, or go on with the static table: it needs no other package.',
  },
  ABORTED: {
    area: 'usage',
    meaning: 'The caller cancelled the operation.',
    remedy: 'Run it again; finished work is kept.',
  },
  INTERNAL: {
    area: 'store',
    meaning: 'Strongroom met a state that it does not expect: a bug.',
    remedy: 'Report it with the steps that led to it.',
  },
} as const satisfies Record<string, ErrorInfo>;

/** A stable error code, the string that programs may switch on. */
export type ErrorCode = keyof typeof ERROR_CODES;
