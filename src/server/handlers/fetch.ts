import { assert } from '../../common/assert.js';
import { ZERO_UUID } from '../../common/ids.js';
import { type Clock, type FileRegion, type LogLoading, type LogRead, LogStoreError } from '../../common/ports/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { FetchRequest, FetchResponseInput } from '../../protocol/api/fetch.js';
import { ErrorCode } from '../../protocol/errors.js';
import {
  type FetchPartition,
  type FetchSession,
  type FetchSessionCache,
  mentionInResponse,
} from '../../replication/fetch_session.js';
import type { Partition } from '../../replication/partition.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Timeout } from '../../replication/timeout_wheel.js';
import { releaseRegion } from '../../storage/native_log.js';
import type { Logger } from '../../telemetry/logger.js';
import { MessageLimiter } from '../close_advice.js';
import type { Handler, RequestContext } from '../handler.js';
import { type LeaderHint, LeaderHints } from '../leader_hints.js';
import type { RepeatableFetch } from '../repeat_terms.js';
import type { TopicTraffic } from '../traffic.js';
import { untilLoaded } from '../until_loaded.js';

export interface FetchDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicas: ReplicaManager;
  readonly sessions: FetchSessionCache;
  readonly traffic: TopicTraffic;
  readonly metadata: MetadataCache;
  /** Whether the caller may read the topic, or act as a replica (topic undefined); without it everybody may. */
  readonly mayFetch?: (context: RequestContext, topic: string | undefined) => boolean;
  /** The most that the caller's quota lets it have at once. */
  readonly fetchBurstBytes?: (context: RequestContext) => number;
  /** `fetch.max.bytes` */
  readonly maxBytes: () => number;
}

const lowestVersionWithStartOffsets = 5;
const lowestVersionWithTopicIds = 13;
const lowestVersionWithSessions = 7;
const lowestVersionWithHints = 16;
const invalid = -1;
/** Epoch of a request that neither has nor begins a session. */
const withoutSession = -1;

interface PartitionAnswer {
  readonly partitionIndex: number;
  errorCode: ErrorCode;
  highWatermark: number;
  lastStableOffset: number;
  logStartOffset: number;
  divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined;
  abortedTransactions: ReadonlyArray<{ readonly producerId: number; readonly firstOffset: number }> | null;
  readonly preferredReadReplica: number;
  currentLeader?: LeaderHint;
  records: FileRegion | Uint8Array;
}

/** What one partition gives to one response: its answer, and what is known beside it. */
interface PartitionRead {
  readonly request: FetchPartition;
  readonly partition: Partition | undefined;
  readonly answer: PartitionAnswer;
  region: FileRegion | undefined;
  /** Set: where its records are must be read from the medium first. */
  loading: Promise<void> | undefined;
  /** What it counts for `minBytes`: more than the region when only whole batches, or the segment's end, keep it short. */
  countedBytes: number;
}

/**
 * Fetch (KIP-74, KIP-227, KIP-320, KIP-516): regions of segment files, whole batches, the first one even above the limits. Waits
 * for `minBytes` on the high watermarks of its partitions, at most `maxWaitMs`; any error is answered at once.
 */
export function fetchHandler(deps: FetchDeps): Handler<FetchRequest, FetchResponseInput> {
  const limiter = new MessageLimiter(deps.clock, 1);
  return (request, context) => {
    const usesTopicIds = context.apiVersion >= lowestVersionWithTopicIds;
    const session = deps.sessions.begin({
      sessionId: context.apiVersion >= lowestVersionWithSessions ? request.sessionId : 0,
      sessionEpoch: context.apiVersion >= lowestVersionWithSessions ? request.sessionEpoch : -1,
      usesTopicIds,
      privileged: Math.max(request.replicaId, request.replicaState.replicaId) >= 0,
      partitions: flatten(request),
      forgotten: request.forgottenTopicsData,
    });
    if (session.errorCode !== ErrorCode.NONE || !('partitions' in session))
      return { errorCode: session.errorCode, sessionId: 0, responses: [] };
    const fetch = new Fetch(
      deps,
      request,
      session.partitions,
      session.session,
      session.isFull,
      usesTopicIds,
      limiter,
      context,
    );
    const reads = fetch.read(false);
    if ('loading' in reads) return loadedThenAnswered(deps, fetch, request.maxWaitMs, reads, context);
    if (!fetch.isEnough(reads)) return whenEnough(deps, fetch, request.maxWaitMs, reads, context);
    if (fetch.mayRepeat(reads) && context.mayRepeat()) context.repeatBy(fetch.repeatable(reads));
    return fetch.respond(reads);
  };
}

