import type { RebuildOptions, RebuildStatistics, RebuiltBatch } from '../common/ports/index.js';
import type { NativeAddon } from './native_addon.js';

const numbersPerFault = 3;

/** Batches that the addon looks through, or builds anew, on its threads. */
export class NativeRebuilds {
  private readonly counted = { underWay: 0, batches: 0, bytesIn: 0, bytesOut: 0 };

  constructor(private readonly addon: NativeAddon) {}

  get statistics(): RebuildStatistics {
    return this.counted;
  }

  async rebuild(bytes: Uint8Array, options: RebuildOptions): Promise<RebuiltBatch> {
    const { counted } = this;
    const { codec, level, keysNeeded, earliestMs, latestMs } = options;
    counted.underWay += 1;
    try {
      const { length } = bytes;
      const numbers = Float64Array.of(codec, level, keysNeeded ? 1 : 0, earliestMs, latestMs);
      const rebuilt = await this.addon.rebuildBatch(bytes, numbers);
      counted.batches += 1;
      counted.bytesIn += length;
      counted.bytesOut += rebuilt.bytes.length;
      return resultOf(rebuilt.status, rebuilt.faults, rebuilt.bytes);
    } finally {
      counted.underWay -= 1;
    }
  }
}

function resultOf(status: number, numbers: Float64Array, bytes: Uint8Array): RebuiltBatch {
  if (status === 1) return { kind: 'undecodable' };
  if (status === 2) return { kind: 'malformed' };
  if (status === 3) return { kind: 'too-large' };
  if (numbers.length === 0) return { kind: 'ok', bytes };
  const faults = Array.from({ length: numbers.length / numbersPerFault }, (_, fault) => ({
    index: numbers[fault * numbersPerFault] as number,
    kind: numbers[fault * numbersPerFault + 1] === 0 ? ('no-key' as const) : ('timestamp' as const),
    timestampMs: numbers[fault * numbersPerFault + 2] as number,
  }));
  return { kind: 'faults', faults };
}
