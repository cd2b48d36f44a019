import { type ElectionType, judgeElection } from '../../controller/decide_leaders.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ElectLeadersRequest, ElectLeadersResponseInput } from '../../protocol/api/elect_leaders.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

const types: readonly ElectionType[] = ['preferred', 'unclean'];

/** ElectLeaders (KIP-183, KIP-460). Asked for all partitions it answers those only for which something was to be done. */
export function electLeadersHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<ElectLeadersRequest, ElectLeadersResponseInput> {
  return ({ electionType, topicPartitions }) => {
    const image = deps.metadata.current();
    const type = types[electionType];
    if (type === undefined) {
      const refused = {
        errorCode: ErrorCode.INVALID_REQUEST,
        errorMessage: `Unknown election type ${electionType}`,
      };
      return {
        errorCode: ErrorCode.INVALID_REQUEST,
        replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
          topic,
          partitionResult: partitions.map((partitionId) => ({ partitionId, ...refused })),
        })),
      };
    }
    const wanted =
      topicPartitions ??
      [...image.topicsByName.values()].map(({ name, partitions }) => ({
        topic: name,
        partitions: partitions.map(({ partition }) => partition),
      }));
    return {
      errorCode: ErrorCode.NONE,
      replicaElectionResults: wanted.map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions
          .map((partitionId) => ({ partitionId, ...judgeElection(image, type, topic, partitionId) }))
          .filter(({ errorCode }) => topicPartitions !== null || errorCode !== ErrorCode.ELECTION_NOT_NEEDED),
      })),
    };
  };
}
