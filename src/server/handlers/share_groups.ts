import type { ShareGroups } from '../../coordinator/share_groups.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponseInput,
} from '../../protocol/api/alter_share_group_offsets.js';
import type {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponseInput,
} from '../../protocol/api/delete_share_group_offsets.js';
import type {
  ShareGroupDescribeRequest,
  ShareGroupDescribeResponseInput,
} from '../../protocol/api/share_group_describe.js';
import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponseInput,
} from '../../protocol/api/share_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import { groupOperations } from '../authorized_operations.js';
import type { Handler } from '../handler.js';
import { hasProtocol } from './group_protocols.js';

interface Deps {
  readonly shareGroups: ShareGroups;
  readonly metadata: MetadataCache;
}

const unsupported = { errorCode: ErrorCode.UNSUPPORTED_VERSION };

/** The one request of a member of a share group (KIP-932). */
export function shareGroupHeartbeatHandler({
  shareGroups,
  metadata,
}: Deps): Handler<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponseInput> {
  return (request, context) =>
    hasProtocol({ metadata }, 'share') ? shareGroups.heartbeat(request, context) : unsupported;
}

/** Share groups; of any other type, or not there: GROUP_ID_NOT_FOUND. */
export function shareGroupDescribeHandler({
  shareGroups,
  metadata,
}: Deps): Handler<ShareGroupDescribeRequest, ShareGroupDescribeResponseInput> {
  return async ({ groupIds, includeAuthorizedOperations }) => {
    if (!hasProtocol({ metadata }, 'share'))
      return { groups: groupIds.map((groupId) => ({ groupId, ...unsupported })) };
    const groups = await shareGroups.describe(groupIds);
    const operations = includeAuthorizedOperations ? { authorizedOperations: groupOperations } : {};
    return {
      groups: groups.map((group) => (group.errorCode === ErrorCode.NONE ? { ...group, ...operations } : group)),
    };
  };
}

export function alterShareGroupOffsetsHandler({
  shareGroups,
  metadata,
}: Deps): Handler<AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponseInput> {
  return (request) => (hasProtocol({ metadata }, 'share') ? shareGroups.alterOffsets(request) : unsupported);
}

export function deleteShareGroupOffsetsHandler({
  shareGroups,
  metadata,
}: Deps): Handler<DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponseInput> {
  return (request) => (hasProtocol({ metadata }, 'share') ? shareGroups.deleteOffsets(request) : unsupported);
}
