import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { metadataHash } from '../modern/topics.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, consumerStateCodes, type EpochAssignment, metadataValueOf } from './member.js';
import type { ConsumerGroupRecord } from './records.js';

/** How far ahead Kafka sets the deadline of its metadata refresh: changes of topics bring it forward, nothing else matters. */
const refreshIntervalMs = 2_147_483_647;

/** A consumer group in the course of a decision: what is emitted is in the turn's records and, at once, in the draft. */
export class ConsumerDraft {
  constructor(
    readonly group: ConsumerGroup,
    readonly state: GroupState,
    readonly turn: Turn,
  ) {}

  get groupId(): string {
    return this.group.groupId;
  }

  emit(record: ConsumerGroupRecord): void {
    this.turn.records.push(record);
    this.group.apply(record);
  }

  emitMember(member: ConsumerMember): void {
    const { memberId } = member;
    this.emit({ kind: 'consumer-member', groupId: this.groupId, memberId, value: metadataValueOf(member) });
  }

  emitCurrent(member: ConsumerMember): void {
    this.emit({
      kind: 'consumer-member-current',
      groupId: this.groupId,
      memberId: member.memberId,
      value: {
        memberEpoch: member.memberEpoch,
        previousMemberEpoch: member.previousMemberEpoch,
        state: consumerStateCodes.of(member.state),
        assignedPartitions: recorded(member.assigned),
        partitionsPendingRevocation: recorded(member.revoking),
      },
    });
  }

  emitEpoch(epoch: number, hash: bigint): void {
    this.emit({ kind: 'consumer-group', groupId: this.groupId, value: { epoch, metadataHash: hash } });
  }

  emitTarget(assignmentEpoch: number, assignmentTimestampMs: number): void {
    const value = { assignmentEpoch, assignmentTimestamp: assignmentTimestampMs };
    this.emit({ kind: 'consumer-target', groupId: this.groupId, value });
  }

  /** Of the topics that are subscribed to by now. */
  hash(): bigint {
    return metadataHash(this.state.image, this.group.subscribedTopicNames());
  }

  /** The topics were looked at in this epoch. */
  refreshed(): void {
    const { groupEpoch: epoch } = this.group.head;
    const refresh = { deadlineMs: this.turn.nowMs + refreshIntervalMs, epoch, version: this.state.image.version };
    this.turn.records.push({ kind: 'refresh', groupId: this.groupId, refresh });
    this.group.changeHead({ refresh });
  }

  /** The group's epoch grows when it has to, or when its topics have changed. */
  bumpEpoch(always: boolean): void {
    const { head } = this.group;
    const hash = this.hash();
    if (always || hash !== head.metadataHash) {
      this.emitEpoch(head.groupEpoch + 1, hash);
      this.turn.note(`group ${this.groupId} is in epoch ${head.groupEpoch + 1}`);
    }
    this.refreshed();
    if (this.group.hasTopicsRecord) this.emit({ kind: 'consumer-topics', groupId: this.groupId, value: undefined });
  }
}

function recorded(partitions: EpochAssignment) {
  return [...partitions].map(([topicId, epochs]) => ({
    topicId,
    partitions: [...epochs.keys()],
    assignmentEpochs: [...epochs.values()],
  }));
}
