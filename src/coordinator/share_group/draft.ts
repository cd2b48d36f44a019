import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { metadataHash } from '../modern/topics.js';
import { ShareGroup } from './group.js';
import { currentAssignmentOf, type ShareMember, shareMetadataOf } from './member.js';
import { type PartitionStates, statesValueOf } from './partition_states.js';
import type { ShareGroupRecord } from './records.js';

/** As far ahead as Kafka sets the deadline of its metadata refresh: changes of topics bring it forward, nothing else matters. */
const refreshIntervalMs = 2_147_483_647;

/** A share group in the course of a decision: what is emitted is in the turn's records and, at once, in the draft. */
export class ShareDraft {
  readonly group: ShareGroup;

  constructor(
    known: ShareGroup | undefined,
    readonly groupId: string,
    readonly state: GroupState,
    readonly turn: Turn,
  ) {
    this.group = known?.draft() ?? ShareGroup.create(groupId);
  }

  emit(record: ShareGroupRecord): void {
    this.turn.records.push(record);
    this.group.apply(record);
  }

  emitMember(member: ShareMember): void {
    const { memberId } = member;
    this.emit({ kind: 'share-member', groupId: this.groupId, memberId, value: shareMetadataOf(member) });
  }

  emitCurrent(member: ShareMember): void {
    const { memberId } = member;
    this.emit({ kind: 'share-member-current', groupId: this.groupId, memberId, value: currentAssignmentOf(member) });
  }

  emitStates(states: PartitionStates): void {
    const { groupId, turn } = this;
    this.emit({ kind: 'share-partitions', groupId, value: statesValueOf(states), atMs: turn.nowMs });
  }

  emitEpoch(epoch: number, hash: bigint): void {
    this.emit({ kind: 'share-group', groupId: this.groupId, value: { epoch, metadataHash: hash } });
    this.turn.note(`share group ${this.groupId} is in epoch ${epoch}`);
  }

  /** Of the topics that are subscribed to by now. */
  hash(): bigint {
    return metadataHash(this.state.image, this.group.subscribedTopicNames());
  }

  /** The group's epoch grows when it has to, or when its topics have changed. */
  bumpEpoch(always: boolean): void {
    const { head } = this.group;
    const hash = this.hash();
    if (always || hash !== head.metadataHash) this.emitEpoch(head.groupEpoch + 1, hash);
    const { groupEpoch: epoch } = this.group.head;
    const refresh = { deadlineMs: this.turn.nowMs + refreshIntervalMs, epoch, version: this.state.image.version };
    this.turn.records.push({ kind: 'refresh', groupId: this.groupId, refresh });
    this.group.changeHead({ refresh });
  }
}
