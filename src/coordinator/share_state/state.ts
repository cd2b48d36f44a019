import type { ShareSnapshotValue, ShareUpdateValue } from '../../protocol/records/share_coordinator.js';
import type { UndoLog } from '../runtime/machine.js';
import { combineStateBatches } from './combiner.js';
import { type SharePartitionId, shareKeyOf } from './partition_id.js';
import type { ShareStateRecord } from './records.js';
import { RedundantOffset } from './redundant_offset.js';

/** Snapshot and updates of a share partition, put together. */
export interface ShareState {
  readonly id: SharePartitionId;
  readonly offset: ShareSnapshotValue;
  /** The highest there was, which later requests must not be below; undefined: not said yet. */
  readonly leaderEpoch: number;
  readonly stateEpoch: number | undefined;
  /** Updates since the last snapshot that was due. */
  readonly updates: number;
}

/** What one partition of `__share_group_state` says. Values in `partitions` are replaced, never changed. */
export interface ShareStates {
  readonly partitions: Map<string, ShareState>;
  readonly redundant: RedundantOffset;
}

export function newShareStates(): ShareStates {
  return { partitions: new Map(), redundant: new RedundantOffset() };
}

/** The only mutation of {@link ShareStates}, but for where records lie in the log. */
export function applyShareStateRecord(
  state: ShareStates,
  record: ShareStateRecord,
  updatesPerSnapshot: number,
  undo?: UndoLog,
): void {
  const key = shareKeyOf(record.id);
  const before = state.partitions.get(key);
  const after = next(before, record, updatesPerSnapshot);
  if (after === undefined) state.partitions.delete(key);
  else state.partitions.set(key, after);
  undo?.push(() => {
    if (before === undefined) state.partitions.delete(key);
    else state.partitions.set(key, before);
  });
}

function next(
  before: ShareState | undefined,
  record: ShareStateRecord,
  updatesPerSnapshot: number,
): ShareState | undefined {
  const { id } = record;
  if (record.kind === 'update') {
    const { value } = record;
    const offset = before === undefined ? firstOf(value) : merged(before.offset, value);
    const leaderEpoch = Math.max(before?.leaderEpoch ?? value.leaderEpoch, value.leaderEpoch);
    return { id, offset, leaderEpoch, stateEpoch: before?.stateEpoch, updates: (before?.updates ?? 0) + 1 };
  }
  const { value } = record;
  if (value === undefined) return undefined;
  const updates = before?.updates ?? 0;
  return {
    id,
    offset: value,
    leaderEpoch: Math.max(before?.leaderEpoch ?? value.leaderEpoch, value.leaderEpoch),
    stateEpoch: Math.max(before?.stateEpoch ?? value.stateEpoch, value.stateEpoch),
    // One that was not due (a new state epoch, a cold partition) leaves the count as it is, as in Kafka.
    updates: updates >= updatesPerSnapshot ? 0 : updates,
  };
}

/** An update whose snapshot is gone stands for itself. */
function firstOf(update: ShareUpdateValue): ShareSnapshotValue {
  return { ...update, stateEpoch: 0, createTimestamp: 0, writeTimestamp: 0 };
}

function merged(known: ShareSnapshotValue, update: ShareUpdateValue): ShareSnapshotValue {
  const startOffset = update.startOffset === -1 ? known.startOffset : update.startOffset;
  return {
    ...known,
    startOffset,
    deliveryCompleteCount: update.deliveryCompleteCount,
    leaderEpoch: update.leaderEpoch === -1 ? known.leaderEpoch : update.leaderEpoch,
    stateBatches: [...combineStateBatches(known.stateBatches, update.stateBatches, startOffset)],
  };
}
