import type { Uuid } from '../../common/ids.js';
import type { Timers } from '../../common/ports/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ShareFetchRequest, ShareFetchResponseInput } from '../../protocol/api/share_fetch.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import {
  finalEpoch,
  initialEpoch,
  mentions,
  type SessionPartition,
  type ShareSession,
  type ShareSessionCache,
} from '../../replication/share/share_sessions.js';
import type { TopicAccess } from '../access/index.js';
import type { Handler, RequestContext } from '../handler.js';
import { acknowledgeAll, acknowledgementsOf, type PartitionAcknowledged } from '../share/acknowledgements.js';
import { CurrentLeaders } from '../share/current_leader.js';
import { DelayedShareFetch } from '../share/delayed_share_fetch.js';
import { ShareFetch, type ShareFetchedPartition } from '../share/share_fetch.js';
import type { SharePartitions } from '../share/share_partitions.js';
import type { ShareConfigs } from '../share/share_rules.js';
import type { TopicTraffic } from '../traffic.js';

export interface ShareFetchDeps {
  readonly metadata: MetadataCache;
  readonly replicas: ReplicaManager;
  readonly timers: Timers;
  readonly shareSessions: ShareSessionCache;
  readonly sharePartitions: SharePartitions;
  readonly shareConfigs: ShareConfigs;
  readonly traffic: TopicTraffic;
  readonly topicAccess?: TopicAccess;
  /** `fetch.max.bytes` */
  readonly maxBytes: () => number;
}

const longestMemberId = 36;

export function isMemberId(memberId: string | null): memberId is string {
  return memberId !== null && memberId.length > 0 && memberId.length <= longestMemberId;
}

/** `share.acquire.mode` (KIP-1206). */
const acquireModes = { batchOptimized: 0, recordLimit: 1 } as const;

/**
 * ShareFetch (KIP-932, KIP-1206, KIP-1222): acknowledges what the member had, and gives it records that are available: a region of
 * whole batches, and which of their records are the member's. Waits for `minBytes`, at most `maxWaitMs`. Errors: INVALID_REQUEST,
 * SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH, SHARE_SESSION_LIMIT_REACHED (after `maxWaitMs`).
 */
export function shareFetchHandler(deps: ShareFetchDeps): Handler<ShareFetchRequest, ShareFetchResponseInput> {
  return (request, context) => {
    const { groupId, memberId, shareSessionEpoch: epoch } = request;
    if (groupId === null || !isMemberId(memberId) || !isWellFormed(request)) return failed(ErrorCode.INVALID_REQUEST);
    const decision = deps.shareSessions.begin({
      groupId,
      memberId,
      epoch,
      partitions: request.topics.flatMap(({ topicId, partitions }) =>
        partitions.map(({ partitionIndex }) => ({ topicId, partition: partitionIndex })),
      ),
      forgotten: request.forgottenTopicsData.flatMap(({ topicId, partitions }) =>
        partitions.map((partition) => ({ topicId, partition })),
      ),
      acknowledges: request.topics.some(({ partitions }) =>
        partitions.some(({ acknowledgementBatches }) => acknowledgementBatches.length > 0),
      ),
    });
    if (!('isFull' in decision)) return refused(deps, decision.errorCode, request.maxWaitMs);
    const { session, isFull } = decision;
    if (session !== undefined && epoch === initialEpoch) deps.sharePartitions.bindToConnection(session, context);
    return answer(deps, { ...request, groupId, memberId }, context, session, isFull);
  };
}

/** A renewal comes alone: it fetches nothing. */
function isWellFormed(request: ShareFetchRequest): boolean {
  const { isRenewAck, maxBytes, minBytes, maxRecords, maxWaitMs, shareAcquireMode } = request;
  if (shareAcquireMode !== acquireModes.batchOptimized && shareAcquireMode !== acquireModes.recordLimit) return false;
  return !isRenewAck || (maxBytes === 0 && minBytes === 0 && maxRecords === 0 && maxWaitMs === 0);
}

function failed(errorCode: ErrorCode): ShareFetchResponseInput {
  return { errorCode, acquisitionLockTimeoutMs: 0, responses: [], nodeEndpoints: [] };
}

/** A member that finds no free session is told only after its wait, so that it does not ask again at once. */
function refused(
  { timers }: ShareFetchDeps,
  errorCode: ErrorCode,
  maxWaitMs: number,
): ShareFetchResponseInput | Promise<ShareFetchResponseInput> {
  if (errorCode !== ErrorCode.SHARE_SESSION_LIMIT_REACHED) return failed(errorCode);
  return new Promise((resolve) => timers.after(Math.max(0, maxWaitMs), () => resolve(failed(errorCode))));
}

type Asked = ShareFetchRequest & { readonly groupId: string; readonly memberId: string };

