import type { ErrorCode } from '../../protocol/errors.js';

/** How a transaction ends on a partition. */
export interface EndOfTransaction {
  readonly type: 'COMMIT' | 'ABORT';
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Leader epoch of the transaction coordinator; an older one is TRANSACTION_COORDINATOR_FENCED. */
  readonly coordinatorEpoch: number;
  /** `transaction.version` that the transaction was made with. */
  readonly transactionVersion: number;
}

/**
 * What a coordinator needs of the partition that holds its records. Wired by the server to the replication layer; the shard is
 * the only writer while it is started.
 */
export interface CoordinatorLog {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /**
   * Everything below is committed: it survives whatever the broker's durability mode promises. Reaches `logEndOffset` by
   * itself, also for what was there at the start: replies wait for it.
   */
  readonly highWatermark: number;
  /** Largest batch the partition takes (`max.message.bytes`), bytes. */
  readonly maxBatchBytes: number;
  /**
   * Appends one batch (magic 2; base offset and leader epoch are set here) and asks for its flush. Synchronous: after it
   * returns the batch is readable, but not committed. An error code is why it was not appended; then nothing
   * was. `verification` as of {@link BatchProducer}.
   */
  append(
    batch: Uint8Array,
    verification?: object,
  ): { readonly baseOffset: number; readonly lastOffset: number } | ErrorCode;
  /** Appends the marker that ends a transaction, like `append`. Refused ones: INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED. */
  appendMarker(marker: EndOfTransaction): { readonly baseOffset: number; readonly lastOffset: number } | ErrorCode;
  /** Calls back after the high watermark grew, also from inside `append` when nothing has to be waited for. Returns an undo. */
  onHighWatermark(listener: (highWatermark: number) => void): () => void;
  /**
   * Whole batches from the one that holds `fromOffset` (or the next, where compaction left a gap), up to about `maxBytes` but
   * at least one, also above the high watermark. Empty when there is none. The bytes are the caller's to keep.
   * Later when they are not in memory. @throws (or rejects) when the log cannot be read
   */
  read(fromOffset: number, maxBytes: number): Uint8Array | Promise<Uint8Array>;
}
