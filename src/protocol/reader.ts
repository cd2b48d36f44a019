import type { Uuid } from '../common/ids.js';
import { internedAscii, internedUuid } from './interning.js';

/** Bytes that do not follow the schema. The connection they came from is closed with the reason logged. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    readonly problem: string,
    /** Byte offset from the start of what was being decoded. */
    readonly position: number,
  ) {
    super(`${problem} at byte ${position}`);
  }
}

/**
 * Elements that one message may have in all its arrays together, so that a small frame cannot become a large heap: with
 * structs of some hundred bytes each, decoding allocates at most about 300 MB whatever the frame says. A client that reads
 * large Metadata or Fetch responses passes its own bound.
 */
export const defaultElementLimit = 1 << 20;

/**
 * Reads big-endian wire types from `bytes[start, end)`. Every length and count is checked against the bytes that remain
 * before anything is allocated. Reusable with {@link reset}. All methods throw {@link DecodeError}.
 */
export class Reader {
  private buffer: Buffer = Buffer.alloc(0);
  private source: Uint8Array = this.buffer;
  private start = 0;
  private end = 0;
  private elementsLeft = defaultElementLimit;
  position = 0;

  constructor(bytes?: Uint8Array, start = 0, end = bytes?.length ?? 0) {
    if (bytes !== undefined) this.reset(bytes, start, end);
  }

  reset(bytes: Uint8Array, start = 0, end = bytes.length, elementLimit = defaultElementLimit): this {
    if (bytes !== this.source) {
      this.source = bytes;
      this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.start = start;
    this.position = start;
    this.end = end;
    this.elementsLeft = elementLimit;
    return this;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  fail(problem: string): never {
    throw new DecodeError(problem, this.position - this.start);
  }

  private need(count: number): number {
    const at = this.position;
    if (count > this.end - at) this.fail(`${count} bytes wanted, ${this.end - at} left`);
    this.position = at + count;
    return at;
  }

  bool(): boolean {
    return this.buffer[this.need(1)] !== 0;
  }

  int8(): number {
    return ((this.buffer[this.need(1)] as number) << 24) >> 24;
  }

  int16(): number {
    const at = this.need(2);
    const b = this.buffer;
    return (((b[at] as number) << 24) >> 16) | (b[at + 1] as number);
  }

  uint16(): number {
    const at = this.need(2);
    const b = this.buffer;
    return ((b[at] as number) << 8) | (b[at + 1] as number);
  }

  int32(): number {
    const at = this.need(4);
    const b = this.buffer;
    return (
      ((b[at] as number) << 24) | ((b[at + 1] as number) << 16) | ((b[at + 2] as number) << 8) | (b[at + 3] as number)
    );
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): number {
    const high = this.int32();
    const low = this.int32() >>> 0;
    if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + low;
    if (high === 0x7fffffff && low === 0xffffffff) return 2 ** 63;
    if (high === -0x80000000 && low === 0) return -(2 ** 63);
    this.position -= 8;
    return this.fail('int64 beyond 2^53');
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.need(8));
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.need(1)] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value > 0xffffffff ? this.fail('varint beyond 32 bits') : value;
    }
    return this.fail('varint longer than 5 bytes');
  }

  uuid(): Uuid {
    const at = this.need(16);
    return internedUuid(this.buffer, at);
  }

  /** Length of a string, bytes or records field; -1 is null. */
  length16(): number {
    const length = this.int16();
    return length < -1 ? this.fail(`length ${length}`) : length;
  }

  length32(): number {
    const length = this.int32();
    return length < -1 ? this.fail(`length ${length}`) : length;
  }

  compactLength(): number {
    return this.unsignedVarint() - 1;
  }

  string(length: number): string {
    if (length < 0) this.fail('null where a string is needed');
    const at = this.need(length);
    return internedAscii(this.buffer, at, length) ?? this.buffer.toString('utf8', at, at + length);
  }

  nullableString(length: number): string | null {
    return length < 0 ? null : this.string(length);
  }

  /** A copy. */
  bytes(length: number): Uint8Array {
    if (length < 0) this.fail('null where bytes are needed');
    const at = this.need(length);
    return Uint8Array.prototype.slice.call(this.buffer, at, at + length);
  }

  nullableBytes(length: number): Uint8Array | null {
    return length < 0 ? null : this.bytes(length);
  }

  /** A view; valid only as long as the frame is. */
  records(length: number): Uint8Array {
    if (length < 0) this.fail('null where records are needed');
    const at = this.need(length);
    return this.buffer.subarray(at, at + length);
  }

  nullableRecords(length: number): Uint8Array | null {
    return length < 0 ? null : this.records(length);
  }

  /** Checks an element count that was read; -1 (null) passes. `minElementBytes` ≥ 1. */
  count(count: number, minElementBytes: number): number {
    if (count < -1) this.fail(`array length ${count}`);
    if (count * minElementBytes > this.end - this.position)
      this.fail(`${count} elements wanted, ${this.remaining} bytes left`);
    this.elementsLeft -= count;
    if (this.elementsLeft < 0) this.fail('more elements than one message may have');
    return count;
  }

  nonNullCount(count: number, minElementBytes: number): number {
    return count < 0 ? this.fail('null where an array is needed') : this.count(count, minElementBytes);
  }

  /** One byte before a nullable struct. */
  structPresent(): boolean {
    return this.int8() >= 0;
  }

  /** End position of a tagged field of `size` bytes. */
  taggedEnd(size: number): number {
    if (size > this.remaining) this.fail(`tagged field of ${size} bytes, ${this.remaining} left`);
    return this.position + size;
  }

  checkTaggedEnd(end: number): void {
    if (this.position !== end) this.fail('tagged field has another size than it says');
  }
}
