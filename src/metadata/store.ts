/**
 * The one seam between the broker and whatever keeps cluster metadata: the embedded journal for one broker, etcd or ZooKeeper for
 * more. Small values, atomic transactions, sessions, watches. One contract suite (test/metadata/store_contract.ts) runs on all.
 */
export interface MetadataStore {
  /** @throws MetadataStoreError */
  get(key: string): Promise<MetadataEntry | undefined>;
  /** Entries whose key begins with `prefix`, by key. @throws MetadataStoreError */
  list(prefix: string): Promise<readonly MetadataEntry[]>;
  /**
   * All of `ops` or none. Every key that is put or deleted must be named by a check. A lost race is a result, never retried inside.
   * @throws MetadataStoreError: `UNAVAILABLE` = certainly not applied, `UNKNOWN_OUTCOME` = re-read to find out
   */
  txn(checks: readonly MetadataCheck[], ops: readonly MetadataOp[]): Promise<MetadataTxnResult>;
  /** Keys put with the session vanish when it ends. */
  createSession(ttlMs: number): Promise<MetadataSession>;
  /** `onDirty` is called (coalesced, at least once, never inside another call) after something below `prefix` changed. */
  watch(prefix: string, onDirty: () => void): () => void;
  close(): Promise<void>;
}

export interface MetadataEntry {
  readonly key: string;
  readonly value: string;
  /** 1 when created, one more with each put. */
  readonly version: number;
  /** Revision of the store at which the key was created: unique, never used again. */
  readonly createRevision: number;
  readonly modRevision: number;
}

/** `version` 0: the key must be absent. */
export interface MetadataCheck {
  readonly key: string;
  readonly version: number;
}

export type MetadataOp =
  | { readonly put: string; readonly value: string; readonly session?: MetadataSession }
  | { readonly delete: string };

export type MetadataTxnResult = { readonly committed: true; readonly revision: number } | { readonly committed: false };

export interface MetadataSession {
  readonly id: number;
  /** Monotonic time (ms) from which on this side must act as if the session were gone. */
  deadline(): number;
  /** Called once when the session was lost. */
  onLost(listener: () => void): void;
  /** Ends it now; its keys vanish. */
  end(): Promise<void>;
}

export const maxValueBytes = 512 * 1024;
export const maxTxnBytes = 900 * 1024;
export const maxTxnOps = 100;
const keyPattern = /^\/[A-Za-z0-9._/-]*$/;

export type MetadataStoreErrorKind =
  | 'UNAVAILABLE'
  | 'UNKNOWN_OUTCOME'
  | 'SESSION_LOST'
  | 'TOO_LARGE'
  | 'BAD_ARGUMENTS'
  | 'NOT_AUTHORIZED'
  | 'CORRUPT'
  | 'LOCKED'
  | 'IO';

export class MetadataStoreError extends Error {
  override readonly name = 'MetadataStoreError';
  constructor(
    readonly kind: MetadataStoreErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${kind}: ${message}`, options);
  }
}

/** What every adapter refuses alike. @throws MetadataStoreError `BAD_ARGUMENTS`, `TOO_LARGE` */
export function validateTxn(checks: readonly MetadataCheck[], ops: readonly MetadataOp[]): void {
  if (ops.length > maxTxnOps || checks.length > maxTxnOps)
    throw new MetadataStoreError('TOO_LARGE', `a transaction has at most ${maxTxnOps} checks and operations`);
  const checked = new Set(checks.map(({ key }) => key));
  const written = new Set<string>();
  let sizeBytes = 0;
  for (const key of checked) validateKey(key);
  for (const op of ops) {
    const key = 'put' in op ? op.put : op.delete;
    validateKey(key);
    if (!checked.has(key)) throw new MetadataStoreError('BAD_ARGUMENTS', `${key} is written without a check on it`);
    if (written.has(key)) throw new MetadataStoreError('BAD_ARGUMENTS', `${key} is written twice`);
    written.add(key);
    const valueBytes = 'put' in op ? Buffer.byteLength(op.value) : 0;
    if (valueBytes > maxValueBytes)
      throw new MetadataStoreError(
        'TOO_LARGE',
        `the value of ${key} has ${valueBytes} bytes, more than ${maxValueBytes}`,
      );
    sizeBytes += key.length + valueBytes;
  }
  if (sizeBytes > maxTxnBytes)
    throw new MetadataStoreError('TOO_LARGE', `the transaction has ${sizeBytes} bytes, more than ${maxTxnBytes}`);
}

export function validateKey(key: string): void {
  if (!keyPattern.test(key)) throw new MetadataStoreError('BAD_ARGUMENTS', `not a key: ${JSON.stringify(key)}`);
}
