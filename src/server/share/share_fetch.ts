import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { FileRegion, LogLoading } from '../../common/ports/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { SessionPartition } from '../../replication/share/share_sessions.js';
import type { AcquiredRecords, ShareFailure } from '../../replication/share/states.js';
import { releaseRegion } from '../../storage/native_log.js';
import type { RequestContext } from '../handler.js';
import { untilLoaded } from '../until_loaded.js';
import type { SharePartitionEntry, SharePartitions } from './share_partitions.js';
import { acquireFound, availableBytes, findForMember, type ShareFound, type ShareReadRequest } from './share_read.js';

export interface ShareFetchDetails {
  readonly groupId: string;
  readonly memberId: string;
  /** In the order in which they are served. */
  readonly partitions: readonly SessionPartition[];
  readonly maxBytes: number;
  readonly minBytes: number;
  readonly maxRecords: number;
  readonly batchSize: number;
  readonly recordLimit: boolean;
  readonly readsCommitted: boolean;
  mayRead(topic: string): boolean;
}

export interface ShareFetchedPartition extends SessionPartition {
  readonly topic: string | undefined;
  readonly errorCode: ErrorCode;
  readonly region: FileRegion | undefined;
  readonly acquired: readonly AcquiredRecords[];
}

type Completed = ShareFetchedPartition[];

interface Finding extends SessionPartition {
  readonly entry: SharePartitionEntry;
  readonly request: ShareReadRequest;
  readonly found: ShareFound;
}

interface Wanted extends SessionPartition {
  /** Undefined once it has failed. */
  entry: SharePartitionEntry | undefined;
  failure: ShareFailure | undefined;
}

/** What one request wants of the partitions of its session. */
export class ShareFetch {
  private readonly wanted: readonly Wanted[];

  constructor(
    private readonly deps: { readonly sharePartitions: SharePartitions; readonly metadata: MetadataCache },
    private readonly details: ShareFetchDetails,
  ) {
    this.wanted = details.partitions.map(({ topicId, partition }) => {
      const found = this.entryOf(topicId, partition);
      const failed = 'errorCode' in found;
      return {
        topicId,
        partition,
        entry: failed ? undefined : found,
        failure: failed ? found : undefined,
      };
    });
  }

  private entryOf(topicId: Uuid, index: number): SharePartitionEntry | ShareFailure {
    const topic = topicId === ZERO_UUID ? undefined : this.deps.metadata.current().topicsById.get(topicId);
    if (topic === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, message: null };
    if (!this.details.mayRead(topic.name)) return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, message: null };
    return this.deps.sharePartitions.get(this.details.groupId, topicId, index);
  }

  /** Nothing can come of waiting. */
  get isPointless(): boolean {
    const { maxRecords, maxBytes } = this.details;
    return maxRecords <= 0 || maxBytes <= 0 || this.wanted.every(({ entry }) => entry === undefined);
  }

  /** Those whose records it waits for. */
  entries(): SharePartitionEntry[] {
    return this.wanted.flatMap(({ entry }) => entry ?? []);
  }

  /** Whether the answer leaves now, without waiting for more. */
  isEnough(): boolean {
    let waiting = 0;
    let sum = 0;
    for (const wanted of this.wanted) {
      const { entry } = wanted;
      if (entry === undefined) continue;
      if (!entry.share.isActive && !entry.share.isLoading) {
        this.failed(wanted, entry);
        continue;
      }
      waiting += 1;
      if (!entry.share.canAcquire()) continue;
      sum += availableBytes(entry, this.details.readsCommitted, this.details.minBytes);
    }
    return waiting === 0 || (sum > 0 && sum >= this.details.minBytes);
  }

  /** Its partition is gone, or its state could not be read. */
  private failed(wanted: Wanted, entry: SharePartitionEntry): void {
    wanted.entry = undefined;
    wanted.failure = entry.failure ?? {
      errorCode: entry.partition.offline ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NONE,
      message: null,
    };
  }

  /** Acquires what there is now, or what has been loaded when it was not in memory. The regions are pinned. Null: the member is gone. */
  complete(context: Pick<RequestContext, 'onConnectionClose'>): Completed | Promise<Completed | null> {
    if (this.details.maxRecords <= 0 || this.details.maxBytes <= 0) return [];
    const found = this.find(false);
    return 'loading' in found ? this.completeLoaded(found, context) : this.acquire(found);
  }

  private async completeLoaded(
    first: LogLoading,
    context: Pick<RequestContext, 'onConnectionClose'>,
  ): Promise<Completed | null> {
    const found = await untilLoaded(context, first, (mayWait) => this.find(mayWait));
    return found === null ? null : this.acquire(found);
  }

  /** What there is for the member in each partition; nothing is acquired yet. What has to be loaded first leaves nothing pinned. */
  private find(mayWait: boolean): readonly Finding[] | LogLoading {
    const { details } = this;
    const ready = this.wanted.filter(({ entry }) => entry?.share.canAcquire() === true);
    const share = Math.max(1, Math.floor(details.maxBytes / Math.max(1, ready.length)));
    const { memberId, recordLimit, batchSize, maxRecords, readsCommitted } = details;
    let leftBytes = details.maxBytes;
    let minOneBatch = true;
    const findings: Finding[] = [];
    const loading: Array<Promise<void>> = [];
    for (const { topicId, partition, entry } of ready) {
      if (entry === undefined) continue;
      const maxBytes = Math.max(0, Math.min(share, leftBytes));
      const request = { memberId, recordLimit, batchSize, readsCommitted, maxRecords, maxBytes, minOneBatch };
      const found = findForMember(entry, request, mayWait);
      if ('loading' in found) {
        loading.push(found.loading);
        continue;
      }
      findings.push({ topicId, partition, entry, request, found });
      const readBytes = found.read?.region.sizeBytes ?? 0;
      if (readBytes > 0) minOneBatch = false;
      leftBytes -= readBytes;
    }
    if (loading.length === 0) return findings;
    for (const { found } of findings) if (found.read !== undefined) releaseRegion(found.read.region);
    return { loading: Promise.all(loading).then(() => undefined) };
  }

  private acquire(findings: readonly Finding[]): ShareFetchedPartition[] {
    const { details } = this;
    const answers: ShareFetchedPartition[] = [];
    let { maxRecords } = details;
    for (const { topicId, partition, entry, request, found } of findings) {
      const { errorCode, region, acquired } = acquireFound(entry, { ...request, maxRecords }, found);
      for (const { firstOffset, lastOffset } of acquired) maxRecords -= lastOffset - firstOffset + 1;
      answers.push({ topicId, partition, topic: entry.partition.topic, errorCode, region, acquired });
    }
    for (const { topicId, partition, failure } of this.wanted)
      if (failure !== undefined && failure.errorCode !== ErrorCode.NONE)
        answers.push({
          topicId,
          partition,
          topic: undefined,
          errorCode: failure.errorCode,
          region: undefined,
          acquired: [],
        });
    return answers;
  }
}
