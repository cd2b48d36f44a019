import { assert } from '../../common/assert.js';
import { ZERO_UUID } from '../../common/ids.js';
import type { Clock } from '../../common/ports/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ProduceRequest, ProduceResponseInput } from '../../protocol/api/produce.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { CommitWaiter } from '../../replication/commit_queue.js';
import type { Partition } from '../../replication/partition.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Timeout } from '../../replication/timeout_wheel.js';
import { type AppendRefusal, refusal } from '../../storage/append_validation.js';
import type { AppendResult } from '../../storage/partition_log.js';
import type { PreparedBatch } from '../../storage/recompression.js';
import type { Logger } from '../../telemetry/logger.js';
import { MessageLimiter } from '../close_advice.js';
import { CloseConnection, type Handler, LaterResponse, promised, type RequestContext } from '../handler.js';
import { type LeaderHint, LeaderHints } from '../leader_hints.js';
import type { TopicTraffic } from '../traffic.js';
import type { TransactionVerifier, VerifiedPartition } from '../transaction_verifier.js';
import {
  afterVerification,
  hasTransactionalRecords,
  transactionalWrite,
  verificationError,
} from './produce_transactions.js';

export interface ProduceDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicas: ReplicaManager;
  readonly traffic: TopicTraffic;
  readonly metadata: MetadataCache;
  /** `transaction.partition.verification.enable` */
  readonly verifiesTransactions: () => boolean;
  readonly verifier: TransactionVerifier;
}

interface PartitionAnswer {
  index: number;
  errorCode: ErrorCode;
  baseOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
  currentLeader?: LeaderHint;
  recordErrors: ReadonlyArray<{ batchIndex: number; batchIndexErrorMessage: string | null }>;
  errorMessage: string | null;
}

interface TopicAnswer {
  name: string;
  topicId: ProduceRequest['topicData'][number]['topicId'];
  partitionResponses: PartitionAnswer[];
}

/** A partition whose records are appended and not committed yet. */
class WaitingPartition implements CommitWaiter {
  gaveUp = false;
  request: DelayedProduce | undefined;

  constructor(
    readonly partition: Partition,
    readonly answer: PartitionAnswer,
    readonly lastOffset: number,
  ) {}

  onCommitOrOffline(): void {
    assert(this.request !== undefined, 'a partition that waits belongs to a request');
    this.request.told(this);
  }
}

const lowestVersionWithTopicIds = 13;

/**
 * Produce (KIP-98, KIP-467, KIP-516): appends in the synchronous part, then waits for the high watermark as `acks` asks. In
 * `millrace.flush.mode=group` acks=1 waits too: what is acknowledged is on the medium. acks=0 has no response; when such a request
 * fails its connection is closed, as in Kafka, so that the client notices.
 */
export function produceHandler(deps: ProduceDeps): Handler<ProduceRequest, ProduceResponseInput> {
  const limiter = new MessageLimiter(deps.clock);
  const answer = (work: ProduceWork, goOn: (() => void) | undefined, context: RequestContext) => {
    const preparing = work.begin();
    if (preparing === undefined) {
      goOn?.();
      return work.answer();
    }
    return Promise.all(preparing)
      .finally(goOn ?? context.holdRequests())
      .then(() => work.answer())
      .then(promised);
  };
  return (request, context) => {
    const write = transactionalWrite(request, context.apiVersion, deps.replicas);
    if (write === 'many-producers') return allRefused(request, ErrorCode.INVALID_PRODUCER_ID_MAPPING);
    const verifying = write === undefined ? undefined : deps.verifier.verify(write);
    if (verifying === undefined) return answer(new ProduceWork(deps, limiter, request, context), undefined, context);
    const goOn = context.holdRequests();
    return afterVerification(request, verifying, goOn, async (kept, verified) =>
      promised(await answer(new ProduceWork(deps, limiter, kept, context, verified), goOn, context)),
    );
  };
}

/** One request: its answers, and what is still to come. */
class ProduceWork {
  private readonly answers: TopicAnswer[];
  // Made when there is something to be in them: mostly there is not.
  private waiting: WaitingPartition[] | undefined;
  private misdirected: Array<{ readonly partition: Partition; readonly answer: PartitionAnswer }> | undefined;

  constructor(
    private readonly deps: ProduceDeps,
    private readonly limiter: MessageLimiter,
    private readonly request: ProduceRequest,
    private readonly context: RequestContext,
    /** Partitions on which a transaction begins. */
    private readonly verified?: ReadonlyMap<string, VerifiedPartition>,
  ) {
    // As long as it will be: one that grows takes room for seventeen at its first element.
    this.answers = new Array<TopicAnswer>(request.topicData.length);
  }

