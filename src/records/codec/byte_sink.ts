import { RecordBatchError } from '../errors.js';

/** Output of a decompressor: grows as needed, never past `limitBytes`, whatever the input claims. */
export class ByteSink {
  bytes: Buffer;
  length = 0;

  constructor(
    expectedBytes: number,
    private readonly limitBytes: number,
  ) {
    this.bytes = Buffer.allocUnsafe(Math.max(16, Math.min(expectedBytes, limitBytes)));
  }

  /** Makes room for `count` more bytes; `bytes` may be another buffer afterwards. */
  ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    if (needed > this.limitBytes)
      throw new RecordBatchError('TOO_LARGE', `decompresses to more than ${this.limitBytes} bytes`);
    const larger = Buffer.allocUnsafe(Math.min(this.limitBytes, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  append(source: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    this.bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.length);
    this.length += end - start;
  }

  /** Repeats `count` bytes from `distance` back; the two ranges may overlap. */
  repeat(distance: number, count: number): void {
    this.ensure(count);
    const { bytes } = this;
    let to = this.length;
    let from = to - distance;
    this.length += count;
    if (distance >= count) bytes.copyWithin(to, from, from + count);
    else if (distance === 1) bytes.fill(bytes[from] as number, to, to + count);
    else for (const end = to + count; to < end; to += 1, from += 1) bytes[to] = bytes[from] as number;
  }

  result(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
