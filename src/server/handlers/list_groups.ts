import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { ListGroupsRequest, ListGroupsResponseInput } from '../../protocol/api/list_groups.js';
import type { Handler } from '../handler.js';

export function listGroupsHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<ListGroupsRequest, ListGroupsResponseInput> {
  return ({ statesFilter, typesFilter }) => deps.coordinator.listGroups({ states: statesFilter, types: typesFilter });
}
