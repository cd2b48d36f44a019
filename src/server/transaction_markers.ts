import type { Clock, Timers } from '../common/ports/index.js';
import { type GroupCoordinator, groupMetadataTopic } from '../coordinator/group_coordinator.js';
import type { EndOfTransaction } from '../coordinator/runtime/log.js';
import type { MarkerWriter } from '../coordinator/transaction/markers.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Partition } from '../replication/partition.js';
import type { ReplicaManager } from '../replication/replica_manager.js';

export interface LocalMarkersDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly replicas: ReplicaManager;
  /** Ends transactions that committed offsets. */
  readonly groups: Pick<GroupCoordinator, 'endTransaction'>;
  /** How long a marker may take to be committed, ms. */
  readonly timeoutMs: number;
}

/** Writes the markers of partitions that this broker leads: WriteTxnMarkers, and the transaction coordinator in the same broker. */
export class LocalMarkers implements MarkerWriter {
  /** Who waits for a marker to be committed. */
  private readonly waiting = new Set<(error: ErrorCode) => void>();

  constructor(private readonly deps: LocalMarkersDeps) {}

  /** Answers everybody who waits. */
  close(): void {
    for (const finish of [...this.waiting]) finish(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }

  async write(topic: string, index: number, marker: EndOfTransaction): Promise<ErrorCode> {
    const partition = this.deps.replicas.get(topic, index);
    if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (topic === groupMetadataTopic) return this.endInGroups(index, marker);
    const result = partition.appendMarker(marker, this.deps.clock.wallMs());
    if (result.errorCode !== ErrorCode.NONE) return result.errorCode;
    return this.committed(partition, result.lastOffset);
  }

  private async endInGroups(index: number, marker: EndOfTransaction): Promise<ErrorCode> {
    const error = await this.deps.groups.endTransaction(index, marker);
    switch (error) {
      case ErrorCode.COORDINATOR_NOT_AVAILABLE:
      case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
      case ErrorCode.NOT_COORDINATOR:
        // The writer of markers knows partitions, not coordinators.
        return ErrorCode.NOT_LEADER_OR_FOLLOWER;
      default:
        return error;
    }
  }

  private committed(partition: Partition, lastOffset: number): Promise<ErrorCode> {
    if (partition.highWatermark > lastOffset) return Promise.resolve(ErrorCode.NONE);
    return new Promise((resolve) => {
      const finish = (error: ErrorCode) => {
        undo();
        timer.cancel();
        this.waiting.delete(finish);
        resolve(error);
      };
      this.waiting.add(finish);
      const undo = partition.onHighWatermark((highWatermark) => {
        if (highWatermark > lastOffset) finish(ErrorCode.NONE);
        else if (partition.offline) finish(ErrorCode.KAFKA_STORAGE_ERROR);
      });
      const timer = this.deps.timers.after(this.deps.timeoutMs, () => finish(ErrorCode.REQUEST_TIMED_OUT));
    });
  }
}
