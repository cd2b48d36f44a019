import type { Clock } from '../common/ports/index.js';
import type { CoordinatorLog } from '../coordinator/runtime/log.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Partition } from '../replication/partition.js';
import type { ReplicaManager } from '../replication/replica_manager.js';
import type { AppendResult } from '../storage/partition_log.js';
import { withoutWaiting } from '../storage/without_waiting.js';

/** The coordinator of the keys in a topic's partitions. */
export interface PartitionCoordinator {
  /** This broker leads a partition whose log is being loaded. */
  expectPartition(partition: number): void;
  /** Resolves when the partition's state is there, or cannot be had. */
  startPartition(partition: number, log: CoordinatorLog, leaderEpoch: number): Promise<void>;
  stopPartition(partition: number): void;
}

export interface CoordinatorWiringDeps {
  readonly replicas: ReplicaManager;
  readonly clock: Clock;
  /** `transaction.partition.verification.enable` */
  readonly verifiesTransactions: () => boolean;
}

/** A partition of a coordinator's topic as the coordinator sees it. */
function coordinatorLog(partition: Partition, { clock, verifiesTransactions }: CoordinatorWiringDeps): CoordinatorLog {
  const log = () => partition.log?.log;
  const appended = (result: AppendResult) =>
    result.errorCode === ErrorCode.NONE
      ? { baseOffset: result.firstOffset, lastOffset: result.lastOffset }
      : result.errorCode;
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
    append: (batch, verification) =>
      appended(
        partition.appendInternal(batch, clock.wallMs(), {
          verifiesTransactions: verifiesTransactions(),
          verification,
        }),
      ),
    appendMarker: (marker) => appended(partition.appendMarker(marker, clock.wallMs())),
    onHighWatermark: (listener) => partition.onHighWatermark(listener),
    read(fromOffset, maxBytes) {
      const opened = log();
      if (opened === undefined) return new Uint8Array(0);
      return withoutWaiting(opened, () => opened.readCopy(fromOffset, maxBytes, opened.logEndOffset));
    },
  };
}

/** Starts the coordinators on partitions that this broker has begun to lead, and stops them on those that are gone. */
export class CoordinatorWiring {
  private readonly wires: readonly TopicWiring[];

  /** `coordinators` by the topic that holds their records. */
  constructor(deps: CoordinatorWiringDeps, coordinators: ReadonlyMap<string, PartitionCoordinator>) {
    this.wires = [...coordinators].map(([topic, coordinator]) => new TopicWiring(deps, topic, coordinator));
  }

  /** After partitions changed or their logs were opened. Resolves when new ones are loaded. */
  async sync(): Promise<void> {
    await Promise.all(this.wires.map((wire) => wire.sync()));
  }

  /** Partitions went offline: what they coordinate is not coordinated here any more. */
  stopOffline(): void {
    for (const wire of this.wires) wire.stopOffline();
  }

  /** Whether a coordinator has to do with the topic. */
  isOf(topic: string): boolean {
    return this.wires.some((wire) => wire.topic === topic);
  }
}

class TopicWiring {
  private readonly started = new Map<number, Partition>();
  /** Led, and their logs are being loaded. */
  private readonly expected = new Set<number>();

  constructor(
    private readonly deps: CoordinatorWiringDeps,
    readonly topic: string,
    private readonly coordinator: PartitionCoordinator,
  ) {}

  stopOffline(): void {
    for (const [index, partition] of this.started) {
      if (!partition.offline) continue;
      this.started.delete(index);
      this.coordinator.stopPartition(index);
    }
  }

  async sync(): Promise<void> {
    const { replicas } = this.deps;
    const loading: Promise<void>[] = [];
    const led = new Map<number, Partition>();
    for (const partition of replicas.all()) {
      if (partition.topic !== this.topic || partition.offline) continue;
      if (partition.log === undefined) this.expected.add(partition.partition);
      else led.set(partition.partition, partition);
    }
    for (const index of this.expected) {
      if (replicas.get(this.topic, index)?.unavailable === ErrorCode.NOT_LEADER_OR_FOLLOWER)
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
      const log = coordinatorLog(partition, this.deps);
      loading.push(this.coordinator.startPartition(index, log, partition.leaderEpoch));
    }
    await Promise.all(loading);
  }
}

/** A coordinator needs nothing below `offset` any more. False when it could not be deleted, or not for good. */
export async function deleteInternalRecords(
  replicas: ReplicaManager,
  checkpointStarts: () => Promise<void>,
  topic: string,
  partition: number,
  offset: number,
): Promise<boolean> {
  const deleted = replicas.get(topic, partition)?.deleteRecords(offset);
  if (deleted?.errorCode !== ErrorCode.NONE) return false;
  return checkpointStarts().then(
    () => true,
    // A full disk; what was deleted comes back after a crash, and is deleted again.
    () => false,
  );
}
