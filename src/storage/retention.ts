import type { LogLoading, SegmentInfo } from '../common/ports/index.js';
import type { PartitionLog } from './partition_log.js';

/**
 * Deletes the oldest segments as `retention.ms` (by a segment's largest timestamp), `retention.bytes` and the log start offset ask for,
 * never what is not committed. The active segment goes, too, when everything has to: it is rolled first, so that an idle topic
 * empties in time. Returns how many segments went. Unless it `mayWait` for the medium, nothing goes as long as what tells the age of a
 * segment is not in memory.
 */
export function deleteExpiredSegments(log: PartitionLog, nowMs: number, mayWait: boolean): number | LogLoading {
  const segments = log.log.segments();
  const look = () => countOfExpired(log, segments, nowMs);
  const counted = mayWait ? { found: look() } : log.log.atOnce(look);
  if (!('found' in counted)) return counted;
  let count = counted.found;
  if (count === segments.length && count > 0 && !log.roll()) count -= 1;
  if (count === 0) return 0;
  log.log.deleteSegments(segments.slice(0, count).map(({ baseOffset }) => baseOffset));
  log.advanceLogStartOffset(log.log.logStartOffset);
  return count;
}

function countOfExpired(log: PartitionLog, segments: readonly SegmentInfo[], nowMs: number): number {
  const { deleteOld, retentionMs, retentionBytes } = log.config;
  let excessBytes = deleteOld && retentionBytes >= 0 ? log.log.sizeBytes - retentionBytes : -1;
  const committedOffset = log.committedOffset();
  let count = 0;
  for (const segment of segments) {
    const next = segments[count + 1];
    if (committedOffset < (next?.baseOffset ?? log.log.logEndOffset) || (next === undefined && segment.sizeBytes === 0))
      break;
    const newestMs = segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.lastModifiedMs;
    const tooOld = deleteOld && retentionMs >= 0 && nowMs - newestMs > retentionMs;
    const tooMuch = excessBytes - segment.sizeBytes >= 0;
    // DeleteRecords raised the start: what lies wholly below it holds nothing anybody may read.
    const below = next !== undefined && next.baseOffset <= log.log.logStartOffset;
    if (!tooOld && !tooMuch && !below) break;
    excessBytes -= segment.sizeBytes;
    count += 1;
  }
  return count;
}
