import { topicPartitionName } from '../../common/ids.js';
import type { RecordInput } from '../../records/index.js';
import { recordSizeBound } from '../../records/index.js';
import type { ClientError } from '../errors.js';
import { ProducerBatch } from './batch.js';
import { PartitionQueue } from './partition_queue.js';
import type { RecordMetadata } from './types.js';

interface FlushWaiter {
  readonly batches: Set<ProducerBatch>;
  readonly resolve: () => void;
}

/** Records on their way, by partition, and how many bytes they are. */
export class Accumulator {
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #incomplete = new Set<ProducerBatch>();
  readonly #roomWaiters: Array<() => void> = [];
  #flushWaiters: readonly FlushWaiter[] = [];
  #bytes = 0;

  constructor(
    private readonly batchBytes: number,
    private readonly bufferBytes: number,
  ) {}

  get queues(): Iterable<PartitionQueue> {
    return this.#queues.values();
  }

  get isEmpty(): boolean {
    return this.#incomplete.size === 0;
  }

  get hasRoom(): boolean {
    return this.#bytes < this.bufferBytes;
  }

  /** Somebody waits for batches to be gone: none lingers. */
  get isFlushing(): boolean {
    return this.#flushWaiters.length > 0 || this.#roomWaiters.length > 0;
  }

  /** Resolves when a record may be added; those who wait are served in order. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Resolves when everything added so far was acknowledged or has failed. */
  flushed(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    return new Promise((resolve) => {
      this.#flushWaiters = [...this.#flushWaiters, { batches: new Set(this.#incomplete), resolve }];
    });
  }

  /** @returns true when this filled a batch, or began the only one: there may be something to send */
  add(
    at: { readonly topic: string; readonly partition: number },
    record: RecordInput,
    nowMs: number,
    settle: { readonly resolve: (metadata: RecordMetadata) => void; readonly reject: (error: ClientError) => void },
  ): boolean {
    const queue = this.#queue(at.topic, at.partition);
    const recordBytes = recordSizeBound(record);
    let batch = queue.last;
    const before = batch;
    // A batch that was sent has its final contents.
    if (batch === undefined || batch.wasSent || batch.sizeBound + recordBytes > this.batchBytes) {
      batch = new ProducerBatch(at.topic, at.partition, nowMs);
      queue.append(batch);
      this.#incomplete.add(batch);
    }
    batch.add({ record, ...settle }, recordBytes);
    this.#bytes += recordBytes;
    return batch !== before || batch.sizeBound >= this.batchBytes;
  }

  #queue(topic: string, partition: number): PartitionQueue {
    const name = topicPartitionName(topic, partition);
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  succeed(batch: ProducerBatch, baseOffset: number, logAppendTimeMs: number): void {
    const bytes = batch.recordBytes;
    batch.succeed(baseOffset, logAppendTimeMs);
    this.#release(batch, bytes);
  }

  fail(batch: ProducerBatch, error: ClientError, errorFor?: (index: number) => ClientError | undefined): void {
    const bytes = batch.recordBytes;
    batch.fail(error, errorFor);
    this.#release(batch, bytes);
  }

  #release(batch: ProducerBatch, bytes: number): void {
    this.#bytes -= bytes;
    this.#incomplete.delete(batch);
    for (const waiter of this.#flushWaiters) {
      waiter.batches.delete(batch);
      if (waiter.batches.size === 0) waiter.resolve();
    }
    if (this.#flushWaiters.length > 0)
      this.#flushWaiters = this.#flushWaiters.filter(({ batches }) => batches.size > 0);
    if (this.hasRoom) for (const wake of this.#roomWaiters.splice(0)) wake();
  }
}
