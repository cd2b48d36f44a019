import { randomFillSync } from 'node:crypto';
import { type Uuid, uuidFromBytes, ZERO_UUID } from '../common/ids.js';
import type { Random } from '../common/ports/index.js';

/** Kafka's reserved ids: the zero id and the one of the metadata topic (…AQ = 1). */
const RESERVED: ReadonlySet<string> = new Set([ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ']);

abstract class RandomSource implements Random {
  abstract uint32(): number;

  float(): number {
    // 53 bits, as many as a double in [0, 1) can hold evenly.
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  uuid(): Uuid {
    for (;;) {
      const bytes = Buffer.allocUnsafe(16);
      for (let at = 0; at < 16; at += 4) bytes.writeUInt32BE(this.uint32(), at);
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      const uuid = uuidFromBytes(bytes);
      if (!uuid.startsWith('-') && !RESERVED.has(uuid)) return uuid;
    }
  }
}

/** The operating system's generator, drawn in blocks. */
class SystemRandom extends RandomSource {
  readonly #block = new Uint32Array(256);
  #next = 256;

  override uint32(): number {
    if (this.#next === this.#block.length) {
      randomFillSync(this.#block);
      this.#next = 0;
    }
    const value = this.#block[this.#next] ?? 0;
    // A drawn number never stays behind in memory.
    this.#block[this.#next] = 0;
    this.#next += 1;
    return value;
  }
}

/** xoshiro128** (Blackman, Vigna 2018), seeded through splitmix32: period 2^128 − 1. Equal seeds give equal sequences. */
class SeededRandom extends RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    super();
    const low = splitMix(seed >>> 0);
    const high = splitMix(Math.floor(seed / 2 ** 32) >>> 0);
    this.#a = low();
    this.#b = low();
    this.#c = low() ^ high();
    // Never all zero: the generator would stay there.
    this.#d = (low() ^ high()) | 1;
  }

  override uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function splitMix(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

/** Unpredictable numbers from the operating system. */
export const systemRandom: Random = new SystemRandom();

/** A reproducible sequence. `seed`: any safe integer ≥ 0. */
export function seededRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed must be a safe integer ≥ 0, not ${seed}`);
  return new SeededRandom(seed);
}
