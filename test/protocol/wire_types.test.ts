import { describe, expect, it } from 'vitest';
import { INT64_MAX, type Uuid, ZERO_UUID } from '../../src/common/ids.js';
import type { FileRegion } from '../../src/common/ports/index.js';
import { DecodeError, Reader } from '../../src/protocol/reader.js';
import { EncodeError, Writer } from '../../src/protocol/writer.js';

function written(write: (writer: Writer) => void): string {
  const writer = new Writer(1);
  write(writer);
  return Buffer.from(writer.bytes()).toString('hex');
}

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'));
}

describe('integers', () => {
  it.each([
    ['int8', -128, '80'],
    ['int8', 127, '7f'],
    ['int16', -32768, '8000'],
    ['int16', 32767, '7fff'],
    ['uint16', 65535, 'ffff'],
    ['int32', -2147483648, '80000000'],
    ['int32', 2147483647, '7fffffff'],
    ['uint32', 4294967295, 'ffffffff'],
    ['int64', Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    ['int64', Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    ['int64', -1, 'ffffffffffffffff'],
    ['int64', 2 ** 32, '0000000100000000'],
    ['int64', INT64_MAX, '7fffffffffffffff'],
    ['int64', -INT64_MAX, '8000000000000000'],
    ['float64', -0.5, 'bfe0000000000000'],
  ] as const)('%s %d', (type, value, hex) => {
    expect(written((writer) => writer[type](value))).toBe(hex);
    expect(reader(hex)[type]()).toBe(value);
  });

  it.each([
    ['int8', 128],
    ['int8', -129],
    ['int16', 32768],
    ['uint16', -1],
    ['uint16', 65536],
    ['int32', 2 ** 31],
    ['int32', 1.5],
    ['int32', Number.NaN],
    ['uint32', -1],
    ['int64', 2 ** 53],
    ['int64', 2 ** 64],
    ['int64', 0.5],
    ['int64', Number.NaN],
  ] as const)('%s refuses to write %d', (type, value) => {
    expect(() => written((writer) => writer[type](value))).toThrow(EncodeError);
  });

  it.each(['0020000000000000', 'ffe0000000000000', '7ffffffffffffffe', '8000000000000001'])(
    'int64 refuses to read %s',
    (hex) => {
      expect(() => reader(hex).int64()).toThrow(new DecodeError('int64 beyond 2^53', 0));
      expect(reader(hex).int64Bits()).toBe(BigInt.asIntN(64, BigInt(`0x${hex}`)));
    },
  );

  it('int64Bits has all 64 bits', () => {
    expect(written((writer) => writer.int64Bits(-(2n ** 63n)))).toBe('8000000000000000');
    expect(() => written((writer) => writer.int64Bits(2n ** 63n))).toThrow(EncodeError);
  });

  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 32 - 1, 'ffffffff0f'],
  ])('varint %d', (value, hex) => {
    expect(written((writer) => writer.unsignedVarint(value))).toBe(hex);
    expect(reader(hex).unsignedVarint()).toBe(value);
  });

  it('varints end after five bytes and 32 bits', () => {
    expect(() => reader('ffffffff1f').unsignedVarint()).toThrow('varint beyond 32 bits');
    expect(() => reader('808080808001').unsignedVarint()).toThrow('varint longer than 5 bytes');
    expect(() => reader('ff').unsignedVarint()).toThrow('1 bytes wanted, 0 left at byte 1');
  });
});

describe('text', () => {
  it.each([
    '',
    'a',
    'é',
    '日本語',
    '🎉',
    'x'.repeat(127),
    'x'.repeat(128),
    'x'.repeat(129),
    'ü'.repeat(5000),
    'x'.repeat(32767),
  ])('of length %#', (text) => {
    const bytes = Buffer.from(text);
    const plain = written((writer) => writer.string(text));
    expect(plain).toBe(bytes.length.toString(16).padStart(4, '0') + bytes.toString('hex'));
    const compact = new Writer(1);
    compact.unsignedVarint(bytes.length + 1);
    compact.raw(bytes);
    expect(written((writer) => writer.compactString(text))).toBe(Buffer.from(compact.bytes()).toString('hex'));
    const back = new Reader(compact.bytes());
    expect(back.string(back.compactLength())).toBe(text);
  });

  it('is at most 32767 bytes', () => {
    expect(() => written((writer) => writer.compactString('x'.repeat(32768)))).toThrow(EncodeError);
    expect(() => written((writer) => writer.string('ü'.repeat(16384)))).toThrow(EncodeError);
    expect(() => new Reader(new Uint8Array(40000)).string(32768)).toThrow(DecodeError);
  });

  it('is not mixed up by interning', () => {
    const bytes = Buffer.from('topic-atopic-btopic-a');
    const read = () => {
      const one = new Reader(bytes);
      return [one.string(7), one.string(7), one.string(7)];
    };
    expect(read()).toEqual(['topic-a', 'topic-b', 'topic-a']);
    // Ten thousand names share two thousand slots.
    for (let i = 0; i < 10_000; i += 1) {
      const name = `name-${i}`;
      expect(new Reader(Buffer.from(name)).string(name.length)).toBe(name);
    }
    expect(read()).toEqual(['topic-a', 'topic-b', 'topic-a']);
  });
});

