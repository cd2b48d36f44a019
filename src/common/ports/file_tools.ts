/**
 * What tools do to log directories that no broker serves: reading files of any size in parts, copying, linking.
 * Every failure is a `FileSystemError`.
 */
export interface FileTools {
  /** Read-only; does not even change its access time where the kernel allows that. Undefined when the file does not exist. */
  openForReading(path: string): Promise<ReadableFile | undefined>;
  /** Undefined when nothing is there. Follows symbolic links. */
  stat(path: string): Promise<FileStatus | undefined>;
  /** Writes a new file (an old one is replaced) from parts, and syncs it. */
  writeFile(path: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** Copies bytes (sharing them where the file system can), mode and modification time, and syncs the copy. */
  copyFile(from: string, to: string): Promise<void>;
  /** Makes `path` a symbolic link to `target`. */
  link(target: string, path: string): Promise<void>;
  /** The path without symbolic links and relative steps. */
  realPath(path: string): Promise<string>;
}

export interface ReadableFile {
  readonly path: string;
  /** As it was when it was opened. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Fewer than `sizeBytes` bytes only at the end of the file. The bytes are the caller's. */
  read(position: number, sizeBytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'other';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** The `.lock` file of log directories, for who is no broker. */
export interface DirectoryLocks {
  /**
   * `shared` conflicts with brokers only, creates nothing and needs no right to write; a directory without `.lock` has no broker. `exclusive`
   * conflicts with everybody and creates the file.
   * @throws LogStoreError `LOCKED`, `IO`
   */
  take(path: string, kind: 'shared' | 'exclusive'): { release(): void };
}
