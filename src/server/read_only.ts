import type { ProduceRequest, ProduceResponseInput } from '../protocol/api/produce.js';
import { ApiKey } from '../protocol/api_keys.js';
import { ErrorCode } from '../protocol/errors.js';
import { apiByKey } from '../protocol/registry.js';
import type { Handler } from './handler.js';
import type { Pipeline } from './request_pipeline.js';
import { errorResponse } from './unsupported.js';

/** What a broker on a mounted directory answers. Groups are in it: their state is the broker's own, and ends with it. */
const allowed: ReadonlySet<number> = new Set([
  ApiKey.ApiVersions,
  ApiKey.SaslHandshake,
  ApiKey.SaslAuthenticate,
  ApiKey.Metadata,
  ApiKey.DescribeTopicPartitions,
  ApiKey.DescribeCluster,
  ApiKey.DescribeQuorum,
  ApiKey.Fetch,
  ApiKey.ListOffsets,
  ApiKey.OffsetForLeaderEpoch,
  ApiKey.DescribeLogDirs,
  ApiKey.DescribeConfigs,
  ApiKey.ListConfigResources,
  ApiKey.DescribeProducers,
  ApiKey.DescribeTransactions,
  ApiKey.ListTransactions,
  ApiKey.DescribeAcls,
  ApiKey.DescribeClientQuotas,
  ApiKey.DescribeUserScramCredentials,
  ApiKey.DescribeDelegationToken,
  ApiKey.ListPartitionReassignments,
  ApiKey.FindCoordinator,
  ApiKey.JoinGroup,
  ApiKey.SyncGroup,
  ApiKey.Heartbeat,
  ApiKey.LeaveGroup,
  ApiKey.OffsetFetch,
  ApiKey.ListGroups,
  ApiKey.DescribeGroups,
  ApiKey.ConsumerGroupHeartbeat,
  ApiKey.ConsumerGroupDescribe,
  ApiKey.GetTelemetrySubscriptions,
  ApiKey.PushTelemetry,
]);

/**
 * Has every registered API that is not known to leave things as they are answer POLICY_VIOLATION, also those that come later. Call it when all
 * are registered.
 */
export function refuseWrites(pipeline: Pipeline, mountedPath: string): void {
  const message = `This broker serves ${mountedPath} read-only (--mount): nothing can be written, created, deleted or committed`;
  for (const apiKey of [...pipeline.totals.keys()])
    if (!allowed.has(apiKey))
      pipeline.register(apiKey, apiKey === ApiKey.Produce ? refuseProduce(message) : refuse(apiKey, message));
}

function refuse(apiKey: number, message: string): Handler<object, object> {
  const api = apiByKey(apiKey);
  return (request, { apiVersion }) => {
    const answer =
      api === undefined
        ? undefined
        : errorResponse(api, apiVersion, { ...request }, { code: ErrorCode.POLICY_VIOLATION, message });
    return answer ?? {};
  };
}

function refuseProduce(errorMessage: string): Handler<ProduceRequest, ProduceResponseInput> {
  return ({ acks, topicData }) => {
    if (acks === 0) return null;
    return {
      responses: topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({
          index,
          errorCode: ErrorCode.POLICY_VIOLATION,
          baseOffset: -1,
          errorMessage,
        })),
      })),
    };
  };
}