describe('ids', () => {
  it('are 22 characters for 16 bytes', () => {
    const hex = '00112233445566778899aabbccddeeff';
    const id = 'ABEiM0RVZneImaq7zN3u_w' as Uuid;
    expect(reader(hex).uuid()).toBe(id);
    expect(reader(hex).uuid()).toBe(id);
    expect(written((writer) => writer.uuid(id))).toBe(hex);
    expect(written((writer) => writer.uuid(ZERO_UUID))).toBe('00'.repeat(16));
    expect(() => written((writer) => writer.uuid('short' as Uuid))).toThrow(EncodeError);
  });

  it('are not mixed up by interning', () => {
    for (let i = 0; i < 5000; i += 1) {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32BE(i, (i % 4) * 4);
      expect(new Reader(bytes).uuid()).toBe(bytes.toString('base64url'));
    }
  });
});

describe('bytes', () => {
  it('are copied, records are a view', () => {
    const frame = Buffer.from('01020304', 'hex');
    const copied = new Reader(frame).bytes(2);
    const viewed = new Reader(frame).records(2);
    frame.fill(0xff);
    expect([...copied]).toEqual([1, 2]);
    expect([...viewed]).toEqual([0xff, 0xff]);
  });

  it('come from a part of an array, positions count from its start', () => {
    const part = new Reader().reset(new Uint8Array([9, 9, 1, 2, 9]), 2, 4);
    expect(part.remaining).toBe(2);
    expect(part.int16()).toBe(0x0102);
    expect(() => part.int8()).toThrow(new DecodeError('1 bytes wanted, 0 left', 2));
  });
});

describe('the writer', () => {
  const region = (regionId: number, sizeBytes: number): FileRegion => ({ kind: 'region', regionId, sizeBytes });

  it('grows and is reused', () => {
    const writer = new Writer(2);
    for (let round = 0; round < 2; round += 1) {
      writer.reset();
      for (let i = 0; i < 1000; i += 1) writer.int32(i);
      expect(writer.position).toBe(4000);
      expect(Buffer.from(writer.bytes()).readInt32BE(3996)).toBe(999);
    }
    expect(writer.capacity).toBeGreaterThanOrEqual(4000);
  });

  it('patches what was reserved', () => {
    expect(
      written((writer) => {
        const at = writer.reserve(4);
        writer.int8(7);
        writer.patchInt32(at, -2);
      }),
    ).toBe('fffffffe07');
  });

  it('puts regions and large records between its bytes', () => {
    const large = new Uint8Array(20_000);
    const writer = new Writer();
    writer.int8(1);
    writer.compactRecords(region(5, 300));
    writer.records([region(6, 10), new Uint8Array([8, 9]), region(7, 20)]);
    writer.records(large);
    writer.records(region(8, 0));
    writer.records(null);
    expect(writer.totalBytes).toBe(1 + 2 + 300 + 4 + 32 + 4 + 20_000 + 4 + 4);
    const chain = writer.toChain();
    expect(chain).toEqual([
      Buffer.from('01ad02', 'hex'),
      region(5, 300),
      Buffer.from('00000020', 'hex'),
      region(6, 10),
      Buffer.from('0809', 'hex'),
      region(7, 20),
      Buffer.from('00004e20', 'hex'),
      large,
      Buffer.from('00000000ffffffff', 'hex'),
    ]);
    expect(chain[7]).toBe(large);
    expect(() => writer.bytes()).toThrow(EncodeError);
    expect(writer.reset().toChain()).toEqual([Buffer.alloc(0)]);
  });

  it('moves a tagged field for a size of several bytes', () => {
    const writer = new Writer(4);
    const at = writer.position;
    writer.raw(new Uint8Array(300).fill(5));
    writer.finishTagged(at);
    const back = new Reader(writer.bytes());
    const end = back.taggedEnd();
    expect(end).toBe(302);
    expect([...back.bytes(300)]).toEqual(new Array(300).fill(5));
  });
});
