import { spawnSync } from 'node:child_process';
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const tmpfsMagic = 0x0102_1994;

/** Puts every file of a directory out of memory: posix_fadvise(POSIX_FADV_DONTNEED) on the whole of it, as coreutils offers it. */
export function evictFiles(directory: string): void {
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    const { status } = spawnSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0']);
    if (status !== 0) throw new Error(`dd could not evict ${file}`);
  }
}

/** False where files are memory: nothing can be put out of it. */
export function canEvict(directory: string): boolean {
  return statfsSync(directory).type !== tmpfsMagic;
}
