/**
 * Small files: checkpoints, `meta.properties`, the metadata journal. Record bytes never pass through here.
 * Every failure is a {@link FileSystemError}.
 */
export interface FileSystem {
  /** Undefined when the file does not exist. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces `path` in one step: temporary file, fdatasync when `sync`, rename, directory sync when `sync`. On a failure `path` is as
   * it was, and no temporary file stays; but operation `sync` of the error: the new one is there and may not outlive a crash.
   */
  writeFileAtomic(path: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void>;
  /** Creates the directory and its parents, which outlive a crash from then on; nothing happens when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Undefined when the directory does not exist. Unsorted. */
  listDirectory(path: string): Promise<readonly DirectoryEntry[] | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a whole tree; nothing happens when it does not exist. */
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  /** A fresh directory under the system's temporary directory. */
  makeTemporaryDirectory(prefix: string): Promise<string>;
  /** Opens (or creates) a file for appending and positioned reads. */
  openAppendFile(path: string): Promise<AppendFile>;
  /** Size and free space of the file system that holds `path`, bytes. */
  diskSpace(path: string): Promise<{ readonly totalBytes: number; readonly usableBytes: number }>;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/** One writer. Calls do not overlap: the owner awaits each. */
export interface AppendFile {
  readonly sizeBytes: number;
  /** A failure leaves the file as it was. */
  append(bytes: Uint8Array): Promise<void>;
  /** fdatasync. A failure is final: every later call fails with the same error. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

export class FileSystemError extends Error {
  override readonly name = 'FileSystemError';
  constructor(
    readonly operation: string,
    readonly path: string,
    /** POSIX name, e.g. `ENOSPC`. */
    readonly code: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${operation} ${path}: ${code}`, options);
  }
}

/** There was no room for a write, which has changed nothing and may be done again. A failed sync is never that. */
export function isNoSpace(error: unknown): boolean {
  return (
    error instanceof FileSystemError &&
    error.operation !== 'sync' &&
    (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  );
}
