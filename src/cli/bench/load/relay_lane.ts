import { ClientError } from '../../../client/index.js';
import { fetchFrame, readFetched, wholeBatches } from './fetch_lane.js';
import type { Lane } from './pacer.js';
import { type BatchInfo, checkProduced, type Done } from './produce_lane.js';
import type { Frame, LoadConnection } from './wire.js';

const limits = { maxWaitMs: 500, maxBytes: 64 * 1024 * 1024, partitionMaxBytes: 16 * 1024 * 1024 };

/**
 * A producer and a consumer on the same partitions, a connection each: a request has ended when the consumer has its batch.
 * The partitions are this lane's alone and empty at the start, so that batches come back in the order they were sent in.
 */
export class RelayLane implements Lane {
  readonly #unanswered: number[] = [];
  readonly #onTheWay = new Map<number, number[]>();
  readonly #offsets = new Map<number, number>();
  #next = 0;
  #fetches = 0;

  constructor(
    private readonly producer: LoadConnection,
    private readonly consumer: LoadConnection,
    private readonly options: {
      readonly produceVersion: number;
      readonly fetchVersion: number;
      readonly partitions: readonly number[];
      /** One for each of the partitions. */
      readonly frames: readonly Frame[];
      readonly info: BatchInfo;
      readonly done: Done;
      readonly fail: (error: unknown) => void;
    },
  ) {
    for (const partition of options.partitions) {
      this.#onTheWay.set(partition, []);
      this.#offsets.set(partition, 0);
    }
    producer.listen((frame) => {
      checkProduced(producer, options.produceVersion, frame, this.#unanswered.shift());
    }, options.fail);
    consumer.listen((frame) => this.#onFetched(frame), options.fail);
    this.#fetch();
  }

  send(id: number): void {
    const { frames, partitions, info } = this.options;
    const at = this.#next % frames.length;
    const frame = frames[at];
    const partition = partitions[at];
    if (frame === undefined || partition === undefined) return;
    this.#next += 1;
    this.#onTheWay.get(partition)?.push(id);
    if (info.acks !== 0) this.#unanswered.push(frame.correlationId);
    this.producer.write(frame);
  }

  #fetch(): void {
    this.#fetches = (this.#fetches + 1) & 0x7fff_ffff;
    const positions = [...this.#offsets].map(([partition, fetchOffset]) => ({ partition, fetchOffset }));
    const { fetchVersion, info } = this.options;
    this.consumer.write(fetchFrame(fetchVersion, this.#fetches, info.topic, positions, limits));
  }

  #onFetched(frame: Buffer): void {
    const fetched = readFetched(this.consumer, this.options.fetchVersion, frame, this.#fetches);
    for (const { partition, records } of fetched) {
      const expected = this.#offsets.get(partition) ?? 0;
      let offset = expected;
      for (const batch of wholeBatches(records)) {
        if (batch.lastOffset < offset) continue;
        if (batch.baseOffset !== offset)
          throw new ClientError(`offset ${batch.baseOffset} of partition ${partition} came where ${offset} was next`);
        offset = batch.lastOffset + 1;
        const id = this.#onTheWay.get(partition)?.shift();
        if (id === undefined) throw new ClientError(`partition ${partition} has a batch that was not sent`);
        this.options.done(id, batch.sizeBytes, batch.records);
      }
      this.#offsets.set(partition, offset);
    }
    this.#fetch();
  }
}
