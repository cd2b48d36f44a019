/**
 * A 128-bit id as Kafka prints it: 22 characters of URL-safe base64 without padding. On the wire it is 16 bytes.
 * Kept as a string because it is a map key everywhere; the codecs intern the ones they see.
 */
export type Uuid = string & { readonly __brand: 'Uuid' };

/** `new Uuid(0, 0)` in Kafka: "no id". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA' as Uuid;

/** Largest int64 on the wire (`Long.MAX_VALUE`), as the double 2^63. The int64 codecs map the two on to each other. */
export const INT64_MAX = 2 ** 63;

export function uuidFromBytes(bytes: Uint8Array): Uuid {
  return Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('base64url') as Uuid;
}

export function uuidToBytes(uuid: Uuid): Uint8Array {
  return Buffer.from(uuid, 'base64url');
}

/** One partition of one topic, by name. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The name Kafka gives a partition in logs, directories and map keys: `topic-0`. */
export function topicPartitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
