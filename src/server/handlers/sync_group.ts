import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { SyncGroupRequest, SyncGroupResponseInput } from '../../protocol/api/sync_group.js';
import type { Handler } from '../handler.js';

/** Waits until the leader of the group has sent everybody's assignment. */
export function syncGroupHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<SyncGroupRequest, SyncGroupResponseInput> {
  return (request, context) => deps.coordinator.syncGroup(request, context);
}
