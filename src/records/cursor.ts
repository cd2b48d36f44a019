import { corrupt } from './errors.js';

/** Reads the fields of records from `bytes[position, end)`; every read past the end is a RecordBatchError `CORRUPT`. */
export class RecordCursor {
  readonly buffer: Buffer;

  constructor(
    bytes: Uint8Array,
    public position = 0,
    readonly end = bytes.length,
  ) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.end - this.position;
  }

  #take(count: number): number {
    const at = this.position;
    if (count > this.end - at) corrupt('record is cut off');
    this.position = at + count;
    return at;
  }

  uint8(): number {
    return this.buffer[this.#take(1)] as number;
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#take(4));
  }

  int64(): number {
    return readInt64(this.buffer, this.#take(8));
  }

  /** Zigzag, 32 bits. */
  varint(): number {
    let raw = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8();
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
    return corrupt('varint is longer than 5 bytes');
  }

  /** Zigzag, 64 bits; values beyond 2^53 are refused. */
  varlong(): number {
    let raw = 0;
    let factor = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = this.uint8();
      raw += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (raw > 2 * Number.MAX_SAFE_INTEGER) corrupt('varlong beyond 2^53');
        return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      }
      factor *= 128;
    }
    return corrupt('varlong is longer than 10 bytes');
  }

  /** A view; null for a negative length. */
  bytes(length: number): Uint8Array | null {
    if (length < 0) return length === -1 ? null : corrupt(`length ${length}`);
    const at = this.#take(length);
    return this.buffer.subarray(at, at + length);
  }

  text(length: number): string {
    if (length < 0) corrupt('header key is null');
    const at = this.#take(length);
    return this.buffer.toString('utf8', at, at + length);
  }
}

/** Safe integers only: anything else in an offset, a timestamp or a producer id is taken for corruption. */
export function readInt64(buffer: Buffer, at: number): number {
  const value = buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
  return Number.isSafeInteger(value) ? value : corrupt('int64 beyond 2^53');
}
