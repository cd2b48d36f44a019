import type { ConsumerGroupHeartbeatRequest } from '../../protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import { Refusal } from '../modern/refusal.js';

/** From this version on members choose their ids themselves (KIP-1082). */
const ownMemberIdVersion = 1;

/** What can be said of a heartbeat without looking at its group: INVALID_REQUEST and UNSUPPORTED_ASSIGNOR. */
export function checkConsumerHeartbeat(
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
  assignors: readonly string[],
): Refusal | undefined {
  const problem = problemOf(request, apiVersion);
  if (problem !== undefined) return new Refusal(ErrorCode.INVALID_REQUEST, problem);
  if (request.serverAssignor === null || assignors.includes(request.serverAssignor)) return undefined;
  const supported = assignors.join(', ');
  return new Refusal(
    ErrorCode.UNSUPPORTED_ASSIGNOR,
    `ServerAssignor ${request.serverAssignor} is not supported. Supported assignors: ${supported}.`,
  );
}

const isBlank = (text: string | null): boolean => text !== null && text.trim() === '';

function problemOf(request: ConsumerGroupHeartbeatRequest, apiVersion: number): string | undefined {
  const { memberEpoch } = request;
  const needsId = apiVersion >= ownMemberIdVersion || memberEpoch > 0 || memberEpoch === -1;
  if (needsId && isBlank(request.memberId)) return "MemberId can't be empty.";
  if (isBlank(request.groupId)) return "GroupId can't be empty.";
  if (isBlank(request.instanceId)) return "InstanceId can't be empty.";
  if (isBlank(request.rackId)) return "RackId can't be empty.";
  if (memberEpoch === 0) {
    if (request.rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.';
    if (request.topicPartitions === null || request.topicPartitions.length > 0)
      return 'TopicPartitions must be empty when (re-)joining.';
    if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null)
      return 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.';
  }
  if (memberEpoch === -2 && request.instanceId === null) return "InstanceId can't be null.";
  return memberEpoch < -2 ? 'MemberEpoch is invalid.' : undefined;
}