async function answer(
  deps: ShareFetchDeps,
  request: Asked,
  context: RequestContext,
  session: ShareSession | undefined,
  isFull: boolean,
): Promise<ShareFetchResponseInput | null> {
  const { groupId, memberId } = request;
  const image = deps.metadata.current();
  const renews = context.apiVersion >= 2 && request.isRenewAck;
  const said = acknowledgementsOf(request).filter(({ batches }) => batches.length > 0);
  const acknowledging = acknowledgeAll(
    deps.sharePartitions,
    image,
    { groupId, memberId, renews, mayRead: readable(deps, context) },
    said,
  );
  const fetching = session === undefined || renews ? [] : fetch(deps, request, context, session);
  const [acknowledged, fetched] = await Promise.all([acknowledging, fetching]);
  if (request.shareSessionEpoch === finalEpoch) {
    const ended = deps.shareSessions.get(groupId, memberId);
    if (ended !== undefined) void deps.sharePartitions.endSession(ended);
  }
  // Nobody is left to take the records: they are given back with the session, which ends with its connection.
  if (fetched === null) return null;
  const mentioned =
    isFull || session === undefined
      ? fetched
      : fetched.filter((one) => mentions(session, one, one.region !== undefined, one.errorCode !== ErrorCode.NONE));
  return respond(deps, groupId, context, mentioned, acknowledged);
}

function fetch(
  deps: ShareFetchDeps,
  request: Asked,
  context: RequestContext,
  session: ShareSession,
): Promise<ShareFetchedPartition[] | null> | ShareFetchedPartition[] {
  const { groupId, memberId, shareSessionEpoch: epoch } = request;
  const maxBytes = Math.min(request.maxBytes, deps.maxBytes());
  const fetching = new ShareFetch(deps, {
    groupId,
    memberId,
    partitions: rotated([...session.partitions.values()], epoch),
    maxBytes,
    minBytes: Math.min(request.minBytes, maxBytes),
    maxRecords: request.maxRecords,
    batchSize: request.batchSize,
    recordLimit: request.shareAcquireMode === acquireModes.recordLimit,
    readsCommitted: deps.shareConfigs.of(groupId).readsCommitted,
    mayRead: readable(deps, context),
  });
  const { maxWaitMs } = request;
  if (fetching.isPointless || maxWaitMs <= 0 || fetching.isEnough()) return fetching.complete(context);
  return new Promise((resolve) => new DelayedShareFetch(deps.replicas, fetching, maxWaitMs, context, resolve));
}

/** Topics are named by a session, which outlives a request: they are asked about each time. */
export function readable(
  { topicAccess }: { readonly topicAccess?: TopicAccess },
  context: RequestContext,
): (topic: string) => boolean {
  return (topic) => topicAccess?.mayRead(context, topic) !== false;
}

/** Each request begins with another partition, so that all get their turn. */
function rotated(partitions: readonly SessionPartition[], epoch: number): readonly SessionPartition[] {
  const by = epoch < 1 || partitions.length === 0 ? 0 : epoch % partitions.length;
  return by === 0 ? partitions : [...partitions.slice(by), ...partitions.slice(0, by)];
}

type Topics = NonNullable<ShareFetchResponseInput['responses']>;
type PartitionAnswer = NonNullable<Topics[number]['partitions']>[number];

const noRecords = new Uint8Array(0);

function respond(
  deps: ShareFetchDeps,
  groupId: string,
  context: RequestContext,
  fetched: readonly ShareFetchedPartition[],
  acknowledged: readonly PartitionAcknowledged[],
): ShareFetchResponseInput {
  const leaders = new CurrentLeaders(deps.metadata.current(), context.listenerName);
  const byTopic = new Map<Uuid, Map<number, PartitionAnswer>>();
  const put = (topicId: Uuid, partition: number, given: PartitionAnswer) => {
    const topic = byTopic.get(topicId) ?? new Map<number, PartitionAnswer>();
    byTopic.set(topicId, topic);
    topic.set(partition, { ...topic.get(partition), ...given });
  };
  for (const { topicId, partition, topic, errorCode, region, acquired } of fetched) {
    if (topic !== undefined) deps.traffic.fetched(topic, region?.sizeBytes ?? 0, errorCode);
    const currentLeader = leaders.of(topicId, partition, errorCode);
    put(topicId, partition, {
      partitionIndex: partition,
      errorCode,
      currentLeader,
      records: region ?? noRecords,
      acquiredRecords: [...acquired],
    });
  }
  for (const { topicId, partition, errorCode, message } of acknowledged)
    put(topicId, partition, {
      ...(byTopic.get(topicId)?.has(partition) === true ? {} : { records: noRecords }),
      partitionIndex: partition,
      acknowledgeErrorCode: errorCode,
      acknowledgeErrorMessage: message,
    });
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    acquisitionLockTimeoutMs: deps.shareConfigs.of(groupId).recordLockDurationMs,
    responses: [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions.values()] })),
    nodeEndpoints: leaders.nodeEndpoints,
  };
}
