import { type Uuid, ZERO_UUID } from '../common/ids.js';
import type { Clock, Random } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';

/** One partition as a fetcher asks for it. Identity is the topic id where the client names one, otherwise the topic's name. */
export interface FetchPartition {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: number;
  readonly maxBytes: number;
}

/** What the client was told last of a partition; incremental responses leave out what has not changed. */
interface Cached {
  request: FetchPartition;
  highWatermark: number;
  lastStableOffset: number;
  logStartOffset: number;
  /** After an error the partition is sent again even when nothing else changed. */
  failed: boolean;
}

export interface FetchSession {
  readonly id: number;
  readonly usesTopicIds: boolean;
  /** A follower's; it may take the place of a consumer's, never the other way round. */
  readonly privileged: boolean;
  /** The epoch that the next request must carry. */
  nextEpoch: number;
  readonly createdMs: number;
  lastUsedMs: number;
  readonly partitions: Map<string, Cached>;
}

export interface ForgottenTopic {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly usesTopicIds: boolean;
  readonly privileged: boolean;
  readonly partitions: readonly FetchPartition[];
  readonly forgotten: readonly ForgottenTopic[];
}

export type SessionDecision =
  | {
      readonly errorCode: typeof ErrorCode.NONE;
      readonly session: FetchSession | undefined;
      readonly isFull: boolean;
      readonly partitions: readonly FetchPartition[];
    }
  | { readonly errorCode: ErrorCode; readonly session?: undefined };

const finalEpoch = -1;
const initialEpoch = 0;
const maxEpoch = 0x7fff_ffff;
/** Kafka's minimum: unused for longer a session gives way to any other; older than that, to a more valuable one. */
const evictionMs = 120_000;

function keyOf(topic: string, topicId: Uuid, partition: number): string {
  return `${topicId === ZERO_UUID ? topic : topicId}/${partition}`;
}

/**
 * Incremental fetch sessions (KIP-227): a consumer of many partitions says only what changed, and is told only what changed. At
 * most `max.incremental.fetch.session.cache.slots`; without a free slot a client goes on with full requests (session id 0).
 * A look for a slot costs a pass over all sessions, and only when every slot is taken.
 */
