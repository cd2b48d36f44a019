import type { MetadataImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { shareOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { noGroupOf } from '../modern/refusal.js';
import type { DescribedShareGroup, ShareGroupCommand } from './commands.js';
import type { ShareGroup } from './group.js';
import type { ShareMember } from './member.js';
import { simpleAssignorName } from './simple_assignor.js';

/** ShareGroupDescribe: GROUP_ID_NOT_FOUND for groups that are not there or of another type. */
export function decideShareDescribe(
  state: GroupState,
  { token, groupIds }: ShareGroupCommand & { readonly kind: 'share-describe' },
  turn: Turn,
): GroupDecision {
  const groups = groupIds.map((groupId) => {
    const known = state.groups.get(groupId);
    const group = shareOf(known);
    if (group !== undefined) return describe(group, state.image);
    return { groupId, ...noGroupOf('share', groupId, known !== undefined) };
  });
  turn.reply(token, { kind: 'share-describe', groups });
  return turn.done();
}

function describe(group: ShareGroup, image: MetadataImage) {
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch: group.head.groupEpoch,
    assignmentEpoch: group.head.assignmentEpoch,
    assignorName: simpleAssignorName,
    members: [...group.members()].map((member) => describeMember(member, image)),
  };
}

/** Topics that are gone are left out. */
function describeMember(
  member: ShareMember,
  image: MetadataImage,
): NonNullable<DescribedShareGroup['members']>[number] {
  const topicPartitions = [...member.assigned].flatMap(([topicId, partitions]) => {
    const topic = image.topicsById.get(topicId);
    return topic === undefined ? [] : { topicId, topicName: topic.name, partitions: [...partitions] };
  });
  return {
    memberId: member.memberId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames],
    assignment: { topicPartitions },
  };
}