function whenEnough(
  deps: FetchDeps,
  fetch: Fetch,
  maxWaitMs: number,
  reads: readonly PartitionRead[],
  context: RequestContext,
): Promise<FetchResponseInput | null> {
  fetch.release(reads);
  return new Promise((resolve) => new DelayedFetch(deps, fetch, maxWaitMs, context, resolve));
}

async function loadedThenAnswered(
  deps: FetchDeps,
  fetch: Fetch,
  maxWaitMs: number,
  first: LogLoading,
  context: RequestContext,
): Promise<FetchResponseInput | null> {
  const loaded = await untilLoaded(context, first, (mayWait) => fetch.read(mayWait));
  if (loaded === null) return null;
  if (maxWaitMs <= 0 || fetch.isEnough(loaded)) return fetch.respond(loaded);
  return whenEnough(deps, fetch, maxWaitMs, loaded, context);
}

function isLoading(reads: readonly PartitionRead[]): boolean {
  for (const { loading } of reads) if (loading !== undefined) return true;
  return false;
}

function flatten(request: FetchRequest): FetchPartition[] {
  let count = 0;
  for (const { partitions } of request.topics) count += partitions.length;
  const flat = new Array<FetchPartition>(count);
  let at = 0;
  for (const { topic, topicId, partitions } of request.topics)
    for (const one of partitions)
      flat[at++] = {
        topic,
        topicId,
        partition: one.partition,
        currentLeaderEpoch: one.currentLeaderEpoch,
        fetchOffset: one.fetchOffset,
        lastFetchedEpoch: one.lastFetchedEpoch,
        logStartOffset: one.logStartOffset,
        maxBytes: one.partitionMaxBytes,
      };
  return flat;
}

class Fetch {
  /** What the caller's quota lets it have; infinite without one. */
  private readonly burstBytes: number;
  private readonly maxBytes: number;
  /** -1: a consumer. */
  private readonly replicaId: number;
  private readonly readsCommitted: boolean;

  constructor(
    private readonly deps: FetchDeps,
    private readonly request: FetchRequest,
    private readonly partitions: readonly FetchPartition[],
    private readonly session: FetchSession | undefined,
    private readonly isFull: boolean,
    private readonly usesTopicIds: boolean,
    private readonly limiter: MessageLimiter,
    private readonly context: RequestContext,
  ) {
    this.burstBytes = deps.fetchBurstBytes?.(context) ?? Number.POSITIVE_INFINITY;
    this.maxBytes = Math.min(request.maxBytes, deps.maxBytes(), Math.floor(this.burstBytes));
    this.replicaId = Math.max(request.replicaId, request.replicaState.replicaId);
    this.readsCommitted = request.isolationLevel === readCommitted;
  }

  /**
   * Pins what would be sent now. Either `respond` or `release` must follow. Unless it `mayWait` for the medium: where batches cannot be
   * told without it, they are being loaded and nothing is pinned.
   */
  read(mayWait: boolean): PartitionRead[] | LogLoading {
    const reads = new Array<PartitionRead>(this.partitions.length);
    let at = 0;
    let leftBytes = this.maxBytes;
    let first = true;
    for (const wanted of this.partitions) {
      const read = this.readPartition(wanted, leftBytes, first, mayWait);
      if (read.region !== undefined) {
        leftBytes -= read.region.sizeBytes;
        first = false;
      }
      reads[at++] = read;
    }
    return isLoading(reads) ? this.loading(reads) : reads;
  }

  private loading(reads: readonly PartitionRead[]): LogLoading {
    this.release(reads);
    return { loading: Promise.all(reads.flatMap(({ loading }) => loading ?? [])).then(() => undefined) };
  }

