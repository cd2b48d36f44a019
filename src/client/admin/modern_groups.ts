import type { ConsumerGroupDescribeResponse } from '../../protocol/api/consumer_group_describe.js';
import type { StreamsGroupDescribeResponse } from '../../protocol/api/streams_group_describe.js';
import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { Connection } from '../connection.js';
import { throwIfError } from '../errors.js';
import type { GroupDescription } from './group_description.js';

type Described = Omit<GroupDescription, 'coordinatorId'>;

/** A group of the consumer or the streams protocol; undefined: the broker has none of this name, or does not know the protocols. */
export async function describeModernGroup(connection: Connection, groupId: string): Promise<Described | undefined> {
  if (offers(connection, calls.describeConsumerGroups)) {
    const { response } = await connection.send(calls.describeConsumerGroups, { groupIds: [groupId] });
    const group = response.groups.find((one) => one.groupId === groupId);
    if (group !== undefined && isThere(group, groupId)) return consumerGroup(group);
  }
  if (!offers(connection, calls.describeStreamsGroups)) return undefined;
  const { response } = await connection.send(calls.describeStreamsGroups, { groupIds: [groupId] });
  const group = response.groups.find((one) => one.groupId === groupId);
  return group !== undefined && isThere(group, groupId) ? streamsGroup(group) : undefined;
}

function offers(connection: Connection, call: { readonly api: { readonly key: number } }): boolean {
  return connection.offeredVersions(call.api.key) !== undefined;
}

function isThere({ errorCode }: { readonly errorCode: number }, groupId: string): boolean {
  if (errorCode === ErrorCode.GROUP_ID_NOT_FOUND || errorCode === ErrorCode.UNSUPPORTED_VERSION) return false;
  throwIfError(errorCode, `group ${groupId}`);
  return true;
}

function consumerGroup(group: ConsumerGroupDescribeResponse['groups'][number]): Described {
  return {
    ...common(group),
    type: 'consumer',
    protocol: group.assignorName,
    members: group.members.map((member) => ({
      ...commonOf(member),
      subscribedTopics: member.subscribedTopicNames,
      assignedPartitions: member.assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
        partitions.map((partition) => ({ topic: topicName, partition })),
      ),
    })),
  };
}

/** A member has the source partitions of its active tasks. */
function streamsGroup(group: StreamsGroupDescribeResponse['groups'][number]): Described {
  const sources = new Map(
    group.topology?.subtopologies?.map(({ subtopologyId, sourceTopics, repartitionSourceTopics }) => [
      subtopologyId,
      [...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)],
    ]),
  );
  return {
    ...common(group),
    type: 'streams',
    protocol: '',
    members: group.members.map((member) => ({
      ...commonOf(member),
      subscribedTopics: [...new Set([...sources.values()].flat())],
      assignedPartitions: member.assignment.activeTasks.flatMap(({ subtopologyId, partitions }) =>
        (sources.get(subtopologyId) ?? []).flatMap((topic) => partitions.map((partition) => ({ topic, partition }))),
      ),
    })),
  };
}

function common(group: {
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
}) {
  const { groupId, groupState, groupEpoch, assignmentEpoch } = group;
  return {
    name: groupId,
    groupId,
    error: undefined,
    state: groupState,
    protocolType: 'consumer',
    groupEpoch,
    assignmentEpoch,
  };
}

function commonOf(member: {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly memberEpoch: number;
}) {
  const { memberId, instanceId, clientId, clientHost, memberEpoch } = member;
  return { memberId, groupInstanceId: instanceId, clientId, clientHost, epoch: memberEpoch };
}
