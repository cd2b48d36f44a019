import type { CleanerSettings } from '../../../src/storage/log_cleaner.js';

/** In a directory that nothing else is in: nobody else syncs it. */
export const diskNames: readonly string[] = ['logs/a', 'logs/b'];

/** What is there when a recorded life begins. */
export const recordedDirectories: readonly string[] = ['disks'];

/** Of the topics of a life the one that is compacted. */
export const compactedTopic = 'c';

export const cleaner: CleanerSettings = {
  threads: 1,
  dedupeBufferBytes: 1 << 20,
  dedupeBufferLoadFactor: 0.9,
  ioBufferBytes: 1 << 19,
  maxIoBytesPerSecond: Number.POSITIVE_INFINITY,
  backoffMs: 15_000,
};

export function flushModeOf(seed: number): 'group' | 'os' {
  return seed % 3 === 0 ? 'os' : 'group';
}