export class FetchSessionCache {
  private readonly sessions = new Map<number, FetchSession>();
  evictions = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly maxSlots: number,
  ) {}

  get size(): number {
    return this.sessions.size;
  }

  get partitionCount(): number {
    let sum = 0;
    for (const session of this.sessions.values()) sum += session.partitions.size;
    return sum;
  }

  /** Which partitions this request is about. Errors: FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR. */
  begin(request: SessionRequest): SessionDecision {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === finalEpoch || sessionEpoch === initialEpoch) {
      if (sessionId !== 0) this.sessions.delete(sessionId);
      const session = sessionEpoch === initialEpoch ? this.create(request) : undefined;
      return { errorCode: ErrorCode.NONE, session, isFull: true, partitions: request.partitions };
    }
    const session = this.sessions.get(sessionId);
    if (session === undefined) return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND };
    if (session.nextEpoch !== sessionEpoch) return { errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH };
    if (session.usesTopicIds !== request.usesTopicIds) return { errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR };
    for (const partition of request.partitions) {
      const key = keyOf(partition.topic, partition.topicId, partition.partition);
      const cached = session.partitions.get(key);
      if (cached !== undefined) cached.request = partition;
      else session.partitions.set(key, fresh(partition));
    }
    for (const { topic, topicId, partitions } of request.forgotten)
      for (const partition of partitions) session.partitions.delete(keyOf(topic, topicId, partition));
    if (session.partitions.size === 0) {
      // Nothing is left to remember: the client is told by session id 0 that it has no session any more.
      this.sessions.delete(sessionId);
      return { errorCode: ErrorCode.NONE, session: undefined, isFull: true, partitions: request.partitions };
    }
    session.nextEpoch = sessionEpoch === maxEpoch ? 1 : sessionEpoch + 1;
    session.lastUsedMs = this.clock.monotonicMs();
    // Most recently used last: eviction takes from the front.
    this.sessions.delete(sessionId);
    this.sessions.set(sessionId, session);
    return {
      errorCode: ErrorCode.NONE,
      session,
      isFull: false,
      partitions: [...session.partitions.values()].map((cached) => cached.request),
    };
  }

  private create(request: SessionRequest): FetchSession | undefined {
    if (!this.makeRoom(request)) return undefined;
    let id = 0;
    while (id === 0 || this.sessions.has(id)) id = this.random.uint32() >>> 1;
    const nowMs = this.clock.monotonicMs();
    const session: FetchSession = {
      id,
      usesTopicIds: request.usesTopicIds,
      privileged: request.privileged,
      nextEpoch: 1,
      createdMs: nowMs,
      lastUsedMs: nowMs,
      partitions: new Map(
        request.partitions.map((partition) => [
          keyOf(partition.topic, partition.topicId, partition.partition),
          fresh(partition),
        ]),
      ),
    };
    this.sessions.set(id, session);
    return session;
  }

  /** As Kafka: a stale session goes first, then the one of least value that is not new, if the newcomer is worth more. */
  private makeRoom(request: SessionRequest): boolean {
    if (this.sessions.size < this.maxSlots) return true;
    const [oldest] = this.sessions.values();
    if (oldest === undefined) return false;
    const stale = this.clock.monotonicMs() - oldest.lastUsedMs > evictionMs;
    const victim = stale ? oldest : this.leastValuable(request.privileged);
    if (victim === undefined || (!stale && !isWorthMore(request, victim))) return false;
    this.sessions.delete(victim.id);
    this.evictions += 1;
    return true;
  }

  private leastValuable(forPrivileged: boolean): FetchSession | undefined {
    let least: FetchSession | undefined;
    for (const session of this.sessions.values()) {
      const isNew = session.lastUsedMs - session.createdMs <= evictionMs;
      if (isNew && !(forPrivileged && !session.privileged)) continue;
      if (least === undefined || compareValue(session, least) < 0) least = session;
    }
    return least;
  }
}

/** Followers before consumers, then by the number of partitions: the larger a session, the more it saves. */
function compareValue(a: FetchSession, b: FetchSession): number {
  return Number(a.privileged) - Number(b.privileged) || a.partitions.size - b.partitions.size || a.id - b.id;
}

function isWorthMore(request: SessionRequest, session: FetchSession): boolean {
  if (request.privileged !== session.privileged) return request.privileged;
  return request.partitions.length > session.partitions.size;
}

function fresh(request: FetchPartition): Cached {
  return { request, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, failed: false };
}

export interface PartitionOutcome {
  readonly errorCode: ErrorCode;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly sizeBytes: number;
  readonly diverging: boolean;
}

/**
 * Whether an incremental response mentions the partition, and notes what the client knows afterwards. Partitions that gave records
 * move to the end, so that those behind them get their turn when the response is full.
 */
export function mentionInResponse(session: FetchSession, request: FetchPartition, outcome: PartitionOutcome): boolean {
  const key = keyOf(request.topic, request.topicId, request.partition);
  const cached = session.partitions.get(key);
  if (cached === undefined) return false;
  const failed = outcome.errorCode !== ErrorCode.NONE;
  const mention =
    outcome.sizeBytes > 0 ||
    outcome.diverging ||
    failed ||
    cached.failed !== failed ||
    cached.highWatermark !== outcome.highWatermark ||
    cached.lastStableOffset !== outcome.lastStableOffset ||
    cached.logStartOffset !== outcome.logStartOffset;
  cached.highWatermark = outcome.highWatermark;
  cached.lastStableOffset = outcome.lastStableOffset;
  cached.logStartOffset = outcome.logStartOffset;
  cached.failed = failed;
  if (outcome.sizeBytes > 0) {
    session.partitions.delete(key);
    session.partitions.set(key, cached);
  }
  return mention;
}
