import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { ConsumerProtocolAssignment } from '../../protocol/data/consumer_protocol.js';
import { DecodeError, Reader } from '../../protocol/reader.js';
import { Writer } from '../../protocol/writer.js';
import { ClassicGroup, consumerProtocolType } from '../group/classic_group.js';
import type { Member, MemberProtocol } from '../group/member.js';
import { metadataOf, noBytes } from '../group/member.js';
import { groupRecord, prepareRebalance, startSession } from '../group/rebalance.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import type { ConsumerGroup } from './group.js';
import type { ConsumerMember } from './member.js';
import { cancelMemberTimers } from './timers.js';
import { consumerTombstones } from './tombstones.js';

/** Whether the group becomes a classic one when these members leave: all that stay speak the classic protocol. */
export function downgradesWithout(group: ConsumerGroup, leaving: readonly ConsumerMember[], turn: Turn): boolean {
  const classicLeaving = leaving.filter((member) => member.classic !== null).length;
  const left = group.size - leaving.length;
  if (group.classicMembers - classicLeaving !== left || left <= 0) return false;
  return mayDowngrade(group.groupId, left, turn);
}

/** Whether it does when a static member that speaks the classic protocol takes the place of `replaced`. */
export function downgradesReplacing(group: ConsumerGroup, replaced: ConsumerMember, turn: Turn): boolean {
  if (group.classicMembers !== group.size - 1 || replaced.classic !== null) return false;
  return mayDowngrade(group.groupId, group.size, turn);
}

function mayDowngrade(groupId: string, members: number, turn: Turn): boolean {
  if (!turn.rules.consumer.migrationPolicy.downgrade) {
    turn.note(`group ${groupId} stays a consumer group: online downgrade is disabled`);
    return false;
  }
  if (members <= turn.rules.maxSize) return true;
  turn.note(`group ${groupId} stays a consumer group: its ${members} members are more than group.max.size`);
  return false;
}

/** A static member that speaks the classic protocol, in the place of the one before. */
export interface Joining {
  readonly member: ConsumerMember;
  readonly replacedId: string;
  /** The last target assignment is for an older epoch: the members have to rebalance. */
  readonly rebalance: boolean;
}

/**
 * Turns the group into a classic one, stable with the last target assignment. Its members go on with their generation, unless
 * they are told to rebalance. `group` is the draft that `joining` is in, if it is given.
 */
export function downgrade(
  state: GroupState,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  joining: Joining | undefined,
  turn: Turn,
): void {
  const { groupId } = group;
  for (const record of consumerTombstones(group)) turn.records.push(record);
  for (const { memberId } of group.members()) cancelMemberTimers(turn, { groupId, memberId });
  const gone = new Set(leaving.map(({ memberId }) => memberId));
  const classic = ClassicGroup.create(groupId, turn.nowMs).draft();
  for (const member of group.members()) if (!gone.has(member.memberId)) classic.setMember(classicMember(member));
  const protocolName = classic.preferredProtocol();
  for (const member of [...classic.members()]) {
    const version = versionOf(metadataOf(member, protocolName) ?? noBytes);
    classic.setMember({ ...member, assignment: assignmentBytes(group, member.memberId, version, state.image) });
  }
  const first = classic.members().next();
  classic.head = {
    ...classic.head,
    phase: 'Stable',
    phaseSinceMs: turn.nowMs,
    protocolType: consumerProtocolType,
    protocolName,
    generationId: group.head.groupEpoch,
    leaderId: first.done === true ? null : first.value.memberId,
    subscribedTopics: classic.readSubscriptions(consumerProtocolType, protocolName),
  };
  turn.records.push(groupRecord(classic, (member) => member.assignment));
  for (const member of classic.members()) startSession(turn, groupId, member);
  turn.note(`consumer group ${groupId} with ${classic.size} members becomes a classic group`);
  if (joining === undefined) prepareRebalance(turn, classic, `downgraded for members leaving`);
  else if (joining.rebalance) prepareRebalance(turn, classic, 'downgraded with a stale assignment');
  turn.change(classic);
}

function classicMember(member: ConsumerMember): Member {
  return {
    memberId: member.memberId,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    sessionTimeoutMs: member.classic?.sessionTimeoutMs ?? 0,
    protocols: member.classic?.protocols ?? [],
    assignment: noBytes,
    joining: undefined,
    syncing: undefined,
    isNew: false,
    owesSync: false,
  };
}

/** The version of the consumer protocol that a member's metadata is in; 0 when it cannot be read. */
function versionOf(metadata: Uint8Array): number {
  try {
    return Math.max(0, new Reader(metadata).int16());
  } catch (error) {
    if (error instanceof DecodeError) return 0;
    throw error;
  }
}

/** A member's part of the target assignment, as the leader of a classic group would have sent it. */
function assignmentBytes(group: ConsumerGroup, memberId: string, version: number, image: MetadataImage): Uint8Array {
  const topics = [...group.target(memberId)].map(([topicId, partitions]) => ({ topicId, partitions }));
  return encodeAssignment(topics, version, image);
}

export function encodeAssignment(
  topics: ReadonlyArray<{ readonly topicId: Uuid; readonly partitions: readonly number[] }>,
  version: number,
  image: MetadataImage,
): Uint8Array {
  const assignedPartitions = topics.flatMap(({ topicId, partitions }) => {
    const topic = image.topicsById.get(topicId);
    return topic === undefined ? [] : { topic: topic.name, partitions: [...partitions] };
  });
  const known = Math.min(version, ConsumerProtocolAssignment.maxVersion);
  const writer = new Writer(256);
  writer.int16(known);
  ConsumerProtocolAssignment.encode(writer, known, { assignedPartitions, userData: null });
  return Uint8Array.prototype.slice.call(writer.bytes());
}

export function classicAssignment(member: ConsumerMember, image: MetadataImage): Uint8Array {
  const first: MemberProtocol | undefined = member.classic?.protocols[0];
  const topics = [...member.assigned].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions.keys()] }));
  return encodeAssignment(topics, versionOf(first?.metadata ?? noBytes), image);
}