  private readPartition(wanted: FetchPartition, leftBytes: number, first: boolean, mayWait: boolean): PartitionRead {
    const { replicas } = this.deps;
    const partition = this.usesTopicIds
      ? replicas.getById(wanted.topicId, wanted.partition)
      : replicas.get(wanted.topic, wanted.partition);
    const read: PartitionRead = {
      request: wanted,
      partition,
      answer: emptyAnswer(wanted.partition),
      region: undefined,
      loading: undefined,
      countedBytes: 0,
    };
    const { answer } = read;
    answer.errorCode = this.check(wanted, partition, answer);
    answer.abortedTransactions = abortedOf(answer.errorCode, this.request.isolationLevel);
    const log = partition?.log?.log;
    if (answer.errorCode !== ErrorCode.NONE || partition === undefined || log === undefined) return read;
    const { highWatermark, lastStableOffset } = partition;
    const end = this.readsCommitted ? lastStableOffset : highWatermark;
    const { fetchOffset } = wanted;
    if (answer.divergingEpoch === undefined && (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset)) {
      answer.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE;
      answer.abortedTransactions = null;
      return read;
    }
    answer.highWatermark = highWatermark;
    answer.lastStableOffset = lastStableOffset;
    answer.logStartOffset = log.logStartOffset;
    if (answer.divergingEpoch !== undefined) return read;
    const limitBytes = Math.max(0, Math.min(wanted.maxBytes, leftBytes));
    if (fetchOffset < end && (limitBytes > 0 || first)) {
      let found: LogRead | LogLoading | undefined;
      try {
        found = mayWait
          ? log.read(fetchOffset, limitBytes, end, first)
          : log.readAtOnce(fetchOffset, limitBytes, end, first);
      } catch (error) {
        answer.errorCode = this.readFailed(partition, fetchOffset, error);
        return read;
      }
      if (found !== undefined && 'loading' in found) {
        read.loading = found.loading;
        return read;
      }
      if (found !== undefined) {
        if (this.readsCommitted) answer.abortedTransactions = log.abortedTransactions(fetchOffset, found.nextOffset);
        read.region = found.region;
        answer.records = found.region;
        read.countedBytes = found.region.sizeBytes;
      }
      // There is more, but it does not fit: as Kafka, which cuts batches, count what would. Not for an answer without any record.
      const isCut = found === undefined ? !first : found.nextOffset < end;
      if (isCut) read.countedBytes = Math.max(read.countedBytes, limitBytes);
      // What waits for more of a sealed segment waits in vain.
      if (found !== undefined && fetchOffset < log.activeBaseOffset) read.countedBytes = Number.POSITIVE_INFINITY;
    }
    return read;
  }

  /** Damage is an error for the offsets that it takes, never a gap that a consumer would pass over. @throws what is no failure of the log */
  private readFailed(partition: Partition, fetchOffset: number, error: unknown): ErrorCode {
    if (!(error instanceof LogStoreError)) throw error;
    if (error.kind !== 'CORRUPT') return ErrorCode.KAFKA_STORAGE_ERROR;
    const { topic, partition: index } = partition;
    const leftOut = this.limiter.admit(`${topic}-${index}`);
    if (leftOut !== undefined)
      this.deps.logger.error(
        `${topic}-${index}: offset ${fetchOffset} cannot be read, consumers are answered CORRUPT_MESSAGE: ${error.message}. Stop the broker and look with \`millrace log verify\`, or skip the damaged offsets`,
      );
    return ErrorCode.CORRUPT_MESSAGE;
  }

