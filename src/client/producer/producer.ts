import { prepareCompression, type RecordInput, recordSizeBound } from '../../records/index.js';
import type { ClusterClient } from '../cluster_client.js';
import { ClientClosedError, ClientError, InvalidArgumentError, OperationTimeoutError } from '../errors.js';
import type { TopicMetadata } from '../metadata.js';
import { Accumulator } from './accumulator.js';
import { partitionOfKey, StickyPartitions } from './partitioner.js';
import { ProducerIds } from './producer_id.js';
import { Sender } from './sender.js';
import type { ProducerOptions, ProducerRecord, RecordMetadata } from './types.js';

interface WaitingRecord {
  readonly record: ProducerRecord;
  readonly resolve: (metadata: RecordMetadata) => void;
  readonly reject: (error: ClientError) => void;
}

const mebibyte = 1024 * 1024;

/**
 * Sends records. Those for one partition travel in batches, several requests may be in flight, and records of a partition are
 * written in the order of the `send` calls (with idempotence also across retries).
 */
export class Producer {
  readonly #options: Required<Omit<ProducerOptions, 'partitioner' | 'compressionLevel'>> & ProducerOptions;
  readonly #accumulator: Accumulator;
  readonly #sender: Sender;
  readonly #sticky: StickyPartitions;
  /** Records of topics whose metadata is on its way, and of topics behind a full buffer, in order. */
  readonly #waiting = new Map<string, WaitingRecord[]>();
  readonly #admissions = new Set<Promise<void>>();
  #prepared: Promise<void> | undefined;
  /** No further records are taken. */
  #closing = false;
  #aborted = false;

  constructor(
    readonly cluster: ClusterClient,
    options: ProducerOptions = {},
  ) {
    const acks = options.acks ?? 'all';
    this.#options = {
      acks,
      enableIdempotence: options.enableIdempotence ?? acks === 'all',
      compression: options.compression ?? 'none',
      lingerMs: options.lingerMs ?? 5,
      batchBytes: options.batchBytes ?? 16 * 1024,
      maxRequestBytes: options.maxRequestBytes ?? mebibyte,
      bufferBytes: options.bufferBytes ?? 32 * mebibyte,
      maxBlockMs: options.maxBlockMs ?? 60_000,
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
      maxInFlight: options.maxInFlight ?? 5,
      allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
      ...(options.partitioner === undefined ? {} : { partitioner: options.partitioner }),
    };
    if (this.#options.enableIdempotence && acks !== 'all')
      throw new InvalidArgumentError("an idempotent producer needs acks 'all'");
    if (this.#options.enableIdempotence && this.#options.maxInFlight > 5)
      throw new InvalidArgumentError('an idempotent producer may have at most 5 requests in flight');
    this.#accumulator = new Accumulator(this.#options.batchBytes, this.#options.bufferBytes);
    this.#sticky = new StickyPartitions(cluster.environment.random, this.#options.batchBytes);
    this.#sender = new Sender(
      cluster,
      {
        acks: acks === 'all' ? -1 : acks,
        idempotent: this.#options.enableIdempotence,
        compression: this.#options.compression,
        compressionLevel: options.compressionLevel,
        lingerMs: this.#options.lingerMs,
        batchBytes: this.#options.batchBytes,
        maxRequestBytes: this.#options.maxRequestBytes,
        deliveryTimeoutMs: this.#options.deliveryTimeoutMs,
        maxInFlight: this.#options.maxInFlight,
        allowAutoTopicCreation: this.#options.allowAutoTopicCreation,
      },
      this.#accumulator,
      new ProducerIds(cluster),
    );
  }

