import { corrupt } from '../errors.js';

/**
 * Reads a zstd bit stream from its end to its beginning: the last byte's highest set bit marks where it starts. Reading
 * more bits than there are is an error; {@link bitsLeft} tells before.
 */
export class BackwardBits {
  bitsLeft: number;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly start: number,
    end: number,
  ) {
    const last = end > start ? (bytes[end - 1] as number) : 0;
    if (last === 0) corrupt('zstd bit stream has no end mark');
    this.bitsLeft = (end - start - 1) * 8 + (31 - Math.clz32(last));
  }

  /** `count` ≤ 31. */
  read(count: number): number {
    if (count > 24) return this.read(count - 16) * 65_536 + this.read(16);
    this.bitsLeft -= count;
    if (this.bitsLeft < 0) corrupt('zstd bit stream is cut off');
    return this.#at(this.bitsLeft) & ((1 << count) - 1);
  }

  /** The next `count` ≤ 24 bits without taking them; missing ones are 0. */
  peek(count: number): number {
    const at = this.bitsLeft - count;
    if (at >= 0) return this.#at(at) & ((1 << count) - 1);
    return (this.#at(0) & ((1 << this.bitsLeft) - 1)) << -at;
  }

  skip(count: number): void {
    this.bitsLeft -= count;
    if (this.bitsLeft < 0) corrupt('zstd bit stream is cut off');
  }

  /** 32 bits from bit position `at`; what lies past the stream is masked off by the callers. */
  #at(at: number): number {
    const { bytes } = this;
    const byte = this.start + (at >> 3);
    const word =
      (bytes[byte] as number) |
      ((bytes[byte + 1] ?? 0) << 8) |
      ((bytes[byte + 2] ?? 0) << 16) |
      ((bytes[byte + 3] ?? 0) << 24);
    return word >>> (at & 7);
  }
}
