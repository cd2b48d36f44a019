import { LayeredMap, type MapLike } from '../group/layered_map.js';
import type { UndoLog } from '../runtime/machine.js';

/** Everything about a group but its members and maps; replaced as a whole. */
export interface AssignedHead {
  /** Grows with every change of members, subscriptions or subscribed topics. */
  readonly groupEpoch: number;
  /** Of the subscribed topics when the epoch was last bumped (`metadataHash`). */
  readonly metadataHash: bigint;
  /** The group epoch that the target assignment is for; -1 after its tombstone. */
  readonly assignmentEpoch: number;
  /** When the target assignment was computed, wall time; 0 when there is none, or it is not known. */
  readonly assignmentTimestampMs: number;
  /** Not in any record: when the subscribed topics were looked at. */
  readonly refresh: MetadataRefresh;
}

export interface MetadataRefresh {
  /** When they are looked at again, changed or not. */
  readonly deadlineMs: number;
  /** The group epoch then. */
  readonly epoch: number;
  /** The metadata then. */
  readonly version: number;
}

/** A group that nobody has joined yet (Kafka's epochs begin at 1). */
export const newAssignedHead: AssignedHead = {
  groupEpoch: 1,
  metadataHash: 0n,
  assignmentEpoch: 1,
  assignmentTimestampMs: 0,
  refresh: { deadlineMs: 0, epoch: 0, version: -1 },
};

/** A map that a draft can be laid over. */
export function layered<K, V extends NonNullable<unknown>>(base: MapLike<K, V>): MapLike<K, V> {
  return new LayeredMap(base);
}

/**
 * A group whose assignment is computed here: members and the target assignment of each. Records change it, one by one; a decision
 * changes a draft in the same way and so sees what its own records will do.
 */
export abstract class AssignedGroup<
  Head extends AssignedHead,
  Member,
  Maps extends { readonly members: MapLike<string, Member>; readonly targets: { has(memberId: string): boolean } },
> {
  protected constructor(
    readonly groupId: string,
    private current: Head,
    protected readonly maps: Maps,
  ) {}

  get head(): Head {
    return this.current;
  }

  changeHead(change: Partial<Head>, undo?: UndoLog): void {
    const before = this.current;
    this.current = { ...before, ...change };
    undo?.push(() => {
      this.current = before;
    });
  }

  get size(): number {
    return this.maps.members.size;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  member(memberId: string): Member | undefined {
    return this.maps.members.get(memberId);
  }

  /** In the order in which they joined. */
  members(): IterableIterator<Member> {
    return this.maps.members.values();
  }

  hasTarget(memberId: string): boolean {
    return this.maps.targets.has(memberId);
  }

  /** Whether the topics have to be looked at again; topics changed last in `topicsVersion` of the metadata. */
  hasMetadataExpired(nowMs: number, topicsVersion: number): boolean {
    const { refresh, groupEpoch } = this.current;
    return nowMs >= refresh.deadlineMs || groupEpoch < refresh.epoch || refresh.version < topicsVersion;
  }
}