  /** Appends what can be appended at once; the rest is appended when the promises resolve. */
  begin(): Array<Promise<void>> | undefined {
    const { deps, request, context } = this;
    let preparing: Array<Promise<void>> | undefined;
    const batchContext = {
      nowMs: deps.clock.wallMs(),
      produceVersion: context.apiVersion,
      verifiesTransactions: deps.verifiesTransactions(),
    };
    const validAcks = request.acks === 0 || request.acks === 1 || request.acks === -1;
    const byId = context.apiVersion >= lowestVersionWithTopicIds;
    const isAnonymous = request.transactionalId === null && hasTransactionalRecords(request);
    let topicAt = 0;
    for (const topic of request.topicData) {
      const partitionResponses = new Array<PartitionAnswer>(topic.partitionData.length);
      this.answers[topicAt++] = { name: topic.name, topicId: topic.topicId, partitionResponses };
      let partitionAt = 0;
      for (const { index, records } of topic.partitionData) {
        const answer = emptyAnswer(index);
        partitionResponses[partitionAt++] = answer;
        const partition = byId ? deps.replicas.getById(topic.topicId, index) : deps.replicas.get(topic.name, index);
        const refused = refuse(
          partition,
          byId && (topic.topicId === ZERO_UUID || deps.replicas.nameOf(topic.topicId) === undefined),
          validAcks,
          isAnonymous,
        );
        if (refused !== undefined || partition === undefined) {
          answer.errorCode = refused ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
          continue;
        }
        if (partition.log?.config.compact === true && isInternal(partition.topic)) {
          answer.errorCode = ErrorCode.INVALID_TOPIC_EXCEPTION;
          continue;
        }
        const verified = this.verified?.get(`${partition.topic}-${index}`);
        if (verified !== undefined && verified.errorCode !== ErrorCode.NONE) {
          const refusal = verificationError(verified.errorCode, context.apiVersion);
          answer.errorCode = refusal.errorCode;
          answer.errorMessage = refusal.errorMessage;
          continue;
        }
        const bytes = records ?? emptyRecords;
        const prepared = partition.prepare(bytes, batchContext);
        const verification = verified?.verification;
        if (prepared === undefined) {
          // Copied for transactions alone: at a hundred thousand requests a second it is felt.
          const own = verification === undefined ? batchContext : { ...batchContext, verification };
          const result = partition.append(bytes, request.acks, own);
          this.finish(partition, answer, result, bytes.length);
        } else {
          preparing ??= [];
          preparing.push(this.appendPrepared(partition, answer, prepared, bytes.length, verification));
        }
      }
    }
    return preparing;
  }

  private async appendPrepared(
    partition: Partition,
    answer: PartitionAnswer,
    preparing: Promise<PreparedBatch>,
    sizeBytes: number,
    verification: object | undefined,
  ): Promise<void> {
    const { deps, request, context } = this;
    const prepared = await preparing;
    // Time has passed, and the partition may be gone: that is judged again.
    const batchContext = {
      nowMs: deps.clock.wallMs(),
      produceVersion: context.apiVersion,
      recordsSeen: true,
      verifiesTransactions: deps.verifiesTransactions(),
      verification,
    };
    const gone = deps.replicas.getById(partition.topicId, partition.partition) !== partition;
    const result =
      prepared.errorCode !== ErrorCode.NONE
        ? prepared
        : gone
          ? refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
          : partition.append(prepared.bytes, request.acks, batchContext);
    this.finish(partition, answer, result, sizeBytes);
  }

  private finish(partition: Partition, answer: PartitionAnswer, result: AppendResult, sizeBytes: number): void {
    const { deps, request, context } = this;
    deps.traffic.produced(partition.topic, sizeBytes, result);
    fill(answer, result, partition, context.apiVersion);
    if (answer.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) {
      this.misdirected ??= [];
      this.misdirected.push({ partition, answer });
    }
    if (result.errorCode !== ErrorCode.NONE) tellOperator(deps.logger, this.limiter, context, partition, result);
    if (result.errorCode === ErrorCode.NONE && request.acks !== 0 && partition.highWatermark <= result.lastOffset) {
      this.waiting ??= [];
      this.waiting.push(new WaitingPartition(partition, answer, result.lastOffset));
    }
  }

  /** Where those partitions are led that are not led here (KIP-951). */
  private hints(): ProduceResponseInput['nodeEndpoints'] {
    const { deps, context, misdirected } = this;
    if (misdirected === undefined || context.apiVersion < lowestVersionWithHints) return noEndpoints;
    const hints = new LeaderHints(deps.metadata, context.listenerName);
    for (const { partition, answer } of misdirected) {
      const hint = hints.of(answer.errorCode, partition.topic, partition.partition);
      if (hint !== undefined) answer.currentLeader = hint;
    }
    return hints.endpoints();
  }

  /** Everything is appended: the answer, at once or when it is committed. */
  answer(): ProduceResponseInput | null | LaterResponse<ProduceResponseInput> {
    const { deps, request, answers, waiting } = this;
    if (request.acks === 0) {
      const failed = answers
        .flatMap((topic) => topic.partitionResponses)
        .find((answer) => answer.errorCode !== ErrorCode.NONE);
      if (failed !== undefined)
        throw new CloseConnection(
          `a Produce request with acks=0 failed (error ${failed.errorCode}); closing tells the client`,
        );
      return null;
    }
    const response: ProduceResponseInput = { responses: answers, throttleTimeMs: 0, nodeEndpoints: this.hints() };
    if (waiting === undefined) return response;
    return new DelayedProduce(deps.replicas, waiting, request.timeoutMs, response).later;
  }
}

