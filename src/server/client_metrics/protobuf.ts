/** Bytes that are no message of Protocol Buffers, or not the one that was expected. */
export class OtlpError extends Error {
  override readonly name = 'OtlpError';
}

export const WIRE = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;

/** One field of a message. `value` is of `wire`: bytes, or the 8 bytes of a fixed64; nothing else is looked at here. */
export interface ProtobufField {
  readonly number: number;
  readonly wire: number;
  readonly value: Buffer;
  readonly varint: bigint;
  /** The whole field, with its tag. */
  readonly raw: Buffer;
}

const empty = Buffer.alloc(0);

/** @throws OtlpError when the message ends early or has a field of an unknown kind */
export function* protobufFields(message: Buffer): Generator<ProtobufField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new OtlpError('a number ends early or is too long');
  };
  const take = (count: number): Buffer => {
    if (count > message.length - at) throw new OtlpError('a field ends early');
    at += count;
    return message.subarray(at - count, at);
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    let value: Buffer = empty;
    let whole = 0n;
    if (number === 0) throw new OtlpError('a field has the number 0');
    if (wire === WIRE.VARINT) whole = varint();
    else if (wire === WIRE.FIXED64) value = take(8);
    else if (wire === WIRE.BYTES) value = take(Number(varint()));
    else if (wire === WIRE.FIXED32) value = take(4);
    else throw new OtlpError(`a field has the wire type ${wire}`);
    yield { number, wire, value, varint: whole, raw: message.subarray(start, at) };
  }
}

function encodedVarint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  bytes.push(left);
  return Buffer.from(bytes);
}

/** A field of kind `BYTES`: a text, or a message of the given parts. */
export function bytesField(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([encodedVarint(number * 8 + WIRE.BYTES), encodedVarint(length), ...parts]);
}
