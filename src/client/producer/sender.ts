import { ZERO_UUID } from '../../common/ids.js';
import type { TimerHandle } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Compression } from '../../records/index.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import type { Connection } from '../connection.js';
import { ClientError, isRetriableError, OperationTimeoutError } from '../errors.js';
import { backoffMs } from '../retry.js';
import type { Accumulator } from './accumulator.js';
import type { ProducerBatch } from './batch.js';
import type { PartitionQueue } from './partition_queue.js';
import { type BatchResult, readProduceResponse } from './produce_response.js';
import type { ProducerIds } from './producer_id.js';

export interface SenderOptions {
  readonly acks: number;
  readonly idempotent: boolean;
  readonly compression: Compression;
  readonly compressionLevel: number | undefined;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly maxRequestBytes: number;
  readonly deliveryTimeoutMs: number;
  readonly maxInFlight: number;
  readonly allowAutoTopicCreation: boolean;
}

/** The way to one broker. */
interface Link {
  connection: Connection | undefined;
  connecting: boolean;
  inFlight: number;
}

interface Shipment {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
}

/** A batch's size before it is compressed is known; headers of the request are a few bytes per partition. */
const requestOverheadBytes = 512;

/**
 * Takes ready batches to their leaders. Everything happens in {@link pump}, which runs when a batch became ready, an answer
 * came, metadata or a connection is there, or a wait is over; it never waits itself.
 */
export class Sender {
  readonly #links = new Map<number, Link>();
  readonly #wantedTopics = new Set<string>();
  #fetchingMetadata = false;
  #metadataFailures = 0;
  #wake: { readonly atMs: number; readonly timer: TimerHandle } | undefined;
  #pumpSoon = false;
  #closed: ClientError | undefined;
  /** An id could not be had: nothing can be sent. */
  #obtainingId = false;

  constructor(
    private readonly cluster: ClusterClient,
    private readonly options: SenderOptions,
    private readonly accumulator: Accumulator,
    private readonly ids: ProducerIds,
  ) {}

  /** Runs the pump in a later turn, so that records sent in this turn travel together. */
  schedule(): void {
    if (this.#pumpSoon || this.#closed !== undefined) return;
    this.#pumpSoon = true;
    this.cluster.environment.timers.soon(() => {
      this.#pumpSoon = false;
      this.pump();
    });
  }

  /** Fails everything that is left. */
  close(error: ClientError): void {
    this.#closed = error;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
    for (const queue of this.accumulator.queues)
      for (const batch of queue.takeAll()) this.accumulator.fail(batch, error);
  }

  pump(): void {
    if (this.#closed !== undefined) return;
    const nowMs = this.cluster.environment.clock.monotonicMs();
    let wakeAtMs = Number.POSITIVE_INFINITY;
    const byLeader = new Map<number, PartitionQueue[]>();
    for (const queue of this.accumulator.queues) {
      if (queue.queued === 0) continue;
      this.#expire(queue, nowMs);
      const { first } = queue;
      if (first === undefined) continue;
      wakeAtMs = Math.min(wakeAtMs, first.createdAtMs + this.options.deliveryTimeoutMs);
      if (!queue.mayStart) continue;
      const readyAtMs = this.#readyAtMs(queue, first);
      if (readyAtMs > nowMs) {
        wakeAtMs = Math.min(wakeAtMs, readyAtMs);
        continue;
      }
      const leaderId = this.cluster.cachedLeader(queue)?.leaderId;
      if (leaderId === undefined) {
        this.#wantMetadata(queue.topic);
        continue;
      }
      const group = byLeader.get(leaderId);
      if (group === undefined) byLeader.set(leaderId, [queue]);
      else group.push(queue);
    }
    if (byLeader.size > 0 && this.#hasIdentity())
      for (const [leaderId, group] of byLeader) this.#serve(leaderId, group);
    this.#wakeAt(wakeAtMs, nowMs);
  }

  #readyAtMs(queue: PartitionQueue, first: ProducerBatch): number {
    if (first.wasSent || queue.consecutiveFailures > 0) return queue.retryAtMs;
    const full = queue.queued > 1 || first.sizeBound >= this.options.batchBytes;
    return full || this.accumulator.isFlushing ? 0 : first.createdAtMs + this.options.lingerMs;
  }

  #expire(queue: PartitionQueue, nowMs: number): void {
    const { deliveryTimeoutMs } = this.options;
    for (const batch of queue.takeOlderThan(nowMs - deliveryTimeoutMs)) {
      // Whether it was written is not known: its numbers must not be used by another.
      if (batch.baseSequence >= 0) queue.requestReset();
      this.accumulator.fail(
        batch,
        new OperationTimeoutError(
          `${batch.recordCount} record(s) for ${batch.topic}-${batch.partition} were not acknowledged within ${deliveryTimeoutMs} ms`,
        ),
      );
    }
  }

  #wakeAt(atMs: number, nowMs: number): void {
    const wake = this.#wake;
    // One that comes sooner than needed looks again; with nothing to wait for none is left behind.
    if (wake !== undefined && wake.atMs > nowMs && wake.atMs <= atMs && atMs !== Number.POSITIVE_INFINITY) return;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const timer = this.cluster.environment.timers.after(Math.max(0, atMs - nowMs), () => {
      this.#wake = undefined;
      this.pump();
    });
    this.#wake = { atMs, timer };
  }

