import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayeredMap } from '../../../src/coordinator/group/layered_map.js';

const key = fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e');
const operation = fc.oneof(fc.record({ set: key, value: fc.integer({ min: 1, max: 9 }) }), fc.record({ delete: key }));

describe('LayeredMap', () => {
  it('is like a map made by the same operations, and leaves its base alone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.integer())), fc.array(operation), (entries, operations) => {
        const base = new Map(entries);
        const plain = new Map(base);
        const layered = new LayeredMap(base);
        for (const op of operations) {
          if ('set' in op) {
            plain.set(op.set, op.value);
            layered.set(op.set, op.value);
          } else expect(layered.delete(op.delete)).toBe(plain.delete(op.delete));
          expect(layered.size).toBe(plain.size);
        }
        expect(new Map(layered.entries())).toEqual(plain);
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          expect(layered.get(name)).toBe(plain.get(name));
          expect(layered.has(name)).toBe(plain.has(name));
        }
        expect(base).toEqual(new Map(entries));
        const replayed = new Map(base);
        for (const [name, value] of layered.changes()) {
          if (value === undefined) replayed.delete(name);
          else replayed.set(name, value);
        }
        expect(replayed).toEqual(plain);
        expect([...layered.entries()]).toEqual([...replayed]);
        expect([...layered.keys()]).toEqual([...replayed.keys()]);
        expect([...layered.values()]).toEqual([...replayed.values()]);
      }),
    );
  });
});
