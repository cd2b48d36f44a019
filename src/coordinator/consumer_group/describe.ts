import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { consumerOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { noGroupOf } from '../modern/refusal.js';
import type { ConsumerDescribeCommand, DescribedConsumerGroup } from './commands.js';
import type { ConsumerGroup } from './group.js';
import type { ConsumerMember } from './member.js';

/** ConsumerGroupDescribe: GROUP_ID_NOT_FOUND for groups that are not there or of another type. */
export function decideConsumerDescribe(
  state: GroupState,
  { token, groupIds }: ConsumerDescribeCommand,
  turn: Turn,
): GroupDecision {
  const groups = groupIds.map((groupId) => {
    const known = state.groups.get(groupId);
    const group = consumerOf(known);
    if (group !== undefined) return describe(group, state.image, turn.rules.consumer.assignors[0]?.name ?? '');
    return { groupId, ...noGroupOf('consumer', groupId, known !== undefined) };
  });
  turn.reply(token, { kind: 'consumer-describe', groups });
  return turn.done();
}

function describe(group: ConsumerGroup, image: MetadataImage, defaultAssignor: string) {
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch: group.head.groupEpoch,
    assignmentEpoch: group.head.assignmentEpoch,
    assignorName: group.preferredAssignor ?? defaultAssignor,
    members: [...group.members()].map((member) => describeMember(group, member, image)),
  };
}

function describeMember(
  group: ConsumerGroup,
  member: ConsumerMember,
  image: MetadataImage,
): NonNullable<DescribedConsumerGroup['members']>[number] {
  // What a member still has to give up is its own until it did.
  const assigned = new Map<Uuid, number[]>();
  for (const partitions of [member.assigned, member.revoking])
    for (const [topicId, of] of partitions) assigned.set(topicId, [...(assigned.get(topicId) ?? []), ...of.keys()]);
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames],
    subscribedTopicRegex: member.subscribedTopicRegex,
    assignment: named(assigned, image),
    targetAssignment: named(group.target(member.memberId), image),
    memberType: member.classic === null ? 1 : 0,
  };
}

/** Topics that are gone are left out. */
function named(partitions: ReadonlyMap<Uuid, readonly number[]>, image: MetadataImage) {
  const topicPartitions = [...partitions].flatMap(([topicId, of]) => {
    const topic = image.topicsById.get(topicId);
    return topic === undefined ? [] : { topicId, topicName: topic.name, partitions: [...of] };
  });
  return { topicPartitions };
}
