import type { StreamsGroupHeartbeatRequest } from '../../protocol/api/streams_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import { Refusal } from '../modern/refusal.js';

/** What can be said of a heartbeat without looking at its group: INVALID_REQUEST and STREAMS_INVALID_TOPOLOGY. */
export function checkStreamsHeartbeat(request: StreamsGroupHeartbeatRequest): Refusal | undefined {
  const problem = unsupported(request) ?? problemOf(request);
  if (problem !== undefined) return new Refusal(ErrorCode.INVALID_REQUEST, problem);
  for (const { stateChangelogTopics } of request.topology?.subtopologies ?? [])
    for (const { name, partitions } of stateChangelogTopics)
      if (partitions !== 0)
        return new Refusal(
          ErrorCode.STREAMS_INVALID_TOPOLOGY,
          `Changelog topic ${name} must have an undefined partition count, but it is set to ${partitions}.`,
        );
  return undefined;
}

function unsupported(request: StreamsGroupHeartbeatRequest): string | undefined {
  if (request.instanceId !== null) return 'Static membership is not yet supported.';
  if (request.taskOffsets !== null) return 'TaskOffsets are not supported yet.';
  if (request.taskEndOffsets !== null) return 'TaskEndOffsets are not supported yet.';
  if (request.warmupTasks !== null && request.warmupTasks.length > 0) return 'WarmupTasks are not supported yet.';
  const hasRegex = request.topology?.subtopologies.some(({ sourceTopicRegex }) => sourceTopicRegex.length > 0) === true;
  return hasRegex ? 'Regular expressions for source topics are not supported yet.' : undefined;
}

const isBlank = (text: string | null): boolean => text !== null && text.trim() === '';

function problemOf(request: StreamsGroupHeartbeatRequest): string | undefined {
  const { memberEpoch, activeTasks, standbyTasks, warmupTasks, topology } = request;
  if (isBlank(request.memberId)) return "MemberId can't be empty.";
  if (isBlank(request.groupId)) return "GroupId can't be empty.";
  if (isBlank(request.rackId)) return "RackId can't be empty.";
  if (memberEpoch === 0) {
    if (request.rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.';
    if (activeTasks?.length !== 0) return 'ActiveTasks must be empty when (re-)joining.';
    if (standbyTasks?.length !== 0) return 'StandbyTasks must be empty when (re-)joining.';
    if (warmupTasks?.length !== 0) return 'WarmupTasks must be empty when (re-)joining.';
    if (topology === null) return 'Topology must be non-null when (re-)joining.';
  }
  if (memberEpoch === -2) return "InstanceId can't be null.";
  if (memberEpoch < -2) return `MemberEpoch is ${memberEpoch}, but must be greater than or equal to -2.`;
  const given = [activeTasks, standbyTasks, warmupTasks].filter((tasks) => tasks !== null).length;
  if (given !== 0 && given !== 3) return 'If one task-type is non-null, all must be non-null.';
  return memberEpoch !== 0 && topology !== null ? 'Topology can only be provided when (re-)joining.' : undefined;
}
