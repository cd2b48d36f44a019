import { LogStoreError, type SegmentedLog } from '../common/ports/index.js';

/** Without room for another file the segment in use stays, and those before it can go all the same. */
export function rollIfRoom(log: SegmentedLog): boolean {
  try {
    log.roll();
    return true;
  } catch (error) {
    if (error instanceof LogStoreError && error.kind === 'NO_SPACE') return false;
    throw error;
  }
}
