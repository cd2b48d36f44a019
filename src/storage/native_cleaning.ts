import type { CleaningOptions, CleaningStatistics, LogCleaning } from '../common/ports/index.js';
import type { NativeCleaning } from './native_addon.js';

const outcomes = ['goes-on', 'done', 'cancelled'] as const;

/** A round of compaction in the addon. `failed` makes typed errors of what it throws, and takes the directory offline where it must. */
export class NativeLogCleaning implements LogCleaning {
  constructor(
    private readonly native: NativeCleaning,
    private readonly failed: (error: unknown) => unknown,
  ) {}

  /** In the order of `cleaningOptionsOf` in native/binding. */
  static numbers(options: CleaningOptions): Float64Array {
    return Float64Array.of(
      options.firstDirtyOffset,
      options.endOffset,
      options.nowMs,
      options.deleteRetentionMs,
      options.segmentBytes,
      options.segmentIndexBytes,
      options.indexIntervalBytes,
      options.mapBytes,
      options.mapLoadFactor,
      options.ioBufferBytes,
    );
  }

  async run(budgetBytes: number): Promise<'goes-on' | 'done' | 'cancelled'> {
    try {
      return outcomes[await this.native.run(budgetBytes)] ?? 'cancelled';
    } catch (error) {
      throw this.failed(error);
    }
  }

  abandon(): Promise<void> {
    return this.native.abandon();
  }

  get statistics(): CleaningStatistics {
    const values = this.native.statistics();
    return {
      bytesRead: values[0] as number,
      bytesWritten: values[1] as number,
      mapBytesRead: values[2] as number,
      recordsRead: values[3] as number,
      recordsKept: values[4] as number,
      segmentsBefore: values[5] as number,
      segmentsAfter: values[6] as number,
      mapUtilization: values[7] as number,
      cleanedOffset: values[8] as number,
    };
  }
}