const lowestVersionWithHints = 10;
const noEndpoints: ProduceResponseInput['nodeEndpoints'] = [];
const emptyRecords = new Uint8Array(0);
const noRecordErrors: PartitionAnswer['recordErrors'] = [];

function isInternal(topic: string): boolean {
  return topic === '__consumer_offsets' || topic === '__transaction_state' || topic === '__share_group_state';
}

function allRefused(request: ProduceRequest, errorCode: ErrorCode): ProduceResponseInput | null {
  if (request.acks === 0) throw new CloseConnection(`a Produce request with acks=0 failed (error ${errorCode})`);
  const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
    name,
    topicId,
    partitionResponses: partitionData.map(({ index }) => ({ ...emptyAnswer(index), errorCode })),
  }));
  return { responses, throttleTimeMs: 0 };
}

function refuse(
  partition: Partition | undefined,
  unknownId: boolean,
  validAcks: boolean,
  isAnonymous: boolean,
): ErrorCode | undefined {
  if (isAnonymous) return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  if (partition === undefined) return unknownId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (!validAcks) return ErrorCode.INVALID_REQUIRED_ACKS;
  return undefined;
}

function emptyAnswer(index: number): PartitionAnswer {
  return {
    index,
    errorCode: ErrorCode.NONE,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: noRecordErrors,
    errorMessage: null,
  };
}

/** What an operator can do about a batch that was refused for its bytes or its size; undefined: that is the client's own affair. */
function adviceFor(result: AppendRefusal): string | undefined {
  switch (result.errorCode) {
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      return 'raise that config of the topic, or lower batch.size or max.request.size of the client';
    default:
      return result.unseen === true
        ? 'nothing was written; look at the client library and at what carries its bytes to this broker'
        : undefined;
  }
}

function tellOperator(
  logger: Logger,
  limiter: MessageLimiter,
  context: RequestContext,
  partition: Partition,
  result: AppendRefusal,
): void {
  const advice = adviceFor(result);
  if (advice === undefined) return;
  const leftOut = limiter.admit(String(result.errorCode));
  if (leftOut === undefined) return;
  const client = context.clientId === null ? '' : ` (client id ${context.clientId})`;
  const where = `${partition.topic}-${partition.partition}`;
  const more = leftOut === 0 ? '' : ` (and ${leftOut} more like it before)`;
  logger.warn(
    `${context.clientAddress}${client} sent records for ${where} that were refused: ${result.errorMessage}; ${advice}${more}`,
  );
}

/** Errors with which Kafka does not tell where the log starts. */
const withoutLogStartOffset: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

/** Clients of older versions need not know KAFKA_STORAGE_ERROR, and would not try again. */
const lowestVersionWithStorageError = 4;

function fill(answer: PartitionAnswer, result: AppendResult, partition: Partition, version: number): void {
  const unknown = result.errorCode === ErrorCode.KAFKA_STORAGE_ERROR && version < lowestVersionWithStorageError;
  answer.errorCode = unknown ? ErrorCode.NOT_LEADER_OR_FOLLOWER : result.errorCode;
  if (result.errorCode !== ErrorCode.NONE) {
    answer.errorMessage = result.errorMessage;
    if (result.unseen !== true && !withoutLogStartOffset.has(result.errorCode))
      answer.logStartOffset = partition.log?.log.logStartOffset ?? -1;
    answer.recordErrors = result.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    }));
    return;
  }
  answer.baseOffset = result.firstOffset;
  answer.logAppendTimeMs = result.logAppendTimeMs;
  answer.logStartOffset = partition.log?.log.logStartOffset ?? -1;
}

/** Waits until every partition's high watermark passed the records, or the client's timeout. */
class DelayedProduce {
  readonly later = new LaterResponse<ProduceResponseInput>();
  private left: number;
  private readonly timeout: Timeout;

  constructor(
    private readonly replicas: ReplicaManager,
    private readonly waiting: readonly WaitingPartition[],
    timeoutMs: number,
    private readonly response: ProduceResponseInput,
  ) {
    this.left = waiting.length;
    this.timeout = replicas.wheel.add(this, Math.max(0, timeoutMs));
    for (const each of waiting) {
      each.request = this;
      each.partition.awaitCommit(each);
    }
  }

  onTimeout(): void {
    for (const each of this.waiting) {
      if (each.partition.highWatermark <= each.lastOffset) this.fail(each);
      each.gaveUp = true;
    }
    this.later.respond(this.response);
  }

  told(each: WaitingPartition): void {
    each.gaveUp = true;
    if (each.partition.highWatermark <= each.lastOffset) this.fail(each);
    this.left -= 1;
    if (this.left > 0) return;
    this.replicas.wheel.cancel(this.timeout);
    this.later.respond(this.response);
  }

  private fail({ partition, answer }: WaitingPartition): void {
    if (!partition.offline) answer.errorCode = ErrorCode.REQUEST_TIMED_OUT;
    else if (this.replicas.getById(partition.topicId, partition.partition) === partition)
      answer.errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
    else answer.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    answer.baseOffset = -1;
  }
}
