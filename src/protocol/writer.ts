import type { Uuid } from '../common/ids.js';
import type { FileRegion, ResponseChain, ResponseFrame, ResponseLink } from '../common/ports/index.js';
import { maxStringBytes } from './reader.js';
import { type RecordsValue, recordsSize, type UnknownTaggedField } from './values.js';

/** A value that the version being encoded cannot carry. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
}

function outOfRange(type: string, value: number): never {
  throw new EncodeError(`${value} is no ${type}`);
}

/** Characters up to which a string is copied one by one. */
const longestCopied = 128;

/** Record bytes in memory from this size on are linked, not copied. */
const spliceMinBytes = 16 * 1024;

/**
 * Writes big-endian wire types to a buffer that grows, and is reused after {@link reset}. File regions and large record
 * arrays are not copied: {@link toChain} puts them between the pieces of the buffer.
 */
export class Writer implements ResponseFrame {
  /** What was written are its first {@link length} bytes, with {@link links} between them. */
  buffer: Buffer;
  /** The first {@link linkCount} of these; the others are left from earlier responses. */
  readonly links: ResponseLink[] = [];
  linkCount = 0;
  private linkedBytes = 0;
  /** Where the next byte goes; spliced parts do not count. */
  position = 0;

  constructor(initialBytes = 1024) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Forgets what was written. The chain and views handed out before become invalid. */
  reset(): this {
    this.position = 0;
    this.linkCount = 0;
    this.linkedBytes = 0;
    return this;
  }

  /** Everything written, spliced parts included. */
  get totalBytes(): number {
    return this.position + this.linkedBytes;
  }

  get length(): number {
    return this.position;
  }

  /** Bytes the buffer holds. */
  get capacity(): number {
    return this.buffer.length;
  }

  /** A view of what was written. Only without spliced parts. */
  bytes(): Uint8Array {
    if (this.linkCount > 0) throw new EncodeError('there are spliced parts: use toChain()');
    return this.buffer.subarray(0, this.position);
  }

  /** What was written with the spliced parts in their places; views of this writer's buffer. */
  toChain(): ResponseChain {
    return chainOf(this);
  }

