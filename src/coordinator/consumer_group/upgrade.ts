import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../../protocol/data/consumer_protocol.js';
import { ErrorCode } from '../../protocol/errors.js';
import { DecodeError, Reader } from '../../protocol/reader.js';
import { type ClassicGroup, consumerProtocolType } from '../group/classic_group.js';
import { type Member, metadataOf } from '../group/member.js';
import type { GroupState } from '../group/state.js';
import { joinError, joinTimer, syncError, syncTimer, type Turn } from '../group/turn.js';
import { type Assignment, topicPartitionsOf } from '../modern/assignment.js';
import { Refusal } from '../modern/refusal.js';
import { ConsumerDraft } from './draft.js';
import { ConsumerGroup } from './group.js';
import { type ConsumerMember, newMember } from './member.js';
import { startSessionTimer } from './timers.js';

/**
 * A member of the consumer protocol joins a classic group: its members stay, with what they have, and go on speaking the
 * classic protocol. Those that wait in a rebalance are told to begin anew.
 */
export function upgrade(state: GroupState, classic: ClassicGroup, turn: Turn): ConsumerDraft | Refusal {
  const { groupId } = classic;
  const { migrationPolicy, maxSize } = turn.rules.consumer;
  const cannot = (why: string) =>
    new Refusal(
      ErrorCode.GROUP_ID_NOT_FOUND,
      `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`,
      `group ${groupId} stays classic: ${why}`,
    );
  if (!migrationPolicy.upgrade) return cannot('online upgrade is disabled');
  if (classic.head.protocolType !== consumerProtocolType)
    return cannot('the group does not use the consumer embedded protocol');
  if (classic.size > maxSize) return cannot('the group size exceeds the consumer group maximum size');
  const members: Converted[] = [];
  for (const member of classic.members()) {
    const converted = convert(member, classic, state.image);
    if (typeof converted === 'string') return cannot(converted);
    members.push(converted);
  }
  endRebalance(classic, turn);
  turn.records.push({ kind: 'group', groupId, value: undefined });
  const draft = new ConsumerDraft(ConsumerGroup.create(groupId), state, turn);
  for (const { member } of members) draft.emitMember(member);
  draft.emitEpoch(classic.head.generationId, draft.hash());
  for (const { member, target } of members) {
    const value = { topicPartitions: topicPartitionsOf(target) };
    draft.emit({ kind: 'consumer-member-target', groupId, memberId: member.memberId, value });
  }
  draft.emitTarget(classic.head.generationId, 0);
  for (const { member } of members) {
    draft.emitCurrent(member);
    if (member.classic !== null)
      startSessionTimer(turn, { groupId, memberId: member.memberId }, member.classic.sessionTimeoutMs);
  }
  turn.note(`classic group ${groupId} with ${classic.size} members becomes a consumer group`);
  return draft;
}

interface Converted {
  readonly member: ConsumerMember;
  readonly target: Assignment;
}

/** The member with what its last assignment gave it, or why it cannot be carried over. */
function convert(member: Member, group: ClassicGroup, image: MetadataImage): Converted | string {
  const malformed = 'the embedded consumer protocol is malformed';
  const subscription = readSubscription(
    metadataOf(member, group.head.protocolName ?? '') ?? member.protocols[0]?.metadata,
  );
  if (subscription === undefined) return malformed;
  const target = new Map<Uuid, readonly number[]>();
  if (member.assignment.length > 0) {
    const assignment = readAssignment(member.assignment);
    if (assignment === undefined) return malformed;
    if (assignment.userData !== null && assignment.userData.length > 0)
      return (
        'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor ' +
        'before re-attempting the upgrade'
      );
    for (const { topic, partitions } of assignment.assignedPartitions) {
      const topicId = image.topicsByName.get(topic)?.id;
      if (topicId !== undefined) target.set(topicId, partitions);
    }
  }
  const epoch = group.head.generationId;
  const converted: ConsumerMember = {
    ...newMember(member.memberId),
    memberEpoch: epoch,
    previousMemberEpoch: epoch,
    instanceId: member.groupInstanceId,
    rackId: subscription.rackId === '' ? null : subscription.rackId,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: new Set(subscription.topics),
    assigned: new Map(
      [...target].map(([topicId, all]) => [topicId, new Map(all.map((partition) => [partition, epoch]))]),
    ),
    classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols: member.protocols },
  };
  return { member: converted, target };
}

/** The timers of the classic protocol end, and who waits is told to rejoin. */
function endRebalance(classic: ClassicGroup, turn: Turn): void {
  for (const member of classic.members()) {
    if (member.joining !== undefined)
      turn.reply(member.joining, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId));
    if (member.syncing !== undefined) turn.reply(member.syncing, syncError(ErrorCode.REBALANCE_IN_PROGRESS));
  }
  turn.cancelTimer(joinTimer(classic.groupId));
  turn.cancelTimer(syncTimer(classic.groupId));
}

export function readSubscription(metadata: Uint8Array | undefined): ConsumerProtocolSubscription | undefined {
  return metadata === undefined ? undefined : readVersioned(metadata, ConsumerProtocolSubscription);
}

function readAssignment(bytes: Uint8Array): ConsumerProtocolAssignment | undefined {
  return readVersioned(bytes, ConsumerProtocolAssignment);
}

/** A version, then the message; what a later version has more of is left unread. */
function readVersioned<T>(
  bytes: Uint8Array,
  schema: { readonly maxVersion: number; decode(reader: Reader, version: number): T },
): T | undefined {
  const reader = new Reader(bytes);
  try {
    const version = reader.int16();
    return version < 0 ? undefined : schema.decode(reader, Math.min(version, schema.maxVersion));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
