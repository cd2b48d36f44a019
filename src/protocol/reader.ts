// Not the global: that one is a getter, which every request would go through.
import { Buffer } from 'node:buffer';
import type { Uuid } from '../common/ids.js';
import { internedAscii, internedUuid } from './interning.js';
import type { UnknownTaggedField } from './values.js';

/** Bytes that do not follow the schema. The connection they came from is closed with the reason logged. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    readonly problem: string,
    /** Byte offset from the start of what was being decoded. */
    readonly position: number,
    /** Message, version and path, as in `FetchRequest v12 topics.partitions.fetchOffset`; '' outside of a message. */
    readonly field = '',
  ) {
    super(`${field === '' ? '' : `${field}: `}${problem} at byte ${position}`);
  }
}

/**
 * Heap that decoding one message may take: the bound is this, plus two bytes for each byte of the frame (its text and copied
 * bytes). Without it a frame of a few MB that promises millions of tiny elements would become gigabytes. A client that reads
 * very large responses passes its own bound.
 */
export const defaultAllocationLimitBytes = 128 * 1024 * 1024;

/** Heap of a typed array with its buffer, without the bytes in it: what a `bytes` or `records` value is charged. */
export const typedArrayHeapBytes = 320;

/** Longest string, in bytes; the same in every version, as in Kafka. */
export const maxStringBytes = 0x7fff;

const noBytes = Buffer.alloc(0);

/**
 * Reads big-endian wire types from `bytes[start, end)`. Every length and count is checked against the bytes that remain
 * before anything is allocated. Reusable with {@link reset}. All methods throw {@link DecodeError}.
 */
export class Reader {
  /** What is read from; compiled decoders look at what {@link need} gave them. */
  buffer: Buffer = noBytes;
  private source: Uint8Array = this.buffer;
  private start = 0;
  private end = 0;
  private allocationLeft = defaultAllocationLimitBytes;
  position = 0;
  /** Path of the field being read; kept by the decoders that run again after an error, to say where it was. */
  field = '';

  constructor(bytes?: Uint8Array, start = 0, end = bytes?.length ?? 0) {
    if (bytes !== undefined) this.reset(bytes, start, end);
  }

  reset(bytes: Uint8Array, start = 0, end = bytes.length, allocationLimitBytes = defaultAllocationLimitBytes): this {
    if (bytes !== this.source) {
      this.source = bytes;
      this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.start = start;
    this.position = start;
    this.end = end;
    this.allocationLeft = allocationLimitBytes;
    this.field = '';
    return this;
  }

  /** Where decoding stands, to go back there with {@link rewind}. */
  get budget(): number {
    return this.allocationLeft;
  }

  rewind(position: number, budget: number): void {
    this.position = position;
    this.allocationLeft = budget;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  fail(problem: string): never {
    throw new DecodeError(problem, this.position - this.start, this.field);
  }

  /** Moves past `count` bytes. Returns where they are in {@link buffer}. */
  need(count: number): number {
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
    const value = high * 0x1_0000_0000 + low;
    if (Number.isSafeInteger(value)) return value;
    if (high === 0x7fffffff && low === 0xffffffff) return 2 ** 63;
    if (high === -0x80000000 && low === 0) return -(2 ** 63);
    this.position -= 8;
    return this.fail('int64 beyond 2^53');
  }

  /** The int64 at `at`, which was passed already. */
  int64At(at: number): number {
    this.position = at;
    return this.int64();
  }

  int64Bits(): bigint {
    return this.buffer.readBigInt64BE(this.need(8));
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
    if (length > maxStringBytes) this.fail(`string of ${length} bytes`);
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

  /**
   * Checks an element count that was just read against the bytes that remain (`minWireBytes` ≥ 1 each), and charges the heap
   * that so many elements take.
   */
  count(count: number, minWireBytes: number, heapBytes: number): number {
    if (count < 0) this.fail(count === -1 ? 'null where an array is needed' : `array length ${count}`);
    if (count * minWireBytes > this.end - this.position)
      this.fail(`${count} elements wanted, ${this.remaining} bytes left`);
    this.charge(count * heapBytes);
    return count;
  }

  /** The same; -1 is null. */
  nullableCount(count: number, minWireBytes: number, heapBytes: number): number {
    return count === -1 ? -1 : this.count(count, minWireBytes, heapBytes);
  }

  private charge(heapBytes: number): void {
    this.allocationLeft -= heapBytes;
    if (this.allocationLeft < 0) this.fail('more memory wanted than one message may take');
  }

  /** One byte before a nullable struct. */
  structPresent(): boolean {
    return this.int8() >= 0;
  }

  /** A nullable struct in a tagged field has a varint in front instead, 0 when it is null. */
  taggedStructPresent(): boolean {
    return this.unsignedVarint() !== 0;
  }

  /** Number of tagged fields; each takes at least two bytes. */
  taggedCount(): number {
    const count = this.unsignedVarint();
    if (count * 2 > this.end - this.position) this.fail(`${count} tagged fields wanted, ${this.remaining} bytes left`);
    return count;
  }

  /** Tags ascend. */
  tag(last: number): number {
    const tag = this.unsignedVarint();
    return tag > last ? tag : this.fail(`tag ${tag} after tag ${last}`);
  }

  /** Reads the size of a tagged field. Returns where it ends. */
  taggedEnd(): number {
    const size = this.unsignedVarint();
    if (size > this.end - this.position) this.fail(`tagged field of ${size} bytes, ${this.remaining} left`);
    return this.position + size;
  }

  unknownTagged(tag: number, end: number): UnknownTaggedField {
    this.charge(2 * typedArrayHeapBytes);
    return { tag, data: this.bytes(end - this.position) };
  }

  checkTaggedEnd(end: number): void {
    if (this.position !== end) this.fail('tagged field has another size than it says');
  }
}
