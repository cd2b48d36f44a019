import type { MetadataImage } from '../../metadata/image.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { metadataHash } from '../modern/topics.js';
import type { StreamsGroup, StreamsHead } from './group.js';
import { type StreamsMember, streamsStateCodes } from './member.js';
import type { StreamsGroupRecord } from './records.js';
import { activeIdsOf, type EpochTasks, type TargetTasks, taskIdsOf } from './tasks.js';
import type { StreamsTopology } from './topology.js';

/** A streams group in the course of a decision: what is emitted is in the turn's records and, at once, in the draft. */
export class StreamsDraft {
  constructor(
    readonly group: StreamsGroup,
    readonly state: GroupState,
    readonly turn: Turn,
  ) {}

  get groupId(): string {
    return this.group.groupId;
  }

  get image(): MetadataImage {
    return this.state.image;
  }

  emit(record: StreamsGroupRecord): void {
    this.turn.records.push(record);
    this.group.apply(record);
  }

  /** What no record holds. */
  change(change: Partial<StreamsHead>): void {
    this.turn.records.push({ kind: 'streams-change', groupId: this.groupId, change });
    this.group.changeHead(change);
  }

  hashOf(topology: StreamsTopology): bigint {
    return metadataHash(this.image, topology.requiredTopics);
  }

  emitMember(member: StreamsMember): void {
    const { memberId, metadata } = member;
    this.emit({ kind: 'streams-member', groupId: this.groupId, memberId, value: metadata });
  }

  emitEpoch(hash: bigint, validatedTopologyEpoch: number, configs: ReadonlyMap<string, string>): void {
    const epoch = this.group.head.groupEpoch + 1;
    const lastAssignmentConfigs = [...configs].map(([key, value]) => ({ key, value }));
    const value = { epoch, metadataHash: hash, validatedTopologyEpoch, lastAssignmentConfigs };
    this.emit({ kind: 'streams-group', groupId: this.groupId, value });
    this.turn.note(`streams group ${this.groupId} is in epoch ${epoch}`);
  }

  emitTarget(memberId: string, target: TargetTasks): void {
    const value = {
      activeTasks: taskIdsOf(target.active),
      standbyTasks: taskIdsOf(target.standby),
      warmupTasks: taskIdsOf(target.warmup),
    };
    this.emit({ kind: 'streams-member-target', groupId: this.groupId, memberId, value });
  }

  emitCurrent(member: StreamsMember): void {
    const { assigned, revoking } = member;
    const copies = (tasks: TargetTasks['standby']) =>
      taskIdsOf(tasks).map((ids) => ({ ...ids, assignmentEpochs: null }));
    const value = {
      memberEpoch: member.memberEpoch,
      previousMemberEpoch: member.previousMemberEpoch,
      state: streamsStateCodes.of(member.state),
      activeTasks: withEpochs(assigned.active),
      standbyTasks: copies(assigned.standby),
      warmupTasks: copies(assigned.warmup),
      activeTasksPendingRevocation: withEpochs(revoking.active),
      standbyTasksPendingRevocation: copies(revoking.standby),
      warmupTasksPendingRevocation: copies(revoking.warmup),
    };
    this.emit({ kind: 'streams-member-current', groupId: this.groupId, memberId: member.memberId, value });
  }
}

function withEpochs(tasks: EpochTasks) {
  return activeIdsOf(tasks).map((ids) => ({
    ...ids,
    assignmentEpochs: ids.partitions.map((partition) => tasks.get(ids.subtopologyId)?.get(partition) ?? 0),
  }));
}
