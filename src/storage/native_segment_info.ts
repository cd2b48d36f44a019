import type { SegmentInfo } from '../common/ports/index.js';

/** Times of a sealed segment are in its files: they are read when they are asked for. */
export class NativeSegmentInfo implements SegmentInfo {
  constructor(
    private readonly time: (baseOffset: number, which: number) => number,
    readonly baseOffset: number,
    readonly sizeBytes: number,
    readonly active: boolean,
  ) {}

  get maxTimestampMs(): number {
    return this.time(this.baseOffset, 0);
  }
  get firstTimestampMs(): number {
    return this.time(this.baseOffset, 1);
  }
  get lastModifiedMs(): number {
    return this.time(this.baseOffset, 2);
  }
}
