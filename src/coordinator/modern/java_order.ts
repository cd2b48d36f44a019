import { type Uuid, uuidToBytes } from '../../common/ids.js';
import { javaStringHash } from '../java_hash.js';

// Kafka's assignors go through members and partitions in the order of Java's hash tables, and what they assign follows from
// it. The same order here is the same assignment there.

/** `Uuid.hashCode()` of Kafka. */
export function javaUuidHash(id: Uuid): number {
  const bytes = uuidToBytes(id);
  let hash = 0;
  for (let i = 0; i < 16; i += 1) hash ^= (bytes[i] ?? 0) << (24 - 8 * (i & 3));
  return hash;
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
  return bySlot(items, capacity, (item) => {
    const hash = hashOf(item);
    return (hash ^ (hash >>> 16)) & (capacity - 1);
  });
}

/** The order of a set of partition numbers that was copied from another collection (`new HashSet<>(collection)`). */
export function partitionOrder(partitions: readonly number[]): number[] {
  let capacity = 16;
  while (capacity < Math.floor(partitions.length / 0.75) + 1) capacity *= 2;
  return bySlot(partitions, capacity, (partition) => (partition ^ (partition >>> 16)) & (capacity - 1));
}

/** The order of Kafka's `TimelineHashMap`, keys added in the given order and none removed since. */
export function timelineOrder(keys: readonly string[]): string[] {
  let capacity = 2;
  while (keys.length * 0.75 > capacity) capacity *= 2;
  const shift = Math.clz32(capacity) + 1;
  // Of keys in the same slot the last one comes first.
  return bySlot([...keys].reverse(), capacity, (key) => fibonacciHigh(javaStringHash(key)) >>> shift);
}

/** The upper 32 bits of 0x9e3779b97f4a7c15 times a signed number, as a 64-bit product. In halves: BigInt takes three times as long. */
function fibonacciHigh(value: number): number {
  const [low, high] = [value & 0xffff, value >>> 16];
  const carried = Math.floor((low * 0x7f4a7c15) / 0x10000) + high * 0x7f4a7c15;
  const ofLowerHalf = Math.floor(carried / 0x10000);
  return (ofLowerHalf + Math.imul(value, 0x9e3779b9) - (value < 0 ? 0x7f4a7c15 : 0)) >>> 0;
}

/** By slot, in the given order within one. */
function bySlot<T>(items: readonly T[], capacity: number, slotOf: (item: T) => number): T[] {
  if (items.length < 2) return [...items];
  const slots = items.map(slotOf);
  const next = new Uint32Array(capacity + 1);
  for (const slot of slots) next[slot + 1] = (next[slot + 1] ?? 0) + 1;
  for (let slot = 1; slot < capacity; slot += 1) next[slot] = (next[slot] ?? 0) + (next[slot - 1] ?? 0);
  const ordered = [...items];
  items.forEach((item, i) => {
    const slot = slots[i] ?? 0;
    const at = next[slot] ?? 0;
    ordered[at] = item;
    next[slot] = at + 1;
  });
  return ordered;
}

/** Member ids as Kafka's assignors see them: from the group's table into a `HashMap`. */
export function memberOrder(memberIds: readonly string[]): string[] {
  return hashMapOrder(timelineOrder(memberIds), javaStringHash);
}
