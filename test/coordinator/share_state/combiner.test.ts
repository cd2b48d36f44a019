import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineStateBatches, type StateBatch } from '../../../src/coordinator/share_state/combiner.js';

/** `10-19 A2` is ten records, available, delivered twice (A available, K acknowledged, R archived). */
function parse(text: string): StateBatch[] {
  return text.split(',').flatMap((part) => {
    const [, first, last, state, count] = /^\s*(\d+)-(\d+) ([AKR])(\d+)\s*$/.exec(part) ?? [];
    if (state === undefined) return [];
    return [
      {
        firstOffset: Number(first),
        lastOffset: Number(last),
        deliveryState: { A: 0, K: 2, R: 4 }[state as 'A'],
        deliveryCount: Number(count),
      },
    ];
  });
}

function print(batches: readonly StateBatch[]): string {
  return batches
    .map(
      ({ firstOffset, lastOffset, deliveryState, deliveryCount }) =>
        `${firstOffset}-${lastOffset} ${'A?K?R'[deliveryState]}${deliveryCount}`,
    )
    .join(', ');
}

/** What is said last of each record: the highest count, then the highest state. */
function perRecord(batches: readonly StateBatch[], startOffset: number): Map<number, string> {
  const best = new Map<number, number>();
  for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of batches)
    for (let offset = Math.max(firstOffset, startOffset); offset <= lastOffset; offset += 1)
      best.set(offset, Math.max(best.get(offset) ?? 0, deliveryCount * 10 + deliveryState));
  return new Map([...best].sort(([a], [b]) => a - b).map(([offset, rank]) => [offset, String(rank)]));
}

describe('state batches', () => {
  it.each([
    ['nothing', '', '', -1, ''],
    ['one batch', '5-9 A1', '', -1, '5-9 A1'],
    ['one batch below the start', '5-9 A1', '', 10, ''],
    ['one batch across the start', '5-9 A1', '', 7, '7-9 A1'],
    ['neighbours in one state are one batch', '0-4 K1', '5-9 K1', -1, '0-9 K1'],
    ['neighbours in two states stay', '0-4 K1', '5-9 K2', -1, '0-4 K1, 5-9 K2'],
    ['a gap stays', '0-4 K1', '6-9 K1', -1, '0-4 K1, 6-9 K1'],
    ['the same again', '0-4 K1', '0-4 K1', -1, '0-4 K1'],
    ['a higher count wins', '0-9 A1', '0-9 A2', -1, '0-9 A2'],
    ['an older count loses', '0-9 A2', '0-9 A1', -1, '0-9 A2'],
    ['a higher state wins', '0-9 A1', '0-9 K1', -1, '0-9 K1'],
    ['inside, it splits', '0-9 A1', '3-5 K1', -1, '0-2 A1, 3-5 K1, 6-9 A1'],
    ['inside and older, it is nothing', '0-9 K1', '3-5 A1', -1, '0-9 K1'],
    ['at the front', '0-9 A1', '0-5 R2', -1, '0-5 R2, 6-9 A1'],
    ['at the front, longer', '0-5 A1', '0-9 K1', -1, '0-9 K1'],
    ['at the front, longer and older', '0-5 K2', '0-9 A1', -1, '0-5 K2, 6-9 A1'],
    ['at the end', '0-9 A1', '5-9 K1', -1, '0-4 A1, 5-9 K1'],
    ['over the end', '0-9 A1', '5-14 K1', -1, '0-4 A1, 5-14 K1'],
    ['over the end and older', '0-9 K1', '5-14 A1', -1, '0-9 K1, 10-14 A1'],
    ['over several', '0-4 A1, 5-9 K1, 10-14 A2', '3-12 A1', 2, '2-4 A1, 5-9 K1, 10-14 A2'],
    ['one state that overlaps', '0-9 A1', '5-20 A1', -1, '0-20 A1'],
  ])('%s', (_name, known, updates, startOffset, expected) => {
    expect(print(combineStateBatches(parse(known), parse(updates), startOffset))).toBe(expected);
  });

  it('say of each record what was said last', () => {
    const batch = fc
      .tuple(fc.nat(30), fc.nat(8), fc.constantFrom(0, 2, 4), fc.integer({ min: 1, max: 3 }))
      .map(([firstOffset, length, deliveryState, deliveryCount]) => ({
        firstOffset,
        lastOffset: firstOffset + length,
        deliveryState,
        deliveryCount,
      }));
    fc.assert(
      fc.property(
        fc.array(batch, { maxLength: 12 }),
        fc.array(batch, { maxLength: 6 }),
        fc.integer({ min: -1, max: 20 }),
        (first, second, startOffset) => {
          const known = combineStateBatches(first, [], -1);
          const combined = combineStateBatches(known, second, startOffset);
          expect(perRecord(combined, startOffset)).toEqual(perRecord([...first, ...second], startOffset));
          if (known.length + second.length < 2) return;
          for (const [at, { firstOffset, lastOffset }] of combined.entries()) {
            expect(lastOffset).toBeGreaterThanOrEqual(firstOffset);
            expect(firstOffset).toBeGreaterThan(combined[at - 1]?.lastOffset ?? -1);
            expect(firstOffset).toBeGreaterThanOrEqual(startOffset);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
