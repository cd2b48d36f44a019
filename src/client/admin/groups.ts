import { ErrorCode } from '../../protocol/errors.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { decodeAssignment, decodeSubscription } from '../consumer/protocol.js';
import { hasCode, ProtocolError, throwIfError } from '../errors.js';
import type { GroupDescription } from './group_description.js';
import { describeModernGroup } from './modern_groups.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export interface GroupListing {
  readonly groupId: string;
  /** `consumer` for consumer groups; '' when the group has only committed offsets. */
  readonly protocolType: string;
  /** '' from brokers before 2.6. */
  readonly state: string;
  /** `classic`, `consumer`, ...; '' from brokers before 3.8. */
  readonly type: string;
}

/** The groups of every broker. */
export async function listGroups(
  cluster: ClusterClient,
  options: { readonly states?: readonly string[] } = {},
): Promise<readonly GroupListing[]> {
  return cluster.retry('listing groups', async () => {
    await cluster.refreshMetadata([]);
    const lists = await Promise.all(
      [...cluster.metadata.brokers.keys()].map(async (nodeId) => {
        const { response } = await cluster.sendTo(nodeId, calls.listGroups, (version) =>
          version >= 4 ? { statesFilter: options.states ?? [] } : {},
        );
        throwIfError(response.errorCode, `groups of broker ${nodeId}`);
        return response.groups;
      }),
    );
    return lists
      .flat()
      .map(({ groupId, protocolType, groupState, groupType }) => ({
        groupId,
        protocolType,
        state: groupState,
        type: groupType,
      }))
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  });
}

/** A group that does not exist is described as `Dead` without members, or has GROUP_ID_NOT_FOUND, as the broker says. */
export function describeGroups(
  cluster: ClusterClient,
  groupIds: readonly string[],
): Promise<readonly GroupDescription[]> {
  return Promise.all(groupIds.map((groupId) => describeGroup(cluster, groupId)));
}

function describeGroup(cluster: ClusterClient, groupId: string): Promise<GroupDescription> {
  const coordinator = { kind: 'group', key: groupId } as const;
  const subject = `group ${groupId}`;
  return cluster.retry(`describing ${subject}`, () =>
    cluster.coordinators.attempt(coordinator, async (connection) => {
      const { response } = await connection.send(calls.describeGroups, { groups: [groupId] });
      const group = response.groups.find((one) => one.groupId === groupId);
      if (group === undefined) throw new ProtocolError(ErrorCode.GROUP_ID_NOT_FOUND, subject);
      const error = protocolErrorOf(group.errorCode, subject, group.errorMessage);
      if (error?.retriable === true) throw error;
      if (error !== undefined || group.groupState === 'Dead') {
        const modern = await describeModernGroup(connection, groupId);
        if (modern !== undefined) return { ...modern, coordinatorId: await cluster.coordinators.nodeId(coordinator) };
      }
      const isConsumer = group.protocolType === 'consumer';
      return {
        name: groupId,
        groupId,
        error,
        state: group.groupState,
        protocolType: group.protocolType,
        protocol: group.protocolData,
        type: 'classic',
        coordinatorId: await cluster.coordinators.nodeId(coordinator),
        members: group.members.map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          subscribedTopics: isConsumer ? (decodeSubscription(member.memberMetadata)?.topics ?? []) : [],
          assignedPartitions: isConsumer ? decodeAssignment(member.memberAssignment) : [],
        })),
      };
    }),
  );
}

/** Deletes groups without members, with their offsets. */
export function deleteGroups(cluster: ClusterClient, groupIds: readonly string[]): Promise<readonly Outcome[]> {
  return Promise.all(
    groupIds.map((groupId) =>
      cluster.callCoordinator(
        { kind: 'group', key: groupId },
        calls.deleteGroups,
        { groupsNames: [groupId] },
        (response): Outcome => {
          const found = response.results.find((one) => one.groupId === groupId);
          const code = found?.errorCode ?? ErrorCode.GROUP_ID_NOT_FOUND;
          const error = protocolErrorOf(code, `group ${groupId}`);
          if (error?.retriable === true) throw error;
          return { name: groupId, error };
        },
      ),
    ),
  );
}

export function isUnknownGroup(error: unknown): boolean {
  return hasCode(error, ErrorCode.GROUP_ID_NOT_FOUND);
}
