import type { PartitionLog } from './partition_log.js';

/**
 * Deletes the oldest segments as `retention.ms`, `retention.bytes` and the log start offset ask for. The active segment is
 * rolled first when it is expired too, so that an idle topic empties in time. Returns how many segments went.
 */
export function deleteExpiredSegments(log: PartitionLog, nowMs: number): number {
  const { config } = log;
  if (!config.deleteOld) return deleteBelowStart(log);
  const active = log.log.segments().at(-1);
  if (config.retentionMs >= 0 && active !== undefined && active.sizeBytes > 0) {
    const newestMs = active.maxTimestampMs >= 0 ? active.maxTimestampMs : active.lastModifiedMs;
    if (nowMs - newestMs > config.retentionMs) log.log.roll();
  }
  const sealed = log.log.segments().slice(0, -1);
  let excessBytes = config.retentionBytes < 0 ? 0 : log.log.sizeBytes - config.retentionBytes;
  const expired: number[] = [];
  for (const segment of sealed) {
    const newestMs = segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.lastModifiedMs;
    const tooOld = config.retentionMs >= 0 && nowMs - newestMs > config.retentionMs;
    const tooMuch = excessBytes - segment.sizeBytes >= 0 && config.retentionBytes >= 0;
    const below = (log.log.segments()[expired.length + 1]?.baseOffset ?? 0) <= log.log.logStartOffset;
    if (!tooOld && !tooMuch && !below) break;
    expired.push(segment.baseOffset);
    excessBytes -= segment.sizeBytes;
  }
  log.log.deleteSegments(expired);
  if (expired.length > 0) log.advanceLogStartOffset(log.log.logStartOffset);
  return expired.length;
}

/** DeleteRecords raised the start: segments wholly below it hold nothing anybody may read. */
function deleteBelowStart(log: PartitionLog): number {
  const segments = log.log.segments();
  const gone = segments.filter(
    (_, index) => (segments[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY) <= log.log.logStartOffset,
  );
  log.log.deleteSegments(gone.map((segment) => segment.baseOffset));
  return gone.length;
}
