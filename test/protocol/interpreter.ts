import { ZERO_UUID } from '../../src/common/ids.js';
import type { AnyMessage } from '../../src/protocol/message.js';
import { type Field, type Fields, type FieldType, inVersions } from '../../src/protocol/schema.js';

// The second opinion on the compiled codecs: walks the schema field by field with Node's own buffer methods. It shares the
// schema with them and nothing else. Slow, and made for well-formed input only: what it does not like it throws an error for.

export type Value = Readonly<Record<string, unknown>>;

interface Unknown {
  readonly tag: number;
  readonly data: Uint8Array;
}

interface Context {
  readonly version: number;
  readonly flexible: boolean;
}

function isTagged(field: Field<unknown>, { version, flexible }: Context): boolean {
  return flexible && field.options.tag !== undefined && inVersions(field.options.tagged, version);
}

function isThere(field: Field<unknown>, context: Context): boolean {
  const onlyTagged = field.options.tag !== undefined && inVersions(field.options.tagged, context.version);
  return inVersions(field.versions, context.version) && (context.flexible || !onlyTagged);
}

function isCompact(field: Field<unknown>, { version, flexible }: Context): boolean {
  return flexible && (field.options.flexible === undefined || inVersions(field.options.flexible, version));
}

export function defaultOf(field: Field<unknown>): unknown {
  const { type, options } = field;
  if (options.default !== undefined) return options.default;
  if (type.kind === 'struct')
    return Object.fromEntries(Object.entries(type.fields).map(([name, inner]) => [name, defaultOf(inner)]));
  if (type.kind === 'array') return [];
  if (type.kind === 'bytes' || type.kind === 'records') return new Uint8Array(0);
  if (type.kind === 'string') return '';
  if (type.kind === 'uuid') return ZERO_UUID;
  if (type.kind === 'bool') return false;
  return type.kind === 'int64Bits' ? 0n : 0;
}

export function isDefault(field: Field<unknown>, value: unknown): boolean {
  const given = defaultOf(field);
  if (value === undefined || value === given) return true;
  if (value === null || given === null) return false;
  const { type } = field;
  if (type.kind === 'struct') {
    const struct = value as Value;
    if (((struct.unknownTaggedFields ?? []) as Unknown[]).length > 0) return false;
    return Object.entries(type.fields).every(([name, inner]) => isDefault(inner, struct[name]));
  }
  return (type.kind === 'array' || type.kind === 'bytes' || type.kind === 'records') && (value as []).length === 0;
}

// ---- encoding

const limit64 = 2n ** 63n;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

function fixed(size: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return buffer;
}

function int64(value: number): Buffer {
  const exact = value === 2 ** 63 ? limit64 - 1n : BigInt(value);
  return fixed(8, (b) => b.writeBigInt64BE(exact));
}

function lengthPrefix(length: number, compact: boolean, wide: boolean): Buffer {
  if (compact) return varint(length + 1);
  return wide ? fixed(4, (b) => b.writeInt32BE(length)) : fixed(2, (b) => b.writeInt16BE(length));
}

function sized(bytes: Uint8Array | null, compact: boolean, wide: boolean): Buffer {
  return Buffer.concat([lengthPrefix(bytes === null ? -1 : bytes.length, compact, wide), bytes ?? Buffer.alloc(0)]);
}

function encodeValue(
  type: FieldType,
  value: unknown,
  compact: boolean,
  nullable: boolean,
  context: Context,
  tagged = false,
): Buffer {
  if (value === null && !nullable) throw new Error('null');
  switch (type.kind) {
    case 'struct': {
      const body = value === null ? Buffer.alloc(0) : encodeFields(type.fields, value as Value, context);
      // In a tagged field the marker is a varint, whose null is 0.
      return nullable ? Buffer.concat([Buffer.from([value === null ? (tagged ? 0 : 0xff) : 1]), body]) : body;
    }
    case 'array': {
      const elements = value as readonly unknown[] | null;
      const parts = (elements ?? []).map((one) => encodeValue(type.element, one, compact, false, context));
      return Buffer.concat([lengthPrefix(elements === null ? -1 : elements.length, compact, true), ...parts]);
    }
    case 'string':
      return sized(value === null ? null : Buffer.from(value as string, 'utf8'), compact, false);
    case 'bytes':
    case 'records':
      return sized(value as Uint8Array | null, compact, true);
    case 'uuid':
      return Buffer.from(value as string, 'base64url');
    case 'bool':
      return Buffer.from([value === true ? 1 : 0]);
    case 'int8':
      return fixed(1, (b) => b.writeInt8(value as number));
    case 'int16':
      return fixed(2, (b) => b.writeInt16BE(value as number));
    case 'uint16':
      return fixed(2, (b) => b.writeUInt16BE(value as number));
    case 'int32':
      return fixed(4, (b) => b.writeInt32BE(value as number));
    case 'uint32':
      return fixed(4, (b) => b.writeUInt32BE(value as number));
    case 'int64':
      return int64(value as number);
    case 'int64Bits':
      return fixed(8, (b) => b.writeBigInt64BE(value as bigint));
    case 'float64':
      return fixed(8, (b) => b.writeDoubleBE(value as number));
  }
}

