import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { javaStringHash } from '../../../src/coordinator/java_hash.js';
import { hashMapOrder, timelineOrder } from '../../../src/coordinator/modern/java_order.js';

const keys = fc.uniqueArray(fc.string({ minLength: 0, maxLength: 24 }), { maxLength: 200 });

/** As Java's tables do it: a list for each slot. */
function bySlot(items: readonly string[], slotOf: (item: string) => number): string[] {
  const slots = new Map<number, string[]>();
  for (const item of items) slots.set(slotOf(item), [...(slots.get(slotOf(item)) ?? []), item]);
  return [...slots].sort(([a], [b]) => a - b).flatMap(([, of]) => of);
}

/** The first power of two from `from` on that holds as many. */
function capacityFor(size: number, from: number): number {
  let capacity = from;
  while (capacity < size) capacity *= 2;
  return capacity;
}

describe('the order of tables', () => {
  it('is that of the upper bits of a 64-bit product in a TimelineHashMap', () => {
    fc.assert(
      fc.property(keys, (names) => {
        const bits = BigInt(Math.log2(capacityFor(names.length * 0.75, 2)));
        const slotOf = (name: string) => {
          const product = BigInt.asUintN(64, BigInt(javaStringHash(name)) * -7046029254386353131n);
          return Number(product >> (64n - bits));
        };
        expect(timelineOrder(names)).toEqual(bySlot([...names].reverse(), slotOf));
      }),
    );
  });

  it('is that of the lower bits of both halves of the hash in a HashMap', () => {
    fc.assert(
      fc.property(keys, (names) => {
        const capacity = capacityFor(names.length / 0.75, 16);
        const slotOf = (name: string) => {
          const hash = javaStringHash(name);
          return ((hash ^ (hash >>> 16)) >>> 0) % capacity;
        };
        expect(hashMapOrder(names, javaStringHash)).toEqual(bySlot(names, slotOf));
      }),
    );
  });
});