  /** Makes room for `count` bytes and moves past them. Returns where they are. */
  reserve(count: number): number {
    const at = this.position;
    const end = at + count;
    if (end > this.buffer.length) this.grow(end);
    this.position = end;
    return at;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  bool(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  private byte(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) outOfRange('int8', value);
    this.byte(value);
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) outOfRange('int16', value);
    this.twoBytes(value);
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) outOfRange('uint16', value);
    this.twoBytes(value);
  }

  private twoBytes(value: number): void {
    const at = this.reserve(2);
    this.buffer[at] = value >> 8;
    this.buffer[at + 1] = value;
  }

  int32(value: number): void {
    if ((value | 0) !== value) outOfRange('int32', value);
    this.patchInt32(this.reserve(4), value);
  }

  /** Overwrites four bytes written or reserved before. */
  patchInt32(at: number, value: number): void {
    const b = this.buffer;
    b[at] = value >> 24;
    b[at + 1] = value >> 16;
    b[at + 2] = value >> 8;
    b[at + 3] = value;
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) outOfRange('uint32', value);
    this.patchInt32(this.reserve(4), value | 0);
  }

  /** For compiled encoders: a value that the type cannot hold. */
  refuse(type: string, value: number): never {
    return outOfRange(type, value);
  }

  /** Safe integers and ±2^63. */
  int64(value: number): void {
    this.putInt64(this.reserve(8), value);
  }

  /** The same, over eight bytes reserved before. */
  putInt64(at: number, value: number): void {
    if (Number.isSafeInteger(value)) {
      const high = Math.floor(value / 0x1_0000_0000);
      this.patchInt32(at, high);
      this.patchInt32(at + 4, (value - high * 0x1_0000_0000) | 0);
    } else if (value === 2 ** 63) {
      this.patchInt32(at, 0x7fffffff);
      this.patchInt32(at + 4, -1);
    } else if (value === -(2 ** 63)) {
      this.patchInt32(at, -0x80000000);
      this.patchInt32(at + 4, 0);
    } else outOfRange('int64', value);
  }

  int64Bits(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new EncodeError(`${value} is no int64`);
    const at = this.reserve(8);
    this.buffer.writeBigInt64BE(value, at);
  }

  float64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleBE(value, at);
  }

  unsignedVarint(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  uuid(value: Uuid): void {
    const at = this.reserve(16);
    if (this.buffer.write(value, at, 16, 'base64url') !== 16) throw new EncodeError(`not a uuid: ${value}`);
  }

  string(value: string): void {
    const prefix = this.reserve(2);
    const length = this.text(value);
    this.buffer[prefix] = length >> 8;
    this.buffer[prefix + 1] = length;
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    // Nearly all strings are short: guess a one-byte prefix and move the text if the guess was wrong.
    const prefix = this.reserve(1);
    const length = this.text(value);
    if (length + 1 < 0x80) this.buffer[prefix] = length + 1;
    else {
      this.position = prefix;
      this.unsignedVarint(length + 1);
      this.text(value);
    }
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.byte(0);
    else this.compactString(value);
  }

  /** Returns the bytes written. Most strings are short and ASCII; a call into the buffer costs more than copying them here. */
  private text(value: string): number {
    const length = value.length;
    if (length > longestCopied) return this.longText(value);
    const at = this.reserve(length);
    const b = this.buffer;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.position = at;
        return this.longText(value);
      }
      b[at + i] = code;
    }
    return length;
  }

  private longText(value: string): number {
    const size = Buffer.byteLength(value, 'utf8');
    if (size > maxStringBytes) throw new EncodeError(`string of ${size} bytes is too long`);
    const at = this.reserve(size);
    this.buffer.write(value, at, size, 'utf8');
    return size;
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.buffer.set(value, at);
  }

  bytesField(value: Uint8Array): void {
    this.int32(value.length);
    this.raw(value);
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1);
    else this.bytesField(value);
  }

  compactBytes(value: Uint8Array): void {
    this.unsignedVarint(value.length + 1);
    this.raw(value);
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.byte(0);
    else this.compactBytes(value);
  }

  records(value: RecordsValue | null): void {
    if (value === null) this.int32(-1);
    else {
      this.int32(recordsSize(value));
      this.splice(value);
    }
  }

  compactRecords(value: RecordsValue | null): void {
    if (value === null) this.byte(0);
    else {
      this.unsignedVarint(recordsSize(value) + 1);
      this.splice(value);
    }
  }

  private splice(value: RecordsValue): void {
    if (value instanceof Uint8Array) {
      if (value.length < spliceMinBytes) this.raw(value);
      else this.link(value, value.length);
    } else if ('kind' in value) {
      if (value.sizeBytes > 0) this.link(value, value.sizeBytes);
    } else for (const part of value) this.splice(part);
  }

  private link(part: Uint8Array | FileRegion, sizeBytes: number): void {
    this.links[this.linkCount] = { at: this.position, part };
    this.linkCount += 1;
    this.linkedBytes += sizeBytes;
  }

  /** After a tagged field was written from `at` on: puts its size before it. Tagged fields hold no spliced parts. */
  finishTagged(at: number): void {
    const size = this.position - at;
    let prefix = 1;
    for (let rest = size >>> 7; rest > 0; rest >>>= 7) prefix += 1;
    this.reserve(prefix);
    this.buffer.copyWithin(at + prefix, at, at + size);
    this.position = at;
    this.unsignedVarint(size);
    this.position = at + prefix + size;
  }

  /** Unknown tagged fields from `index` on with a tag below `belowTag`. Returns the first index not written. */
  unknownTagged(fields: readonly UnknownTaggedField[], index: number, belowTag: number): number {
    let next = index;
    for (; next < fields.length; next += 1) {
      const field = fields[next];
      if (field === undefined || field.tag >= belowTag) break;
      this.unsignedVarint(field.tag);
      this.unsignedVarint(field.data.length);
      this.raw(field.data);
    }
    return next;
  }
}

/** The parts of a response in order; views of its buffer. */
export function chainOf({ buffer, length, links, linkCount }: ResponseFrame): ResponseChain {
  if (linkCount === 0) return [buffer.subarray(0, length)];
  const chain: Array<Uint8Array | FileRegion> = [];
  let from = 0;
  for (let i = 0; i < linkCount; i += 1) {
    const { at, part } = links[i] as ResponseLink;
    if (at > from) chain.push(buffer.subarray(from, at));
    chain.push(part);
    from = at;
  }
  if (length > from) chain.push(buffer.subarray(from, length));
  return chain;
}
