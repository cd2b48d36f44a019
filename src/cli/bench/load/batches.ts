import { encodeBatch, prepareCompression } from '../../../records/index.js';
import type { LoadPlan } from './plan.js';

const words =
  'the log keeps what was written in order and every reader finds it again at its own place offset key value'.split(
    ' ',
  );

/**
 * `count` values of `bytes` bytes: words and numbers, the same in every run. Compressed they shrink to about a third, as events of an
 * application do; without compression their content does not matter.
 */
export function payloads(count: number, bytes: number): readonly Uint8Array[] {
  let state = 42;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: count }, () => {
    const value = Buffer.alloc(bytes, 0x20);
    for (let at = 0; at < bytes; ) {
      const word = next(3) === 0 ? String(next(1_000_000)) : (words[next(words.length)] ?? '');
      at += value.write(`${word} `, at, 'latin1');
    }
    return value;
  });
}

/** The batch that every request of the plan carries. Shared by all requests: it must not be changed. */
export async function benchBatch(
  plan: Pick<LoadPlan, 'recordsPerBatch' | 'recordBytes' | 'compression'>,
  timestampMs: number,
): Promise<Buffer> {
  await prepareCompression(plan.compression);
  return encodeBatch({
    records: payloads(plan.recordsPerBatch, plan.recordBytes).map((value) => ({ timestampMs, value })),
    compression: plan.compression,
  });
}
