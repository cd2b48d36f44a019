import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, realpath, stat, symlink, utimes } from 'node:fs/promises';
import { type FileStatus, FileSystemError, type FileTools, type ReadableFile } from '../common/ports/index.js';

const readOnly = constants.O_RDONLY | constants.O_NOATIME;

export const nodeFileTools: FileTools = {
  openForReading: (path) =>
    run('open', path, async () => {
      // Only the owner of a file may ask that its access time stays.
      const handle = await open(path, readOnly)
        .catch((error: unknown) => (codeOf(error) === 'EPERM' ? open(path, constants.O_RDONLY) : Promise.reject(error)))
        .catch((error: unknown) => (codeOf(error) === 'ENOENT' ? undefined : Promise.reject(error)));
      if (handle === undefined) return undefined;
      try {
        const { size, mtimeMs } = await handle.stat();
        return new NodeReadableFile(path, handle, size, mtimeMs);
      } catch (error) {
        await handle.close();
        throw error;
      }
    }),

  stat: (path) =>
    run('stat', path, async (): Promise<FileStatus | undefined> => {
      const found = await stat(path).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
        throw error;
      });
      if (found === undefined) return undefined;
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
      return { kind, sizeBytes: found.size, modifiedMs: found.mtimeMs };
    }),

  writeFile: (path, parts) =>
    run('write', path, async () => {
      const handle = await open(path, 'w');
      try {
        for await (const part of parts) await handle.writeFile(part);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }),

  copyFile: (from, to) =>
    run('copy', from, async () => {
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      const { atimeMs, mtimeMs } = await stat(from);
      await utimes(to, atimeMs / 1000, mtimeMs / 1000);
      const handle = await open(to, constants.O_RDONLY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }),

  link: (target, path) => run('link', path, () => symlink(target, path)),
  realPath: (path) => run('find', path, () => realpath(path)),
};

class NodeReadableFile implements ReadableFile {
  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    readonly sizeBytes: number,
    readonly modifiedMs: number,
  ) {}

  read(position: number, sizeBytes: number): Promise<Buffer> {
    return run('read', this.path, async () => {
      const into = Buffer.allocUnsafe(sizeBytes);
      let done = 0;
      while (done < sizeBytes) {
        const { bytesRead } = await this.handle.read(into, done, sizeBytes - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return into.subarray(0, done);
    });
  }

  close(): Promise<void> {
    return run('close', this.path, () => this.handle.close());
  }
}

async function run<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FileSystemError) throw error;
    throw new FileSystemError(operation, path, codeOf(error), { cause: error });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}
