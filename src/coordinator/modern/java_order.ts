import { type Uuid, uuidToBytes } from '../../common/ids.js';
import { javaStringHash } from '../java_hash.js';

// Kafka's assignors go through members and partitions in the order of Java's hash tables, and what they assign follows from
// it. The same order here is the same assignment there.

/** `Uuid.hashCode()` of Kafka. */
export function javaUuidHash(id: Uuid): number {
  const bytes = Buffer.from(uuidToBytes(id));
  return bytes.readInt32BE(0) ^ bytes.readInt32BE(4) ^ bytes.readInt32BE(8) ^ bytes.readInt32BE(12);
}

/** Of a table that Kafka makes for `size` items. */
export function tableCapacity(size: number): number {
  const asked = Math.floor((size + 1) / 0.75 + 1);
  let capacity = 1;
  while (capacity < asked) capacity *= 2;
  return capacity;
}

/** The order of a `java.util.HashMap` that grew from `initialCapacity`, items put in the given order. */
export function hashMapOrder<T>(items: readonly T[], hashOf: (item: T) => number, initialCapacity = 16): T[] {
  let capacity = 1;
  while (capacity < initialCapacity) capacity *= 2;
  while (items.length > capacity * 0.75) capacity *= 2;
  return bySlot(items, (item) => {
    const hash = hashOf(item);
    return (hash ^ (hash >>> 16)) & (capacity - 1);
  });
}

/** The order of a set of partition numbers that was copied from another collection (`new HashSet<>(collection)`). */
export function partitionOrder(partitions: readonly number[]): number[] {
  let capacity = 16;
  while (capacity < Math.floor(partitions.length / 0.75) + 1) capacity *= 2;
  return bySlot(partitions, (partition) => (partition ^ (partition >>> 16)) & (capacity - 1));
}

/** The order of Kafka's `TimelineHashMap`, keys added in the given order and none removed since. */
export function timelineOrder(keys: readonly string[]): string[] {
  let capacity = 2;
  while (keys.length * 0.75 > capacity) capacity *= 2;
  const log2 = 31 - Math.clz32(capacity);
  // Of keys in the same slot the last one comes first.
  return bySlot([...keys].reverse(), (key) => {
    const spread = BigInt.asUintN(64, BigInt(javaStringHash(key)) * fibonacci);
    return Number(spread >> BigInt(64 - log2));
  });
}

const fibonacci = -7046029254386353131n;

function bySlot<T>(items: readonly T[], slotOf: (item: T) => number): T[] {
  return items
    .map((item, index) => ({ item, index, slot: slotOf(item) }))
    .sort((a, b) => a.slot - b.slot || a.index - b.index)
    .map(({ item }) => item);
}

/** Member ids as Kafka's assignors see them: from the group's table into a `HashMap`. */
export function memberOrder(memberIds: readonly string[]): string[] {
  return hashMapOrder(timelineOrder(memberIds), javaStringHash);
}
