import type { UndoLog } from '../runtime/machine.js';
import type { CommittedOffset } from './records.js';

export interface StoredOffset extends CommittedOffset {
  /** Grows with every record applied: which of two commits of one partition is later in the log. */
  readonly order: number;
}

/** Offsets by group, topic and partition. */
export class OffsetTable {
  private readonly groups = new Map<string, Map<string, Map<number, StoredOffset>>>();
  private count = 0;

  /** Offsets held, all groups together. */
  get size(): number {
    return this.count;
  }

  get(groupId: string, topic: string, partition: number): StoredOffset | undefined {
    return this.groups.get(groupId)?.get(topic)?.get(partition);
  }

  topicsOf(groupId: string): ReadonlyMap<string, ReadonlyMap<number, StoredOffset>> | undefined {
    return this.groups.get(groupId);
  }

  groupIds(): IterableIterator<string> {
    return this.groups.keys();
  }

  /** Stores, or removes when `stored` is undefined. */
  set(groupId: string, topic: string, partition: number, stored: StoredOffset | undefined, undo?: UndoLog): void {
    const before = this.get(groupId, topic, partition);
    if (stored === undefined) this.remove(groupId, topic, partition);
    else this.put(groupId, topic, partition, stored);
    undo?.push(() => this.set(groupId, topic, partition, before));
  }

  private put(groupId: string, topic: string, partition: number, stored: StoredOffset): void {
    const topics = this.groups.get(groupId) ?? new Map<string, Map<number, StoredOffset>>();
    if (topics.size === 0) this.groups.set(groupId, topics);
    const partitions = topics.get(topic) ?? new Map<number, StoredOffset>();
    if (partitions.size === 0) topics.set(topic, partitions);
    if (!partitions.has(partition)) this.count += 1;
    partitions.set(partition, stored);
  }

  private remove(groupId: string, topic: string, partition: number): void {
    const topics = this.groups.get(groupId);
    const partitions = topics?.get(topic);
    if (topics === undefined || partitions === undefined || !partitions.delete(partition)) return;
    this.count -= 1;
    if (partitions.size === 0) topics.delete(topic);
    if (topics.size === 0) this.groups.delete(groupId);
  }
}
