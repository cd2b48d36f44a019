import type { Clock } from '../common/ports/index.js';
import { type GroupCoordinator, groupMetadataTopic } from '../coordinator/group_coordinator.js';
import type { CoordinatorLog } from '../coordinator/runtime/log.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Partition } from '../replication/partition.js';
import type { ReplicaManager } from '../replication/replica_manager.js';

/** A partition of `__consumer_offsets` as its coordinator sees it. */
function coordinatorLog(partition: Partition, clock: Clock): CoordinatorLog {
  const log = () => partition.log?.log;
  return {
    get logStartOffset() {
      return log()?.logStartOffset ?? 0;
    },
    get logEndOffset() {
      return log()?.logEndOffset ?? 0;
    },
    get highWatermark() {
      return partition.highWatermark;
    },
    get maxBatchBytes() {
      return partition.log?.config.maxMessageBytes ?? 0;
    },
    append(batch) {
      const result = partition.appendInternal(batch, clock.wallMs());
      if (result.errorCode !== ErrorCode.NONE) return result.errorCode;
      return { baseOffset: result.firstOffset, lastOffset: result.lastOffset };
    },
    onHighWatermark: (listener) => partition.onHighWatermark(listener),
    read(fromOffset, maxBytes) {
      const opened = log();
      return opened === undefined ? new Uint8Array(0) : opened.readCopy(fromOffset, maxBytes, opened.logEndOffset);
    },
  };
}

/** Starts the coordinator on partitions that this broker has begun to lead, and stops it on those that are gone. */
export class CoordinatorWiring {
  private readonly started = new Map<number, Partition>();
  /** Led, and their logs are being loaded. */
  private readonly expected = new Set<number>();

  constructor(
    private readonly replicas: ReplicaManager,
    private readonly coordinator: GroupCoordinator,
    private readonly clock: Clock,
  ) {}

  /** Partitions went offline: what they coordinate is not coordinated here any more. */
  stopOffline(): void {
    for (const [index, partition] of this.started) {
      if (!partition.offline) continue;
      this.started.delete(index);
      this.coordinator.stopPartition(index);
    }
  }

  /** After partitions changed or their logs were opened. Resolves when new ones are loaded. */
  async sync(): Promise<void> {
    const loading: Promise<void>[] = [];
    const led = new Map<number, Partition>();
    for (const partition of this.replicas.all()) {
      if (partition.topic !== groupMetadataTopic || partition.offline) continue;
      if (partition.log === undefined) this.expected.add(partition.partition);
      else led.set(partition.partition, partition);
    }
    for (const index of this.expected) {
      if (this.replicas.get(groupMetadataTopic, index)?.unavailable === ErrorCode.NOT_LEADER_OR_FOLLOWER)
        this.coordinator.expectPartition(index);
      else this.expected.delete(index);
      if (!led.has(index) && !this.expected.has(index)) this.coordinator.stopPartition(index);
    }
    for (const [index, partition] of this.started) {
      if (led.get(index) === partition) continue;
      this.started.delete(index);
      this.coordinator.stopPartition(index);
    }
    for (const [index, partition] of led) {
      if (this.started.has(index)) continue;
      this.started.set(index, partition);
      loading.push(this.coordinator.startPartition(index, coordinatorLog(partition, this.clock)));
    }
    await Promise.all(loading);
  }
}
