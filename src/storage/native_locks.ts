import type { DirectoryLocks } from '../common/ports/index.js';
import { loadAddon } from './native.js';
import { typed } from './native_results.js';

/** Locks of log directories, over the addon. */
export function createNativeLocks(): DirectoryLocks {
  return {
    take(path, kind) {
      try {
        return new (loadAddon().NativeLock)(path, kind === 'exclusive');
      } catch (error) {
        throw typed(error);
      }
    },
  };
}
