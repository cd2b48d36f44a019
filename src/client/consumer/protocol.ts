import type { TopicPartition } from '../../common/ids.js';
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../../protocol/data/consumer_protocol.js';
import { DecodeError, Reader } from '../../protocol/reader.js';
import { Writer } from '../../protocol/writer.js';
import { byTopic } from '../per_leader.js';

/** What members of consumer groups tell each other inside JoinGroup and SyncGroup: a version, then the message. */
const newestVersion = 3;
const subscriptionVersion = 3;
const assignmentVersion = 3;

export interface Subscription {
  readonly topics: readonly string[];
  readonly ownedPartitions: readonly TopicPartition[];
  /** Generation in which they were owned; -1: not told. */
  readonly generationId: number;
  readonly rackId: string | null;
  readonly userData: Uint8Array | null;
}

export function encodeSubscription(subscription: Subscription): Uint8Array {
  const writer = new Writer(128);
  writer.int16(subscriptionVersion);
  ConsumerProtocolSubscription.encode(writer, subscriptionVersion, {
    topics: subscription.topics,
    userData: subscription.userData,
    ownedPartitions: byTopic(subscription.ownedPartitions).map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((one) => one.partition),
    })),
    generationId: subscription.generationId,
    rackId: subscription.rackId,
  });
  return writer.bytes();
}

/** Undefined when the bytes are no subscription. Newer versions are read as the newest known: they only add at the end. */
export function decodeSubscription(bytes: Uint8Array): Subscription | undefined {
  return decoding(bytes, (reader, version) => {
    const { topics, userData, ownedPartitions, generationId, rackId } = ConsumerProtocolSubscription.decode(
      reader,
      version,
    );
    return { topics, userData, ownedPartitions: flat(ownedPartitions), generationId, rackId };
  });
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const writer = new Writer(128);
  writer.int16(assignmentVersion);
  ConsumerProtocolAssignment.encode(writer, assignmentVersion, {
    assignedPartitions: byTopic(partitions).map(({ topic, partitions: members }) => ({
      topic,
      partitions: members.map((one) => one.partition),
    })),
  });
  return writer.bytes();
}

/** Empty bytes are an empty assignment, as is anything that cannot be read. */
export function decodeAssignment(bytes: Uint8Array): readonly TopicPartition[] {
  return (
    decoding(bytes, (reader, version) => flat(ConsumerProtocolAssignment.decode(reader, version).assignedPartitions)) ??
    []
  );
}

function decoding<T>(bytes: Uint8Array, decode: (reader: Reader, version: number) => T): T | undefined {
  const reader = new Reader(bytes);
  try {
    const version = reader.int16();
    return version < 0 ? undefined : decode(reader, Math.min(version, newestVersion));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function flat(
  topics: ReadonlyArray<{ readonly topic: string; readonly partitions: readonly number[] }>,
): readonly TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
