import { LogStoreError } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Partition } from '../../replication/partition.js';
import type { ShareFailure } from '../../replication/share/states.js';
import { offsetForTimestamp } from '../handlers/list_offsets.js';

const durationPattern = /^by_duration:[Pp](?:(\d+)[Dd])?(?:[Tt](?:(\d+)[Hh])?(?:(\d+)[Mm])?(?:(\d+(?:\.\d+)?)[Ss])?)?$/;

/** Where a group begins in a partition (`share.auto.offset.reset`): `latest`, `earliest`, `by_duration:PnDTnHnMn.nS`. */
export async function resetOffset(
  partition: Partition,
  strategy: string,
  nowMs: number,
): Promise<number | ShareFailure> {
  const log = partition.log?.log;
  if (log === undefined) return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: null };
  if (strategy === 'earliest') return log.logStartOffset;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = durationPattern.exec(strategy) ?? [];
  if (!strategy.startsWith('by_duration:')) return partition.highWatermark;
  const ageMs = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
  try {
    // Nothing is as young as that: the end.
    return (await offsetForTimestamp(partition, nowMs - ageMs)) ?? partition.highWatermark;
  } catch (error) {
    if (!(error instanceof LogStoreError)) throw error;
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message: error.message };
  }
}
