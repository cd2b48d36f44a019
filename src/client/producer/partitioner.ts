import type { Random } from '../../common/ports/index.js';
import type { TopicMetadata } from '../metadata.js';
import { murmur2 } from './murmur2.js';

/** Partition of a key, as Kafka's Java client computes it. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}

/**
 * Where records without a key go: to one partition until about a batch of bytes went there, then to another (KIP-794).
 * Partitions without a leader are avoided while others have one.
 */
export class StickyPartitions {
  readonly #current = new Map<string, { readonly partition: number; bytes: number }>();

  constructor(
    private readonly random: Random,
    private readonly bytesBeforeSwitch: number,
  ) {}

  choose(topic: TopicMetadata, recordBytes: number): number {
    let current = this.#current.get(topic.name);
    if (
      current === undefined ||
      current.bytes >= this.bytesBeforeSwitch ||
      current.partition >= topic.partitions.length
    ) {
      current = { partition: this.#pick(topic, current?.partition), bytes: 0 };
      this.#current.set(topic.name, current);
    }
    current.bytes += recordBytes;
    return current.partition;
  }

  #pick(topic: TopicMetadata, previous: number | undefined): number {
    const all = topic.partitions.map((one) => one.partition);
    const available = topic.partitions.filter((one) => one.leaderId >= 0).map((one) => one.partition);
    const candidates = (available.length > 0 ? available : all).filter(
      (one, _, list) => list.length === 1 || one !== previous,
    );
    return candidates[this.random.uint32() % candidates.length] ?? 0;
  }
}
