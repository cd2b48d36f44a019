import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  StreamsGroupDescribeRequest,
  StreamsGroupDescribeResponseInput,
} from '../../protocol/api/streams_group_describe.js';
import { ErrorCode } from '../../protocol/errors.js';
import { groupOperations } from '../authorized_operations.js';
import type { Handler } from '../handler.js';
import type { IsOffered } from './consumer_group_heartbeat.js';
import { hasStreamsProtocol } from './streams_group_heartbeat.js';

/** Groups of the streams protocol; of any other type, or not there: GROUP_ID_NOT_FOUND. */
export function streamsGroupDescribeHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
  readonly isOffered?: IsOffered;
}): Handler<StreamsGroupDescribeRequest, StreamsGroupDescribeResponseInput> {
  return async ({ groupIds, includeAuthorizedOperations }) => {
    if (!hasStreamsProtocol(deps))
      return { groups: groupIds.map((groupId) => ({ groupId, errorCode: ErrorCode.UNSUPPORTED_VERSION })) };
    const groups = await deps.coordinator.describeStreamsGroups(groupIds);
    const operations = includeAuthorizedOperations ? { authorizedOperations: groupOperations } : {};
    return {
      groups: groups.map((group) => (group.errorCode === ErrorCode.NONE ? { ...group, ...operations } : group)),
    };
  };
}
