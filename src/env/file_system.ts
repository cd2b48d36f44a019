import { constants, type Dirent } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type AppendFile, type DirectoryEntry, type FileSystem, FileSystemError } from '../common/ports/index.js';

/** As many as keep the thread pool's four threads busy. */
const writesAtOnce = 16;

/** Files through Node's thread pool: nothing here blocks the event loop. */
export class NodeFileSystem implements FileSystem {
  #pending = 0;
  #writing = 0;
  readonly #waiting: Array<() => void> = [];

  /** Operations in flight; virtual time waits for them. */
  get pending(): number {
    return this.#pending;
  }

  readFile(path: string): Promise<Uint8Array | undefined> {
    return this.#run('read', path, () => readFile(path).catch(undefinedWhenMissing));
  }

  /** One call per path at a time: the temporary file is `<path>.tmp`, as Kafka names it. */
  writeFileAtomic(path: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void> {
    return this.#run('write', path, () =>
      this.#inTurn(async () => {
        const temporary = `${path}.tmp`;
        try {
          await writeNew(temporary, bytes, options.sync);
          await rename(temporary, path);
        } catch (error) {
          // On a full disk half a file would be the last thing that is wanted.
          await rm(temporary, { force: true }).catch(() => undefined);
          throw error;
        }
        if (options.sync) await syncDirectory(dirname(path));
      }),
    );
  }

  /** Ten thousand logs may have something to write at once; each open file is a descriptor. */
  async #inTurn(write: () => Promise<void>): Promise<void> {
    if (this.#writing < writesAtOnce) this.#writing += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await write();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#writing -= 1;
      else next();
    }
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run('mkdir', path, async () => {
      const wanted = resolve(path);
      const first = await mkdir(wanted, { recursive: true });
      if (first === undefined) return;
      for (let made = wanted; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
    });
  }

  listDirectory(path: string): Promise<readonly DirectoryEntry[] | undefined> {
    return this.#run('list', path, async () => {
      const entries = await readdir(path, { withFileTypes: true }).catch(undefinedWhenMissing);
      return entries?.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, () => rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#run('remove', path, () => rm(path, { recursive: true, force: true }));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run('sync', path, () => syncDirectory(path));
  }

  makeTemporaryDirectory(prefix: string): Promise<string> {
    const path = join(tmpdir(), prefix);
    return this.#run('mkdtemp', path, () => mkdtemp(path));
  }

  openAppendFile(path: string): Promise<AppendFile> {
    return this.#run('open', path, async () => {
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
      try {
        const { size } = await handle.stat();
        return new NodeAppendFile(path, handle, size, (operation, work) => this.#run(operation, path, work));
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  diskSpace(path: string): Promise<{ readonly totalBytes: number; readonly usableBytes: number }> {
    return this.#run('statfs', path, async () => {
      const { blocks, bavail, bsize } = await statfs(path);
      return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
    });
  }

  async #run<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await work();
    } catch (error) {
      if (error instanceof FileSystemError) throw error;
      throw new FileSystemError(operation, path, codeOf(error), { cause: error });
    } finally {
      this.#pending -= 1;
    }
  }
}

/** Shared by everything in this process that needs no count of its own. */
export const nodeFileSystem: FileSystem = new NodeFileSystem();

type Run = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

/** Writes at `sizeBytes`, not with O_APPEND: what a failed write left behind is overwritten by the next one. */
class NodeAppendFile implements AppendFile {
  #sizeBytes: number;
  #syncFailure: FileSystemError | undefined;

  constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    sizeBytes: number,
    private readonly run: Run,
  ) {
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#unlessFailed('append', async () => {
      try {
        for (let written = 0; written < bytes.length; ) {
          const { bytesWritten } = await this.handle.write(
            bytes,
            written,
            bytes.length - written,
            this.#sizeBytes + written,
          );
          written += bytesWritten;
        }
      } catch (error) {
        // Half a write is overwritten by the next one in any case; cut off, it takes no room on a full disk.
        await this.handle.truncate(this.#sizeBytes).catch(() => undefined);
        throw error;
      }
      this.#sizeBytes += bytes.length;
    });
  }

  async sync(): Promise<void> {
    try {
      await this.#unlessFailed('sync', () => this.handle.datasync());
    } catch (error) {
      // The kernel may have dropped the dirty pages: a second sync would lie.
      this.#syncFailure ??= error instanceof FileSystemError ? error : undefined;
      throw error;
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#unlessFailed('truncate', async () => {
      await this.handle.truncate(sizeBytes);
      this.#sizeBytes = sizeBytes;
    });
  }

  close(): Promise<void> {
    return this.run('close', () => this.handle.close());
  }

  #unlessFailed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#syncFailure !== undefined)
      return Promise.reject(
        new FileSystemError(operation, this.path, this.#syncFailure.code, { cause: this.#syncFailure }),
      );
    return this.run(operation, work);
  }
}

async function writeNew(path: string, bytes: Uint8Array, sync: boolean): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    if (sync) await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function undefinedWhenMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

function kindOf(entry: Dirent): DirectoryEntry['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}