  #hasIdentity(): boolean {
    if (!this.options.idempotent || this.ids.current !== undefined) return true;
    if (!this.#obtainingId) {
      this.#obtainingId = true;
      this.ids.obtain().then(
        () => this.#obtained(),
        (error: unknown) => this.#obtained(error),
      );
    }
    return false;
  }

  /** Without an id nothing can be sent: what is queued fails, and the next record asks again. */
  #obtained(error?: unknown): void {
    this.#obtainingId = false;
    if (error !== undefined) {
      const failure = error instanceof ClientError ? error : new ClientError('no producer id', { cause: error });
      for (const queue of this.accumulator.queues)
        for (const batch of queue.takeAll()) this.accumulator.fail(batch, failure);
    }
    this.pump();
  }

  #wantMetadata(topic: string): void {
    this.#wantedTopics.add(topic);
    if (this.#fetchingMetadata) return;
    this.#fetchingMetadata = true;
    void this.#fetchMetadata().finally(() => {
      this.#fetchingMetadata = false;
      this.schedule();
    });
  }

  async #fetchMetadata(): Promise<void> {
    const topics = [...this.#wantedTopics];
    this.#wantedTopics.clear();
    const { allowAutoTopicCreation } = this.options;
    try {
      if (this.#metadataFailures > 0) {
        const { retryPolicy, environment } = this.cluster;
        await this.cluster.sleeper.sleep(backoffMs(retryPolicy, this.#metadataFailures - 1, environment.random));
      }
      await this.cluster.refreshMetadata(topics, { allowAutoTopicCreation });
      const { brokers } = this.cluster.metadata;
      const complete = topics.every((topic) =>
        this.cluster.freshTopic(topic)?.partitions.every((one) => brokers.has(one.leaderId)),
      );
      this.#metadataFailures = complete ? 0 : this.#metadataFailures + 1;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      // Batches stay queued and expire if this does not pass.
      this.#metadataFailures += 1;
    }
  }

  #serve(leaderId: number, queues: readonly PartitionQueue[]): void {
    let link = this.#links.get(leaderId);
    if (link === undefined) {
      link = { connection: undefined, connecting: false, inFlight: 0 };
      this.#links.set(leaderId, link);
    }
    if (link.connection?.isOpen !== true) {
      this.#connect(leaderId, link, queues);
      return;
    }
    // Again while there is something: several batches of a partition may be in flight.
    while (link.inFlight < this.options.maxInFlight) {
      const shipments = this.#load(queues);
      if (shipments.length === 0) return;
      this.#send(link, link.connection, shipments);
    }
  }

  #connect(leaderId: number, link: Link, queues: readonly PartitionQueue[]): void {
    if (link.connecting) return;
    link.connecting = true;
    this.cluster.connectionTo(leaderId).then(
      (connection) => {
        link.connecting = false;
        link.connection = connection;
        this.pump();
      },
      (error: unknown) => {
        link.connecting = false;
        if (!(error instanceof ClientError)) throw error;
        for (const queue of queues) this.#backOff(queue);
        this.cluster.metadata.expire(queues.map((queue) => queue.topic));
        this.pump();
      },
    );
  }

  /** Batches for one request, at most one per partition. */
  #load(queues: readonly PartitionQueue[]): readonly Shipment[] {
    const shipments: Shipment[] = [];
    let bytes = requestOverheadBytes;
    const nowMs = this.cluster.environment.clock.monotonicMs();
    for (const queue of queues) {
      const { first } = queue;
      if (first === undefined || !queue.mayStart || this.#readyAtMs(queue, first) > nowMs) continue;
      if (shipments.length > 0 && bytes + first.sizeBound > this.options.maxRequestBytes) continue;
      if (queue.needsReset && !this.#reset(queue)) continue;
      const batch = queue.start();
      if (batch === undefined) continue;
      if (batch.bytes === undefined) this.#encode(queue, batch);
      bytes += batch.sizeBound;
      shipments.push({ queue, batch });
    }
    return shipments;
  }

  #reset(queue: PartitionQueue): boolean {
    const { current } = this.ids;
    if (current !== undefined && queue.identity === current) this.ids.bump(current);
    const identity = this.ids.current;
    if (identity === undefined) {
      this.#hasIdentity();
      return false;
    }
    queue.reset(identity);
    return true;
  }

  #encode(queue: PartitionQueue, batch: ProducerBatch): void {
    const { current } = this.ids;
    const identity =
      this.options.idempotent && current !== undefined ? queue.assignSequence(batch, current) : undefined;
    batch.encode(this.options, identity);
  }

  #send(link: Link, connection: Connection, shipments: readonly Shipment[]): void {
    const topics = new Map<string, Shipment[]>();
    for (const shipment of shipments) {
      const group = topics.get(shipment.queue.topic);
      if (group === undefined) topics.set(shipment.queue.topic, [shipment]);
      else group.push(shipment);
    }
    const idOf = (topic: string) => this.cluster.metadata.topic(topic)?.topicId ?? ZERO_UUID;
    const allHaveIds = [...topics.keys()].every((topic) => idOf(topic) !== ZERO_UUID);
    const names = new Map([...topics.keys()].map((topic) => [idOf(topic), topic]));
    const body = {
      acks: this.options.acks,
      timeoutMs: this.cluster.requestTimeoutMs,
      topicData: [...topics].map(([topic, group]) => ({
        name: topic,
        topicId: idOf(topic),
        partitionData: group.map(({ queue, batch }) => ({ index: queue.partition, records: batch.bytes ?? null })),
      })),
    };
    const limits = allHaveIds ? {} : { maxVersion: 12 };
    if (this.options.acks === 0) {
      this.#sendOneWay(connection, body, limits, shipments);
      return;
    }
    link.inFlight += 1;
    connection.send(calls.produce, body, limits).then(
      ({ response }) => {
        link.inFlight -= 1;
        const results = readProduceResponse(response, names);
        for (const shipment of shipments) this.#settle(shipment, results.find(shipment.queue));
        this.pump();
      },
      (error: unknown) => {
        link.inFlight -= 1;
        for (const shipment of shipments) this.#failed(shipment, asClientError(error));
        this.pump();
      },
    );
  }

  #sendOneWay(
    connection: Connection,
    body: Parameters<Connection['sendOneWay']>[1],
    limits: { readonly maxVersion?: number },
    shipments: readonly Shipment[],
  ): void {
    try {
      connection.sendOneWay(calls.produce, body, limits);
    } catch (error) {
      for (const shipment of shipments) this.#failed(shipment, asClientError(error));
      return;
    }
    for (const { queue, batch } of shipments) {
      queue.finish(batch);
      this.accumulator.succeed(batch, -1, -1);
    }
  }

  #settle({ queue, batch }: Shipment, result: BatchResult): void {
    const { error } = result;
    if (error === undefined) {
      queue.finish(batch);
      queue.consecutiveFailures = 0;
      this.accumulator.succeed(batch, result.baseOffset, result.logAppendTimeMs);
      return;
    }
    const gap =
      error.code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ||
      error.code === ErrorCode.UNKNOWN_PRODUCER_ID ||
      error.code === ErrorCode.INVALID_PRODUCER_EPOCH;
    if (gap && this.options.idempotent) {
      // A batch before it that will be sent again explains the gap; without one it is real.
      if (queue.isNextUnresolved(batch)) queue.requestReset();
      this.#retry(queue, batch);
      return;
    }
    const { leader } = result;
    const moved =
      leader !== undefined && this.cluster.metadata.updateLeader(queue, leader.leaderId, leader.leaderEpoch);
    if (moved && error.retriable) this.#retry(queue, batch);
    else this.#failed({ queue, batch }, error, result.errorFor);
  }

  #failed({ queue, batch }: Shipment, error: ClientError, errorFor?: BatchResult['errorFor']): void {
    if (this.#closed === undefined && isRetriableError(error)) {
      this.cluster.metadata.expire([queue.topic]);
      this.#retry(queue, batch);
      return;
    }
    queue.finish(batch);
    if (batch.baseSequence >= 0) queue.requestReset();
    this.accumulator.fail(batch, this.#closed ?? error, errorFor);
  }

  #retry(queue: PartitionQueue, batch: ProducerBatch): void {
    queue.putBack(batch);
    this.#backOff(queue);
  }

  /** Batches that fail together count as one failure. */
  #backOff(queue: PartitionQueue): void {
    const { retryPolicy, environment } = this.cluster;
    const nowMs = environment.clock.monotonicMs();
    if (queue.retryAtMs > nowMs) return;
    queue.retryAtMs = nowMs + backoffMs(retryPolicy, queue.consecutiveFailures, environment.random);
    queue.consecutiveFailures += 1;
  }
}

function asClientError(error: unknown): ClientError {
  return error instanceof ClientError ? error : new ClientError('the request could not be sent', { cause: error });
}
