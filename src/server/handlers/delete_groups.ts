import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { DeleteGroupsRequest, DeleteGroupsResponseInput } from '../../protocol/api/delete_groups.js';
import type { Handler } from '../handler.js';

export function deleteGroupsHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<DeleteGroupsRequest, DeleteGroupsResponseInput> {
  return async ({ groupsNames }) => ({ results: await deps.coordinator.deleteGroups(groupsNames) });
}
