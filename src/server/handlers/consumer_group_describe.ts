import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponseInput,
} from '../../protocol/api/consumer_group_describe.js';
import { ErrorCode } from '../../protocol/errors.js';
import { groupOperations } from '../authorized_operations.js';
import type { Handler } from '../handler.js';
import { type GroupProtocolDeps, hasProtocol } from './group_protocols.js';

/** Groups of the consumer protocol; of any other type, or not there: GROUP_ID_NOT_FOUND. */
export function consumerGroupDescribeHandler(
  deps: GroupProtocolDeps & { readonly coordinator: GroupCoordinator },
): Handler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponseInput> {
  return async ({ groupIds, includeAuthorizedOperations }) => {
    if (!hasProtocol(deps, 'consumer'))
      return { groups: groupIds.map((groupId) => ({ groupId, errorCode: ErrorCode.UNSUPPORTED_VERSION })) };
    const groups = await deps.coordinator.describeConsumerGroups(groupIds);
    const operations = includeAuthorizedOperations ? { authorizedOperations: groupOperations } : {};
    return {
      groups: groups.map((group) => (group.errorCode === ErrorCode.NONE ? { ...group, ...operations } : group)),
    };
  };
}
