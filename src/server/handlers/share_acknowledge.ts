import type { Uuid } from '../../common/ids.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ShareAcknowledgeRequest, ShareAcknowledgeResponseInput } from '../../protocol/api/share_acknowledge.js';
import { ErrorCode } from '../../protocol/errors.js';
import { finalEpoch, type ShareSessionCache } from '../../replication/share/share_sessions.js';
import type { TopicAccess } from '../access/index.js';
import type { Handler } from '../handler.js';
import { acknowledgeAll, acknowledgementsOf } from '../share/acknowledgements.js';
import { CurrentLeaders } from '../share/current_leader.js';
import type { SharePartitions } from '../share/share_partitions.js';
import type { ShareConfigs } from '../share/share_rules.js';
import { isMemberId, readable } from './share_fetch.js';

export interface ShareAcknowledgeDeps {
  readonly metadata: MetadataCache;
  readonly shareSessions: ShareSessionCache;
  readonly sharePartitions: SharePartitions;
  readonly shareConfigs: ShareConfigs;
  readonly topicAccess?: TopicAccess;
}

type Topics = NonNullable<ShareAcknowledgeResponseInput['responses']>;
type PartitionAnswer = NonNullable<Topics[number]['partitions']>[number];

/**
 * ShareAcknowledge (KIP-932, KIP-1222): accept, release, reject or renew records, answered once that is persisted. The final epoch ends
 * the session; what the member still has is given back. Errors: INVALID_REQUEST, SHARE_SESSION_NOT_FOUND,
 * INVALID_SHARE_SESSION_EPOCH.
 */
export function shareAcknowledgeHandler(
  deps: ShareAcknowledgeDeps,
): Handler<ShareAcknowledgeRequest, ShareAcknowledgeResponseInput> {
  return async (request, context) => {
    const { groupId, memberId, shareSessionEpoch: epoch } = request;
    if (groupId === null || !isMemberId(memberId)) return failed(ErrorCode.INVALID_REQUEST);
    const errorCode = deps.shareSessions.acknowledge(groupId, memberId, epoch);
    if (errorCode !== ErrorCode.NONE) return failed(errorCode);
    const renews = context.apiVersion >= 2 && request.isRenewAck;
    const image = deps.metadata.current();
    const member = { groupId, memberId, renews, mayRead: readable(deps, context) };
    const acknowledged = await acknowledgeAll(deps.sharePartitions, image, member, acknowledgementsOf(request));
    if (epoch === finalEpoch) {
      const ended = deps.shareSessions.get(groupId, memberId);
      if (ended !== undefined) void deps.sharePartitions.endSession(ended);
    }
    const leaders = new CurrentLeaders(image, context.listenerName);
    const byTopic = new Map<Uuid, PartitionAnswer[]>();
    for (const { topicId, partition, errorCode: code, message } of acknowledged) {
      const partitions = byTopic.get(topicId) ?? [];
      byTopic.set(topicId, partitions);
      const currentLeader = leaders.of(topicId, partition, code);
      partitions.push({ partitionIndex: partition, errorCode: code, errorMessage: message, currentLeader });
    }
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      acquisitionLockTimeoutMs: deps.shareConfigs.of(groupId).recordLockDurationMs,
      responses: [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions })),
      nodeEndpoints: leaders.nodeEndpoints,
    };
  };
}

function failed(errorCode: ErrorCode): ShareAcknowledgeResponseInput {
  return { errorCode, responses: [], nodeEndpoints: [] };
}
