import type { Compression, RecordHeader } from '../../records/index.js';

/** A record to send. */
export interface ProducerRecord {
  readonly topic: string;
  /** Left out: chosen by the partitioner. */
  readonly partition?: number;
  readonly key?: Uint8Array | null;
  /** Null deletes the key from a compacted topic. */
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** Default: now. */
  readonly timestampMs?: number;
}

/** Where a record ended up. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** -1: not told (acks 0, or a duplicate the broker no longer knows the offset of). */
  readonly offset: number;
  /** The record's, or the broker's where the topic has log append time. */
  readonly timestampMs: number;
}

/**
 * Chooses a partition in `[0, partitionCount)`.
 *
 * @returns undefined: leave it to the default (hash of the key, or sticky without a key)
 */
export type Partitioner = (record: ProducerRecord, partitionCount: number) => number | undefined;

/** Names, meanings and defaults are those of Kafka's producer. */
export interface ProducerOptions {
  /** 'all' (default): every in-sync replica has it; 1: the leader; 0: nobody, and nothing is known of failures. */
  readonly acks?: 'all' | 1 | 0;
  /** Default true with acks 'all': retries neither duplicate nor reorder. */
  readonly enableIdempotence?: boolean;
  /** Default 'none'. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  /** How long a batch that is not full waits for more. Default 5 ms. */
  readonly lingerMs?: number;
  /** Upper bound of a batch before compression; a longer record has one of its own. Default 16 KiB. */
  readonly batchBytes?: number;
  /** Upper bound of a request, and so of a record. Default 1 MiB. */
  readonly maxRequestBytes?: number;
  /** Bytes of records not acknowledged yet; above it `send` waits. Default 32 MiB. */
  readonly bufferBytes?: number;
  /** How long `send` waits for metadata and for room. Default 60 s. */
  readonly maxBlockMs?: number;
  /** From `send` to success or failure. Default 2 minutes. */
  readonly deliveryTimeoutMs?: number;
  /** Requests on one connection that are not answered yet, 1 to 5 when idempotent. Default 5. */
  readonly maxInFlight?: number;
  readonly partitioner?: Partitioner;
  /** Whether sending to a topic that does not exist asks the broker to create it. Default true, as in Kafka. */
  readonly allowAutoTopicCreation?: boolean;
}
