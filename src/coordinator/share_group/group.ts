import { type AssignedHead, layered, newAssignedHead } from '../modern/assigned_group.js';
import { assignmentOf } from '../modern/assignment.js';
import { ModernGroup, type ModernMaps } from '../modern/group.js';
import type { UndoLog } from '../runtime/machine.js';
import { newShareMember, type ShareMember, withCurrentAssignment, withShareMetadata } from './member.js';
import { noStates, type PartitionStates, statesOf } from './partition_states.js';
import type { ShareGroupRecord } from './records.js';

export type ShareGroupState = 'Empty' | 'Stable';

/** A share group (KIP-932): its members read partitions together. */
export class ShareGroup extends ModernGroup<ShareMember> {
  readonly type = 'share';

  private constructor(
    groupId: string,
    head: AssignedHead,
    maps: ModernMaps<ShareMember>,
    private currentStates: PartitionStates,
  ) {
    super(groupId, head, maps);
  }

  static create(groupId: string): ShareGroup {
    const maps = { members: new Map(), subscribedTopics: new Map(), targets: new Map() };
    return new ShareGroup(groupId, newAssignedHead, maps, noStates);
  }

  /** A group that can be changed while this one stays as it is. */
  draft(): ShareGroup {
    const { members, subscribedTopics, targets } = this.maps;
    const maps = {
      members: layered(members),
      subscribedTopics: layered(subscribedTopics),
      targets: layered(targets),
    };
    return new ShareGroup(this.groupId, this.head, maps, this.currentStates);
  }

  get state(): ShareGroupState {
    return this.isEmpty ? 'Empty' : 'Stable';
  }

  get partitionStates(): PartitionStates {
    return this.currentStates;
  }

  private setPartitionStates(states: PartitionStates, undo?: UndoLog): void {
    const before = this.currentStates;
    this.currentStates = states;
    undo?.push(() => {
      this.currentStates = before;
    });
  }

  /** What a record does to the group; its own tombstone (of `share-group`) is the state's to carry out. */
  apply(record: ShareGroupRecord, undo?: UndoLog): void {
    switch (record.kind) {
      case 'share-group':
        if (record.value !== undefined)
          this.changeHead({ groupEpoch: record.value.epoch, metadataHash: record.value.metadataHash }, undo);
        break;
      case 'share-member':
        if (record.value === undefined) this.removeMember(record.memberId, undo);
        else this.setMember(withShareMetadata(this.memberOrNew(record.memberId), record.value), undo);
        break;
      case 'share-target': {
        const { assignmentEpoch = -1, assignmentTimestamp = 0 } = record.value ?? {};
        this.changeHead({ assignmentEpoch, assignmentTimestampMs: assignmentTimestamp }, undo);
        break;
      }
      case 'share-member-target': {
        const target = record.value === undefined ? undefined : assignmentOf(record.value.topicPartitions);
        this.setTarget(record.memberId, target, undo);
        break;
      }
      case 'share-member-current':
        if (record.value !== undefined || this.member(record.memberId) !== undefined)
          this.setMember(withCurrentAssignment(this.memberOrNew(record.memberId), record.value), undo);
        break;
      case 'share-partitions': {
        const states = record.value === undefined ? noStates : statesOf(record.value, record.atMs);
        this.setPartitionStates(states, undo);
      }
    }
  }

  private memberOrNew(memberId: string): ShareMember {
    return this.member(memberId) ?? newShareMember(memberId);
  }
}
