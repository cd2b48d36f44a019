import type { MetadataImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { streamsOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { noGroupOf, Refusal } from '../modern/refusal.js';
import type { DescribedStreamsGroup, StreamsDescribeCommand } from './commands.js';
import { configure } from './configured.js';
import type { StreamsGroup } from './group.js';
import type { StreamsMember } from './member.js';
import { activeIdsOf, type TargetTasks, taskIdsOf } from './tasks.js';
import type { InternalTopic, StreamsTopology } from './topology.js';

/** StreamsGroupDescribe: GROUP_ID_NOT_FOUND for groups that are not there or of another type. */
export function decideStreamsDescribe(
  state: GroupState,
  { token, groupIds }: StreamsDescribeCommand,
  turn: Turn,
): GroupDecision {
  const groups = groupIds.map((groupId) => {
    const known = state.groups.get(groupId);
    const group = streamsOf(known);
    if (group !== undefined) return describe(group, state.image);
    return { groupId, ...noGroupOf('streams', groupId, known !== undefined) };
  });
  turn.reply(token, { kind: 'streams-describe', groups });
  return turn.done();
}

function describe(group: StreamsGroup, image: MetadataImage) {
  const { topology, groupEpoch, assignmentEpoch } = group.head;
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch,
    assignmentEpoch,
    topology: topology === undefined ? null : describeTopology(topology, image),
    members: [...group.members()].map((member) => describeMember(member, group)),
  };
}

function describeTopology(topology: StreamsTopology, image: MetadataImage) {
  const configured = configure(topology, image);
  const isReady = !(configured instanceof Refusal) && configured.problem === undefined;
  const partitionsOf = ({ name, partitions }: InternalTopic) =>
    isReady && partitions === 0 ? (configured.internalPartitions.get(name) ?? 0) : partitions;
  const topics = (infos: readonly InternalTopic[]) =>
    [...infos]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((info) => ({
        name: info.name,
        partitions: partitionsOf(info),
        replicationFactor: info.replicationFactor,
        topicConfigs: info.topicConfigs.map(({ key, value }) => ({ key, value })),
      }));
  return {
    epoch: topology.epoch,
    subtopologies: [...topology.subtopologies.values()]
      .sort((a, b) => (a.subtopologyId < b.subtopologyId ? -1 : 1))
      .map((subtopology) => ({
        subtopologyId: subtopology.subtopologyId,
        sourceTopics: [...subtopology.sourceTopics].sort(),
        repartitionSinkTopics: [...subtopology.repartitionSinkTopics].sort(),
        stateChangelogTopics: topics(subtopology.stateChangelogTopics),
        repartitionSourceTopics: topics(subtopology.repartitionSourceTopics),
      })),
  };
}

function describeMember(
  member: StreamsMember,
  group: StreamsGroup,
): NonNullable<DescribedStreamsGroup['members']>[number] {
  const { metadata, assigned } = member;
  return {
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    instanceId: metadata.instanceId,
    rackId: metadata.rackId,
    clientId: metadata.clientId,
    clientHost: metadata.clientHost,
    topologyEpoch: metadata.topologyEpoch,
    processId: metadata.processId,
    userEndpoint: metadata.userEndpoint,
    clientTags: metadata.clientTags,
    taskOffsets: [],
    taskEndOffsets: [],
    assignment: {
      activeTasks: activeIdsOf(assigned.active),
      standbyTasks: taskIdsOf(assigned.standby),
      warmupTasks: taskIdsOf(assigned.warmup),
    },
    targetAssignment: targetOf(group.target(member.memberId)),
    isClassic: false,
  };
}

function targetOf({ active, standby, warmup }: TargetTasks) {
  return { activeTasks: taskIdsOf(active), standbyTasks: taskIdsOf(standby), warmupTasks: taskIdsOf(warmup) };
}
