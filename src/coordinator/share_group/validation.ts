import type { ShareGroupHeartbeatRequest } from '../../protocol/api/share_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import { Refusal } from '../modern/refusal.js';

/** What can be said of a heartbeat without looking at its group: INVALID_REQUEST. */
export function checkShareHeartbeat(request: ShareGroupHeartbeatRequest): Refusal | undefined {
  // Members choose their ids themselves: a UUID in text.
  if (request.memberId === '' || request.memberId.length > 36) return new Refusal(ErrorCode.INVALID_REQUEST, null);
  const problem = problemOf(request);
  return problem === undefined ? undefined : new Refusal(ErrorCode.INVALID_REQUEST, problem);
}

const isBlank = (text: string | null): boolean => text !== null && text.trim() === '';

function problemOf(request: ShareGroupHeartbeatRequest): string | undefined {
  if (isBlank(request.memberId)) return "MemberId can't be empty.";
  if (isBlank(request.groupId)) return "GroupId can't be empty.";
  if (isBlank(request.rackId)) return "RackId can't be empty.";
  if (request.memberEpoch !== 0) return request.memberEpoch < -1 ? 'MemberEpoch is invalid.' : undefined;
  const names = request.subscribedTopicNames ?? [];
  return names.length === 0 ? 'SubscribedTopicNames must be set in first request.' : undefined;
}
