import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const chunk = Buffer.alloc(64 * 1024);

/** A file system of its own (tmpfs) that can be filled up. */
export class SmallDisk {
  private constructor(private readonly path: string) {}

  /** Or why there cannot be one: mounting needs root, and some containers refuse it even then. */
  static mount(path: string, sizeBytes: number): SmallDisk | string {
    mkdirSync(path, { recursive: true });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path], { encoding: 'utf8' });
    if (mounted.status === 0) return new SmallDisk(path);
    return `no tmpfs can be mounted here (${mounted.error?.message ?? mounted.stderr.trim()})`;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Somebody else's file takes everything but so much. */
  fill(leaveBytes: number): void {
    const file = openSync(join(this.path, 'ballast'), 'a');
    try {
      while (this.freeBytes > leaveBytes)
        writeSync(file, chunk, 0, Math.min(chunk.length, this.freeBytes - leaveBytes));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.path, 'ballast'), { force: true });
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.path]);
  }
}
