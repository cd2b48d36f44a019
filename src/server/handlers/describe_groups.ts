import type { GroupCoordinator, GroupDescription } from '../../coordinator/group_coordinator.js';
import type { DescribeGroupsRequest, DescribeGroupsResponseInput } from '../../protocol/api/describe_groups.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

type DescribedGroup = NonNullable<DescribeGroupsResponseInput['groups']>[number];

/** From this version on a group that is not there is GROUP_ID_NOT_FOUND (KIP-1043); before, it is one in state Dead. */
const notFoundVersion = 6;
/** Bits of the ACL operations on a group: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS. */
const allGroupOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

export function describeGroupsHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<DescribeGroupsRequest, DescribeGroupsResponseInput> {
  return async ({ groups, includeAuthorizedOperations }, context) => {
    const found = await deps.coordinator.describeGroups(groups);
    const operations = includeAuthorizedOperations ? { authorizedOperations: allGroupOperations } : {};
    return {
      groups: found.map((description) => {
        const described = describe(description, context.apiVersion);
        return described.errorCode === ErrorCode.NONE ? { ...described, ...operations } : described;
      }),
    };
  };
}

function describe({ groupId, errorCode, group }: GroupDescription, apiVersion: number): DescribedGroup {
  if (errorCode !== ErrorCode.NONE) return { groupId, errorCode };
  if (group !== undefined) return group;
  const dead = { groupId, groupState: 'Dead' };
  if (apiVersion < notFoundVersion) return { ...dead, errorCode: ErrorCode.NONE };
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} not found.` };
}