  /**
   * Sends a record; resolves when it is acknowledged. While the buffer is full the record waits before it is accepted: callers
   * that do not await the result of each `send` await {@link room} first.
   *
   * @throws ProtocolError when the broker refuses it, OperationTimeoutError, InvalidArgumentError, ClientClosedError
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    return new Promise((resolve, reject) => this.#accept({ record, resolve, reject }));
  }

  /** Resolves when the buffer has room for another record. */
  room(): Promise<void> {
    if (this.#accumulator.hasRoom) return Promise.resolve();
    const room = this.#accumulator.room();
    this.#sender.schedule();
    return room;
  }

  /** Sends what lingers; resolves when every record so far was acknowledged or has failed. */
  async flush(): Promise<void> {
    while (this.#admissions.size > 0 || !this.#accumulator.isEmpty) {
      const flushed = this.#accumulator.flushed();
      this.#sender.schedule();
      await flushed;
      await Promise.all(this.#admissions);
    }
  }

  /** Flushes, then refuses further records. The cluster's connections stay open. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    try {
      await this.flush();
    } finally {
      this.abort();
    }
  }

  /** Gives up what is not acknowledged. */
  abort(): void {
    this.#closing = true;
    this.#aborted = true;
    const error = new ClientClosedError('the producer was closed');
    for (const records of this.#waiting.values()) for (const one of records) one.reject(error);
    this.#waiting.clear();
    this.#sender.close(error);
  }

  #accept(waiting: WaitingRecord): void {
    const { record, reject } = waiting;
    if (this.#closing || this.cluster.isClosed) {
      reject(new ClientClosedError('the producer is closed'));
      return;
    }
    const queue = this.#waiting.get(record.topic);
    if (queue !== undefined) {
      queue.push(waiting);
      return;
    }
    const topic = this.cluster.freshTopic(record.topic);
    if (topic !== undefined && this.#accumulator.hasRoom && this.#isPrepared()) {
      this.#place(waiting, topic);
      return;
    }
    this.#waiting.set(record.topic, [waiting]);
    const admission = this.#admit(record.topic).finally(() => this.#admissions.delete(admission));
    this.#admissions.add(admission);
  }

  #isPrepared(): boolean {
    return this.#options.compression !== 'zstd' || this.#prepared !== undefined;
  }

  /** Waits for what the first record of the topic needs, then places its records in order. */
  async #admit(name: string): Promise<void> {
    const queue = this.#waiting.get(name) ?? [];
    try {
      this.#prepared ??= prepareCompression(this.#options.compression);
      await this.#prepared;
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        const topic = this.cluster.freshTopic(name) ?? (await this.#fetchTopic(name));
        if (!this.#accumulator.hasRoom) await this.#roomInTime();
        if (this.#aborted) return;
        queue.shift();
        this.#place(next, topic);
      }
    } catch (error) {
      const failure =
        error instanceof ClientError ? error : new ClientError(`sending to ${name} failed`, { cause: error });
      for (const one of queue) one.reject(failure);
    } finally {
      if (this.#waiting.get(name) === queue) this.#waiting.delete(name);
    }
  }

  async #fetchTopic(name: string): Promise<TopicMetadata> {
    const { maxBlockMs, allowAutoTopicCreation } = this.#options;
    const attempt = async () => {
      const [topic] = await this.cluster.topicMetadata([name], { allowAutoTopicCreation });
      if (topic === undefined) throw new ClientError(`no metadata of topic ${name}`);
      return topic;
    };
    return this.cluster.retry(`metadata of topic ${name}`, attempt, maxBlockMs);
  }

  async #roomInTime(): Promise<void> {
    const { clock, timers } = this.cluster.environment;
    const startMs = clock.monotonicMs();
    const room = this.#accumulator.room();
    this.#sender.schedule();
    let expire: (error: ClientError) => void = () => undefined;
    const timeout = new Promise<never>((_, reject) => {
      expire = reject;
    });
    const timer = timers.after(this.#options.maxBlockMs, () =>
      expire(new OperationTimeoutError(`the buffer stayed full for ${Math.round(clock.monotonicMs() - startMs)} ms`)),
    );
    try {
      await Promise.race([room, timeout]);
    } finally {
      timer.cancel();
    }
  }

  #place(waiting: WaitingRecord, topic: TopicMetadata): void {
    const { record, resolve, reject } = waiting;
    const { clock } = this.cluster.environment;
    const input: RecordInput = {
      timestampMs: record.timestampMs ?? clock.wallMs(),
      key: record.key ?? null,
      value: record.value,
      ...(record.headers === undefined ? {} : { headers: record.headers }),
    };
    const bytes = recordSizeBound(input);
    if (bytes > this.#options.maxRequestBytes) {
      const { maxRequestBytes } = this.#options;
      reject(
        new InvalidArgumentError(`a record of ${bytes} bytes is larger than maxRequestBytes (${maxRequestBytes})`),
      );
      return;
    }
    const partition = this.#partitionFor(record, topic, bytes);
    if (partition instanceof ClientError) {
      reject(partition);
      return;
    }
    const notable = this.#accumulator.add({ topic: topic.name, partition }, input, clock.monotonicMs(), {
      resolve,
      reject,
    });
    if (notable) this.#sender.schedule();
  }

  #partitionFor(record: ProducerRecord, topic: TopicMetadata, recordBytes: number): number | ClientError {
    const count = topic.partitions.length;
    const asked = record.partition ?? this.#options.partitioner?.(record, count);
    if (asked !== undefined) {
      if (Number.isInteger(asked) && asked >= 0 && asked < count) return asked;
      return new InvalidArgumentError(`topic ${topic.name} has no partition ${asked}, it has ${count}`);
    }
    const { key } = record;
    return key === undefined || key === null ? this.#sticky.choose(topic, recordBytes) : partitionOfKey(key, count);
  }
}
