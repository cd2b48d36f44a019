import { judgeReassignment } from '../../controller/decide_leaders.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponseInput,
} from '../../protocol/api/alter_partition_reassignments.js';
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponseInput,
} from '../../protocol/api/list_partition_reassignments.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

interface Deps {
  readonly metadata: MetadataCache;
}

/** AlterPartitionReassignments (KIP-455) where there is one broker. */
export function alterPartitionReassignmentsHandler(
  deps: Deps,
): Handler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponseInput> {
  return ({ topics, allowReplicationFactorChange }) => {
    const image = deps.metadata.current();
    return {
      allowReplicationFactorChange,
      errorCode: ErrorCode.NONE,
      errorMessage: topics.length === 0 ? '' : null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...judgeReassignment(image, name, partitionIndex, replicas),
        })),
      })),
    };
  };
}

/** ListPartitionReassignments: what was asked for is done at once or refused, so nothing is ever under way. */
export function listPartitionReassignmentsHandler(): Handler<
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponseInput
> {
  return () => ({ errorCode: ErrorCode.NONE, errorMessage: null, topics: [] });
}
