import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { LeaveGroupRequest, LeaveGroupResponseInput } from '../../protocol/api/leave_group.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** From this version on several members can leave at once, each with its own error. */
const batchVersion = 3;

export function leaveGroupHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<LeaveGroupRequest, LeaveGroupResponseInput> {
  return async (request, context) => {
    const { groupId } = request;
    if (context.apiVersion >= batchVersion) return deps.coordinator.leaveGroup({ groupId, members: request.members });
    const members = [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
    const answer = await deps.coordinator.leaveGroup({ groupId, members });
    const memberError = answer.members[0]?.errorCode ?? ErrorCode.NONE;
    return { errorCode: answer.errorCode === ErrorCode.NONE ? memberError : answer.errorCode };
  };
}
