import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeZstd } from '../../src/records/codec/zstd_decoder.js';
import { compress, compressions, decompress } from '../../src/records/compression.js';
import { prepareCompression, RecordBatchError } from '../../src/records/index.js';

beforeAll(() => prepareCompression('zstd'));

const mebibyte = 1 << 20;
const limit = 16 * mebibyte;

/** Data with repeats near and far, as records have. */
const repetitive = fc
  .tuple(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 0, max: 6000 }),
    fc.integer(),
  )
  .map(([words, count, seed]) => {
    let state = seed;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count; i += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
      parts.push(words[(state >>> 16) % words.length]!);
      if ((state >>> 8) % 13 === 0) parts.push(Buffer.from([state >>> 24, state >>> 16, state]));
    }
    return new Uint8Array(Buffer.concat(parts));
  });

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RecordBatchError) return error.problem;
    throw error;
  }
  return 'none';
}

describe.each(compressions)('%s', (codec) => {
  test('what was compressed comes back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), repetitive), (input) => {
        const packed = compress(codec, input);
        expect(Buffer.from(input).equals(decompress(codec, packed, limit))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test.each([0, 1, 3, 11, 12, 13, 15, 16, 60, 61, 255, 256, 257, 32_768, 65_535, 65_536, 65_537, 200_000])(
    '%i equal bytes come back',
    (length) => {
      const input = Buffer.alloc(length, 0x61);
      expect(input.equals(decompress(codec, compress(codec, input), limit))).toBe(true);
    },
  );

  test('repetitive data gets smaller', () => {
    const input = Buffer.from('the quick brown fox jumps over the lazy dog; '.repeat(2000));
    const size = compress(codec, input).length;
    expect(size).toBeLessThan(codec === 'none' ? input.length + 1 : input.length / 10);
  });
});

describe.each(compressions.filter((codec) => codec !== 'none'))('%s, hostile input', (codec) => {
  test('a bomb is stopped at the limit', () => {
    const bomb = compress(codec, Buffer.alloc(8 * mebibyte));
    expect(problemOf(() => decompress(codec, bomb, mebibyte))).toBe('TOO_LARGE');
    expect(decompress(codec, bomb, 8 * mebibyte)).toHaveLength(8 * mebibyte);
  });

  test('changed and cut input is read or refused, never more than the limit', () => {
    fc.assert(
      fc.property(
        repetitive,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
        (input, changes, cut) => {
          const packed = Buffer.from(compress(codec, input));
          for (const [at, byte] of changes) packed[at % packed.length] = byte;
          const bytes = cut === null ? packed : packed.subarray(0, cut % packed.length);
          try {
            expect(decompress(codec, bytes, mebibyte).length).toBeLessThanOrEqual(mebibyte);
          } catch (error) {
            expect(error).toBeInstanceOf(RecordBatchError);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 200 }), (bytes) => {
        try {
          decompress(codec, bytes, mebibyte);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordBatchError);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('snappy', () => {
  test('a raw block, as librdkafka writes it, is read', () => {
    // Length 10, a literal of 4, a copy of 6 from 4 back.
    const raw = Buffer.from([10, 3 << 2, 0x61, 0x62, 0x63, 0x64, (5 << 2) | 2, 4, 0]);
    expect(Buffer.from(decompress('snappy', raw, 100)).toString()).toBe('abcdabcdab');
  });

  test('a length that the block cannot hold is refused before memory is spent on it', () => {
    const raw = Buffer.from([0xff, 0xff, 0xff, 0x7f, 0, 0x61]);
    expect(problemOf(() => decompress('snappy', raw, 2 ** 31))).toBe('CORRUPT');
    expect(problemOf(() => decompress('snappy', raw, mebibyte))).toBe('TOO_LARGE');
  });

  test.each([
    ['copy before the start', [4, 0, 0x61, (2 << 2) | 2, 9, 0]],
    ['copy of distance 0', [4, 0, 0x61, (2 << 2) | 2, 0, 0]],
    ['literal past the end', [4, 3 << 2, 0x61]],
    ['more than it claims', [1, 3 << 2, 0x61, 0x62, 0x63, 0x64]],
    ['less than it claims', [9, 3 << 2, 0x61, 0x62, 0x63, 0x64]],
  ])('%s is refused', (_name, bytes) => {
    expect(problemOf(() => decompress('snappy', Buffer.from(bytes), 100))).toBe('CORRUPT');
  });
});

describe('lz4', () => {
  const frame = Buffer.from(compress('lz4', Buffer.from('hello hello hello hello hello')));

  test('a wrong header checksum is refused', () => {
    const damaged = Buffer.from(frame);
    damaged[6]! ^= 1;
    expect(problemOf(() => decompress('lz4', damaged, 100))).toBe('CORRUPT');
  });

  test('a frame without its end mark is refused', () => {
    expect(problemOf(() => decompress('lz4', frame.subarray(0, frame.length - 4), 100))).toBe('CORRUPT');
  });

  test('frames one after the other are one content', () => {
    expect(Buffer.from(decompress('lz4', Buffer.concat([frame, frame]), 100)).toString()).toBe(
      'hello hello hello hello hello'.repeat(2),
    );
  });
});

describe('zstd in plain JavaScript, for Node below 22.15', () => {
  test('reads what zstd writes', () => {
    fc.assert(
      fc.property(repetitive, fc.integer({ min: 1, max: 12 }), (input, level) => {
        const packed = compress('zstd', input, level);
        expect(Buffer.from(input).equals(decodeZstd(packed, limit))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('reads blocks with Huffman literals in four streams and tables that carry over', () => {
    const text = Array.from({ length: 40_000 }, (_, i) => `${(i * 7919) % 10_007} green bottles, `).join('');
    const packed = compress('zstd', Buffer.from(text), 6);
    expect(Buffer.from(decodeZstd(packed, limit)).toString()).toBe(text);
  });

  test('changed input is read or refused', () => {
    const text = Buffer.from(Array.from({ length: 800 }, (_, i) => `${(i * 7919) % 1009} green bottles, `).join(''));
    const packed = compress('zstd', text);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1 }), (changes) => {
        const damaged = Buffer.from(packed);
        for (const [at, byte] of changes) damaged[4 + (at % (damaged.length - 4))] = byte;
        try {
          expect(decodeZstd(damaged, mebibyte).length).toBeLessThanOrEqual(mebibyte);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordBatchError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('a window of 128 MiB for a few bytes is not allocated', () => {
    // Magic, descriptor without size, window 2^27, one raw last block of 3 bytes.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, (3 << 3) | 1, 0, 0, 0x61, 0x62, 0x63]);
    const before = process.memoryUsage().arrayBuffers;
    expect(Buffer.from(decodeZstd(frame, mebibyte)).toString()).toBe('abc');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * mebibyte);
  });

  test('a size that the blocks cannot have is refused', () => {
    // Single segment, eight bytes of content size: 2^31.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0x80, 0, 0, 0, 0, (3 << 3) | 1, 0, 0, 1, 2, 3]);
    expect(problemOf(() => decodeZstd(frame, 2 ** 32))).toBe('CORRUPT');
  });
});

test('a gzip stream with garbage after it is refused or read, never a crash', () => {
  const packed = Buffer.concat([gzipSync('abc'), Buffer.from([1, 2, 3])]);
  expect(['none', 'CORRUPT']).toContain(problemOf(() => decompress('gzip', packed, 100)));
});