function encodeField(field: Field<unknown>, value: unknown, context: Context): Buffer {
  const nullable = inVersions(field.options.nullable, context.version);
  const given = value === undefined ? defaultOf(field) : value;
  return encodeValue(field.type, given, isCompact(field, context), nullable, context, isTagged(field, context));
}

function encodeFields(fields: Fields, value: Value, context: Context): Buffer {
  const parts: Buffer[] = [];
  const tagged: Unknown[] = [...((value.unknownTaggedFields ?? []) as Unknown[])];
  for (const [name, field] of Object.entries(fields)) {
    if (!isThere(field, context)) {
      if (field.options.ignorable !== true && !isDefault(field, value[name])) throw new Error(`${name} is absent`);
    } else if (!isTagged(field, context)) parts.push(encodeField(field, value[name], context));
    else if (!isDefault(field, value[name]))
      tagged.push({ tag: field.options.tag ?? -1, data: encodeField(field, value[name], context) });
  }
  if (context.flexible) {
    parts.push(varint(tagged.length));
    for (const { tag, data } of tagged.sort((a, b) => a.tag - b.tag))
      parts.push(varint(tag), varint(data.length), Buffer.from(data));
  }
  return Buffer.concat(parts);
}

export function interpretEncode(message: AnyMessage, version: number, value: object): Buffer {
  return encodeFields(message.spec.fields, value as Value, { version, flexible: message.isFlexible(version) });
}

// ---- decoding

class Cursor {
  constructor(
    readonly buffer: Buffer,
    public at = 0,
  ) {}

  take(size: number): Buffer {
    if (this.at + size > this.buffer.length) throw new Error('too short');
    this.at += size;
    return this.buffer.subarray(this.at - size, this.at);
  }

  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.take(1)[0] ?? 0);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return Number(value);
    }
  }

  length(compact: boolean, wide: boolean): number {
    if (compact) return this.varint() - 1;
    return wide ? this.take(4).readInt32BE() : this.take(2).readInt16BE();
  }

  int64(): number {
    const exact = this.take(8).readBigInt64BE();
    return exact === limit64 - 1n ? 2 ** 63 : Number(exact);
  }
}

function decodeValue(
  type: FieldType,
  compact: boolean,
  nullable: boolean,
  cursor: Cursor,
  context: Context,
  tagged = false,
): unknown {
  switch (type.kind) {
    case 'struct':
      return nullable && cursor.take(1).readInt8() < (tagged ? 1 : 0)
        ? null
        : decodeFields(type.fields, cursor, context);
    case 'array': {
      const length = cursor.length(compact, true);
      if (length < 0) return null;
      return Array.from({ length }, () => decodeValue(type.element, compact, false, cursor, context));
    }
    case 'string': {
      const length = cursor.length(compact, false);
      return length < 0 ? null : cursor.take(length).toString('utf8');
    }
    case 'bytes':
    case 'records': {
      const length = cursor.length(compact, true);
      return length < 0 ? null : new Uint8Array(cursor.take(length));
    }
    case 'uuid':
      return cursor.take(16).toString('base64url');
    case 'bool':
      return cursor.take(1)[0] !== 0;
    case 'int8':
      return cursor.take(1).readInt8();
    case 'int16':
      return cursor.take(2).readInt16BE();
    case 'uint16':
      return cursor.take(2).readUInt16BE();
    case 'int32':
      return cursor.take(4).readInt32BE();
    case 'uint32':
      return cursor.take(4).readUInt32BE();
    case 'int64':
      return cursor.int64();
    case 'int64Bits':
      return cursor.take(8).readBigInt64BE();
    case 'float64':
      return cursor.take(8).readDoubleBE();
  }
}

function decodeField(field: Field<unknown>, cursor: Cursor, context: Context): unknown {
  const nullable = inVersions(field.options.nullable, context.version);
  return decodeValue(field.type, isCompact(field, context), nullable, cursor, context, isTagged(field, context));
}

function decodeFields(fields: Fields, cursor: Cursor, context: Context): Value {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const read = isThere(field, context) && !isTagged(field, context);
    value[name] = read ? decodeField(field, cursor, context) : defaultOf(field);
  }
  if (!context.flexible) return value;
  const unknown: Unknown[] = [];
  for (let left = cursor.varint(); left > 0; left -= 1) {
    const tag = cursor.varint();
    const data = cursor.take(cursor.varint());
    const known = Object.entries(fields).find(
      ([, field]) => field.options.tag === tag && isTagged(field, context) && isThere(field, context),
    );
    if (known === undefined) unknown.push({ tag, data: new Uint8Array(data) });
    else value[known[0]] = decodeField(known[1], new Cursor(data), context);
  }
  return unknown.length === 0 ? value : { ...value, unknownTaggedFields: unknown };
}

export function interpretDecode(message: AnyMessage, version: number, bytes: Uint8Array): Value {
  const cursor = new Cursor(Buffer.from(bytes));
  const value = decodeFields(message.spec.fields, cursor, { version, flexible: message.isFlexible(version) });
  if (cursor.at !== bytes.length) throw new Error(`${bytes.length - cursor.at} bytes are left`);
  return value;
}
