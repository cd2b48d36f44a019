import { controlTypeOf, decodeBatch, type RecordBatch, RecordBatchError, splitBatches } from '../../records/index.js';
import type { IsolationLevel } from '../admin/offsets.js';
import { ClientError } from '../errors.js';
import type { ConsumerRecord } from './types.js';

/** A batch that cannot be read. Seeking past it is the only way on. */
export class CorruptBatchError extends ClientError {
  override readonly name = 'CorruptBatchError';
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Records below it (the batch may begin earlier) are left out. */
  readonly fetchOffset: number;
  readonly records: Uint8Array;
  /** With read_committed: transactions that were aborted, with their first offset. */
  readonly abortedTransactions: ReadonlyArray<{ readonly producerId: number; readonly firstOffset: number }>;
  readonly isolationLevel: IsolationLevel;
  readonly checkCrcs: boolean;
  readonly maxDecompressedBytes: number;
}

/** The records of one partition in one fetch response, decoded batch by batch as they are asked for. */
export class CompletedFetch {
  readonly #source: FetchedPartition;
  readonly #batches: readonly Uint8Array[];
  readonly #aborted: Array<{ readonly producerId: number; readonly firstOffset: number }>;
  readonly #abortedProducers = new Set<number>();
  #nextBatch = 0;
  #batch: RecordBatch | undefined;
  #nextRecord = 0;
  #position: number;
  /** Offset after the last whole batch: where the next fetch goes on. */
  readonly endOffset: number;

  constructor(source: FetchedPartition) {
    this.#source = source;
    this.#batches = [...splitBatches(source.records)];
    this.#aborted = [...source.abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset);
    this.#position = source.fetchOffset;
    const last = this.#batches.at(-1);
    this.endOffset = last === undefined ? source.fetchOffset : Math.max(source.fetchOffset, lastOffsetOf(last) + 1);
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Offset after what was handed out or left out. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next record, or undefined at the end (then {@link position} is {@link endOffset}).
   *
   * @throws CorruptBatchError, each time it is asked: only a seek leads past the batch
   */
  next(): ConsumerRecord | undefined {
    for (;;) {
      const batch = this.#batch ?? this.#openBatch();
      if (batch === undefined) return undefined;
      const record = batch.records[this.#nextRecord];
      if (record === undefined) {
        // A batch may end in offsets whose records compaction removed.
        this.#position = Math.max(this.#position, batch.lastOffset + 1);
        this.#batch = undefined;
        continue;
      }
      this.#nextRecord += 1;
      if (record.offset < this.#position) continue;
      this.#position = record.offset + 1;
      const { topic, partition } = this.#source;
      return {
        topic,
        partition,
        offset: record.offset,
        timestampMs: record.timestampMs,
        timestampType: batch.timestampType,
        key: record.key,
        value: record.value,
        headers: record.headers,
        leaderEpoch: batch.leaderEpoch,
      };
    }
  }

  #openBatch(): RecordBatch | undefined {
    for (;;) {
      const bytes = this.#batches[this.#nextBatch];
      if (bytes === undefined) {
        this.#position = Math.max(this.#position, this.endOffset);
        return undefined;
      }
      const batch = this.#decode(bytes);
      this.#nextBatch += 1;
      if (this.#isVisible(batch)) {
        this.#batch = batch;
        this.#nextRecord = 0;
        return batch;
      }
      this.#position = Math.max(this.#position, batch.lastOffset + 1);
    }
  }

  #decode(bytes: Uint8Array): RecordBatch {
    const { topic, partition, checkCrcs, maxDecompressedBytes } = this.#source;
    try {
      return decodeBatch(bytes, { checkCrc: checkCrcs, maxDecompressedBytes });
    } catch (error) {
      if (!(error instanceof RecordBatchError)) throw error;
      const at = `${topic}-${partition} at offset ${this.#position}`;
      throw new CorruptBatchError(`batch of ${at} cannot be read: ${error.message}`, { cause: error });
    }
  }

  /** Markers are for us; batches of aborted transactions are for nobody. */
  #isVisible(batch: RecordBatch): boolean {
    if (this.#source.isolationLevel === 'read_uncommitted' || batch.producerId < 0) return !batch.isControl;
    for (
      let next = this.#aborted[0];
      next !== undefined && next.firstOffset <= batch.lastOffset;
      next = this.#aborted[0]
    ) {
      this.#abortedProducers.add(next.producerId);
      this.#aborted.shift();
    }
    if (batch.isControl) {
      const marker = batch.records[0];
      if (marker !== undefined && controlTypeOf(marker) === 'ABORT') this.#abortedProducers.delete(batch.producerId);
      return false;
    }
    return !(batch.isTransactional && this.#abortedProducers.has(batch.producerId));
  }
}

/** From the header, without decoding: messages of magic 0 and 1 carry the offset of the last record in them. */
function lastOffsetOf(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offset = buffer.readInt32BE(0) * 2 ** 32 + buffer.readUInt32BE(4);
  return buffer.length > 26 && buffer[16] === 2 ? offset + buffer.readInt32BE(23) : offset;
}