  private check(wanted: FetchPartition, partition: Partition | undefined, answer: PartitionAnswer): ErrorCode {
    const { mayFetch, replicas } = this.deps;
    if (mayFetch !== undefined) {
      const named = this.usesTopicIds ? replicas.nameOf(wanted.topicId) : wanted.topic;
      const asked = this.replicaId >= 0 ? undefined : named;
      if (named !== undefined && !mayFetch(this.context, asked)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    }
    if (partition === undefined) {
      const unknownId =
        this.usesTopicIds && (wanted.topicId === ZERO_UUID || this.deps.replicas.nameOf(wanted.topicId) === undefined);
      return unknownId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
    const { unavailable, log } = partition;
    if (unavailable !== undefined || log === undefined) return unavailable ?? ErrorCode.KAFKA_STORAGE_ERROR;
    const epochError = partition.checkEpoch(Math.max(-1, wanted.currentLeaderEpoch));
    if (epochError !== ErrorCode.NONE) return epochError;
    // The leader does not follow itself.
    const { replicaId } = this;
    if (replicaId >= 0 && (!partition.replicas.includes(replicaId) || partition.leader === replicaId))
      return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (wanted.lastFetchedEpoch >= 0) {
      const end = log.epochs.endOffsetFor(wanted.lastFetchedEpoch, log.log.logEndOffset);
      if (end.epoch < 0) return ErrorCode.OFFSET_OUT_OF_RANGE;
      if (end.epoch < wanted.lastFetchedEpoch || end.endOffset < wanted.fetchOffset) answer.divergingEpoch = end;
    }
    return ErrorCode.NONE;
  }

  /** Whether the response leaves now, without waiting for more. */
  isEnough(reads: readonly PartitionRead[]): boolean {
    if (this.request.maxWaitMs <= 0) return true;
    let sum = 0;
    let present = 0;
    for (const { partition, answer, countedBytes } of reads) {
      // One that is not there has nothing to wait for, but keeps no one from waiting for the others.
      if (partition === undefined) continue;
      present += 1;
      if (answer.errorCode !== ErrorCode.NONE || answer.divergingEpoch !== undefined) return true;
      sum += countedBytes;
    }
    return present === 0 || sum >= Math.min(this.request.minBytes, this.maxBytes);
  }

  /** Whether nothing but what the logs have decides what the same request gets next: a consumer's, without a session, an ACL or a quota. */
  mayRepeat(reads: readonly PartitionRead[]): boolean {
    const { request, deps, context } = this;
    if (request.sessionId !== 0 || request.sessionEpoch !== withoutSession || this.replicaId >= 0) return false;
    if (deps.mayFetch !== undefined || this.burstBytes !== Number.POSITIVE_INFINITY) return false;
    if (context.apiVersion < lowestVersionWithStartOffsets) return false;
    for (const { answer, request: wanted } of reads)
      if (
        answer.errorCode !== ErrorCode.NONE ||
        answer.divergingEpoch !== undefined ||
        wanted.lastFetchedEpoch >= 0 ||
        answer.lastStableOffset !== answer.highWatermark ||
        (answer.abortedTransactions?.length ?? 0) > 0
      )
        return false;
    return true;
  }

  repeatable(reads: readonly PartitionRead[]): RepeatableFetch {
    const partitions = reads.map(({ partition, request: { maxBytes } }) => {
      const log = partition?.log?.log;
      assert(log !== undefined, 'a partition without a log is an error');
      partition?.offer();
      return { log: log.handle, maxBytes };
    });
    const { request, maxBytes, readsCommitted } = this;
    const minBytes = Math.min(request.minBytes, maxBytes);
    return { request, maxBytes, minBytes, readsCommitted, partitions };
  }

  release(reads: readonly PartitionRead[]): void {
    for (const { region } of reads) if (region !== undefined) releaseRegion(region);
  }

  /** The partitions whose high watermark can bring more. */
  watched(): Partition[] {
    return this.partitions.flatMap((wanted) => {
      const partition = this.usesTopicIds
        ? this.deps.replicas.getById(wanted.topicId, wanted.partition)
        : this.deps.replicas.get(wanted.topic, wanted.partition);
      return partition === undefined ? [] : [partition];
    });
  }

  respond(reads: readonly PartitionRead[]): FetchResponseInput {
    let responses: TopicAnswer[] | undefined;
    let hints: LeaderHints | undefined;
    let last: TopicAnswer | undefined;
    for (const { request, partition, answer, region } of reads) {
      const { topic, topicId } = request;
      const sizeBytes = region?.sizeBytes ?? 0;
      if (answer.errorCode !== ErrorCode.NONE && this.context.apiVersion >= lowestVersionWithHints) {
        hints ??= new LeaderHints(this.deps.metadata, this.context.listenerName);
        const hint = hints.of(answer.errorCode, partition?.topic, answer.partitionIndex);
        if (hint !== undefined) answer.currentLeader = hint;
      }
      if (partition !== undefined) this.deps.traffic.fetched(partition.topic, sizeBytes, answer.errorCode);
      if (this.session !== undefined) {
        const { errorCode, highWatermark, lastStableOffset, logStartOffset } = answer;
        const diverging = answer.divergingEpoch !== undefined;
        const outcome = { errorCode, highWatermark, lastStableOffset, logStartOffset, sizeBytes, diverging };
        const mention = mentionInResponse(this.session, request, outcome);
        if (!mention && !this.isFull) continue;
      }
      if (last === undefined || last.topic !== topic || last.topicId !== topicId) {
        last = { topic, topicId, partitions: [answer] };
        if (responses === undefined) responses = [last];
        else responses.push(last);
      } else last.partitions.push(answer);
    }
    const sessionId = this.session?.id ?? 0;
    // Followers know their leaders from the metadata.
    const nodeEndpoints = hints === undefined || this.replicaId >= 0 ? noEndpoints : hints.endpoints();
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, sessionId, responses: responses ?? [], nodeEndpoints };
  }
}

interface TopicAnswer {
  readonly topic: string;
  readonly topicId: FetchPartition['topicId'];
  readonly partitions: PartitionAnswer[];
}

const noRecords = new Uint8Array(0);
const noEndpoints: FetchResponseInput['nodeEndpoints'] = [];

const readCommitted = 1;

const untouched: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
]);

