import type { GroupCoordinator, GroupDescription } from '../../coordinator/group_coordinator.js';
import type { DescribeGroupsRequest, DescribeGroupsResponseInput } from '../../protocol/api/describe_groups.js';
import { ErrorCode } from '../../protocol/errors.js';
import { groupOperations } from '../authorized_operations.js';
import type { Handler } from '../handler.js';

type DescribedGroup = NonNullable<DescribeGroupsResponseInput['groups']>[number];

/** From this version on a group that is not there is GROUP_ID_NOT_FOUND (KIP-1043); before, it is one in state Dead. */
const notFoundVersion = 6;

export function describeGroupsHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<DescribeGroupsRequest, DescribeGroupsResponseInput> {
  return async ({ groups, includeAuthorizedOperations }, context) => {
    const found = await deps.coordinator.describeGroups(groups);
    const operations = includeAuthorizedOperations ? { authorizedOperations: groupOperations } : {};
    return {
      groups: found.map((description) => {
        const described = describe(description, context.apiVersion);
        return described.errorCode === ErrorCode.NONE ? { ...described, ...operations } : described;
      }),
    };
  };
}

function describe({ groupId, errorCode, group, isOther }: GroupDescription, apiVersion: number): DescribedGroup {
  if (errorCode !== ErrorCode.NONE) return { groupId, errorCode };
  if (group !== undefined) return group;
  const dead = { groupId, groupState: 'Dead' };
  if (apiVersion < notFoundVersion) return { ...dead, errorCode: ErrorCode.NONE };
  const errorMessage = isOther ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`;
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage };
}
