import type { ShareGroups } from '../../coordinator/share_groups.js';
import type { DeleteGroupsRequest, DeleteGroupsResponseInput } from '../../protocol/api/delete_groups.js';
import type { Handler } from '../handler.js';

export function deleteGroupsHandler(deps: {
  readonly shareGroups: ShareGroups;
}): Handler<DeleteGroupsRequest, DeleteGroupsResponseInput> {
  return async ({ groupsNames }) => ({ results: await deps.shareGroups.deleteGroups(groupsNames) });
}