/** A partition that was not even looked at has an empty list of aborted transactions, as in Kafka. */
function abortedOf(errorCode: ErrorCode, isolationLevel: number): [] | null {
  if (errorCode === ErrorCode.NONE) return isolationLevel === readCommitted ? [] : null;
  return untouched.has(errorCode) ? [] : null;
}

function emptyAnswer(partitionIndex: number): PartitionAnswer {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark: invalid,
    lastStableOffset: invalid,
    logStartOffset: invalid,
    divergingEpoch: undefined,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: noRecords,
  };
}

/** A fetch that found less than `minBytes`. It looks again each time a high watermark of its partitions grows. */
class DelayedFetch {
  private readonly undo: Array<() => void> = [];
  private readonly timeout: Timeout;
  private readonly untilMs: number;
  private finished = false;

  constructor(
    private readonly deps: FetchDeps,
    private readonly fetch: Fetch,
    maxWaitMs: number,
    private readonly context: RequestContext,
    private readonly resolve: (response: FetchResponseInput | null | Promise<FetchResponseInput | null>) => void,
  ) {
    this.untilMs = deps.clock.monotonicMs() + maxWaitMs;
    this.timeout = deps.replicas.wheel.add(this, maxWaitMs);
    for (const partition of fetch.watched())
      this.undo.push(partition.onHighWatermark(() => (partition.offline ? this.onTimeout() : this.look())));
    // A client that is gone must not keep waiting here.
    this.undo.push(context.onConnectionClose(() => this.finish(() => null)));
  }

  private look(): void {
    if (this.finished) return;
    const reads = this.fetch.read(false);
    if ('loading' in reads) this.finish(() => this.loaded(reads, this.untilMs - this.deps.clock.monotonicMs()));
    else if (this.fetch.isEnough(reads)) this.finish(() => this.fetch.respond(reads));
    else this.fetch.release(reads);
  }

  onTimeout(): void {
    this.finish(() => {
      const reads = this.fetch.read(false);
      return 'loading' in reads ? this.loaded(reads, 0) : this.fetch.respond(reads);
    });
  }

  /** What came, or was there all along, is not in memory: what is left of the wait goes on once it is. */
  private loaded(first: LogLoading, leftMs: number): Promise<FetchResponseInput | null> {
    return loadedThenAnswered(this.deps, this.fetch, leftMs, first, this.context);
  }

  private finish(response: () => FetchResponseInput | null | Promise<FetchResponseInput | null>): void {
    if (this.finished) return;
    this.finished = true;
    for (const undo of this.undo) undo();
    this.deps.replicas.wheel.cancel(this.timeout);
    this.resolve(response());
  }
}
