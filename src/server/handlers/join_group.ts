import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { JoinGroupRequest, JoinGroupResponseInput } from '../../protocol/api/join_group.js';
import type { Handler } from '../handler.js';

/** Before this version the protocol name could not be null. */
const nullableProtocolNameVersion = 7;

/** Waits until the rebalance that the member joins is complete. */
export function joinGroupHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<JoinGroupRequest, JoinGroupResponseInput> {
  return async (request, context) => {
    const response = await deps.coordinator.joinGroup(request, context);
    if (context.apiVersion >= nullableProtocolNameVersion) return response;
    return { ...response, protocolName: response.protocolName ?? '' };
  };
}
