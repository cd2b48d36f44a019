import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { JoinGroupRequest, JoinGroupResponseInput } from '../../protocol/api/join_group.js';
import type { TopicAccess } from '../access/index.js';
import type { Handler } from '../handler.js';
import { describable } from './group_protocols.js';

/** Before this version the protocol name could not be null. */
const nullableProtocolNameVersion = 7;

/** Waits until the rebalance that the member joins is complete. */
export function joinGroupHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly topicAccess?: TopicAccess;
}): Handler<JoinGroupRequest, JoinGroupResponseInput> {
  return async (request, context) => {
    const response = await deps.coordinator.joinGroup(request, context, describable(deps, context));
    if (context.apiVersion >= nullableProtocolNameVersion) return response;
    return { ...response, protocolName: response.protocolName ?? '' };
  };
}
