import { INT64_MAX } from '../common/ids.js';
import type { AbortedTransaction, FileSystem, SegmentedLog } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';
import type { LeaderEpochCache } from './leader_epochs.js';
import { ProducerSnapshots } from './producer_snapshots.js';
import type { ProducerStateManager } from './producer_state.js';
import type { SideFiles } from './side_files.js';
import { withoutWaiting } from './without_waiting.js';

/** Headers read and replayed in one turn of the event loop. */
const batchesPerScan = 512;
/** Of a log that is not in memory. */
const aheadBytes = 4 * 1024 * 1024;

export interface ReplayParts {
  readonly log: SegmentedLog;
  /** The directory of `log`. */
  readonly path: string;
  readonly producers: ProducerStateManager;
  readonly epochs: LeaderEpochCache;
  readonly files: FileSystem;
  readonly logger: Logger;
  /** What lay beside the log when it was opened; undefined: to be read from the disk. */
  readonly beside?: SideFiles;
  /** Awaited between two scans: lets the event loop go on, and throws when the replay is not wanted any more. */
  readonly turn?: () => Promise<void>;
}

/**
 * Brings `producers` to what the log says: from the newest usable snapshot, and the headers of the batches behind it (of markers
 * what they end). `abortedLostFrom`: aborted transactions whose markers lie at or above it are written to their indexes again;
 * INT64_MAX: the indexes are whole. Markers at and above `committedOffset` are waited for again. Cost: a read of one small file and of the headers behind it, all headers without a snapshot.
 *
 * @returns the offset of the snapshot, undefined when there was none
 */
export async function reloadProducers(
  parts: ReplayParts,
  abortedLostFrom: number,
  committedOffset: number,
): Promise<number | undefined> {
  const { log, path, producers, epochs, files, logger, turn, beside } = parts;
  const { logStartOffset, logEndOffset } = log;
  const bases = log.segments().map(({ baseOffset }) => baseOffset);
  const snapshots = await ProducerSnapshots.open({ files, logger, beside }, path, log.name, bases);
  producers.clear();
  // A snapshot knows nothing of markers that are not committed: it is taken from before them.
  const latest = Math.min(Math.max(Math.min(abortedLostFrom, committedOffset), logStartOffset), logEndOffset);
  const snapshot = await snapshots.restore(producers, logStartOffset, latest, logEndOffset);
  const aborted: AbortedTransaction[] = [];
  for (let offset = snapshot ?? logStartOffset; offset < logEndOffset; ) {
    const from = offset;
    const batches = await withoutWaiting(log, () => log.scanBatches(from, batchesPerScan), aheadBytes);
    if (batches.length === 0) break;
    for (const batch of batches) {
      const { marker } = batch;
      epochs.assign(batch.leaderEpoch, batch.baseOffset);
      if (marker?.type === 'ABORT') {
        const completed = producers.completionOf(batch.producerId, marker, batch.baseOffset);
        if (completed !== undefined && completed.lastOffset >= abortedLostFrom) aborted.push(completed);
      }
      producers.update(batch, batch.maxTimestampMs, marker);
      offset = batch.baseOffset + batch.lastOffsetDelta + 1;
    }
    await turn?.();
  }
  if (abortedLostFrom < INT64_MAX) log.restoreAborted(abortedLostFrom, aborted);
  return snapshot;
}
