import { corrupt } from '../errors.js';
import type { BackwardBits } from './zstd_bits.js';

/** Decoding table of finite state entropy (RFC 8878, 4.1): per state its symbol, and how the next state is made. */
export interface FseTable {
  readonly accuracyLog: number;
  readonly symbols: Uint8Array;
  readonly bitCounts: Uint8Array;
  readonly baselines: Uint16Array;
}

/** -1 in `frequencies` is a probability of less than one. They add up to `1 << accuracyLog`, counting -1 as 1. */
export function buildFseTable(frequencies: ArrayLike<number>, accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(frequencies.length);
  let high = size;
  for (let symbol = 0; symbol < frequencies.length; symbol += 1) {
    const frequency = frequencies[symbol] as number;
    next[symbol] = frequency === -1 ? 1 : frequency;
    if (frequency === -1) symbols[--high] = symbol;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol += 1) {
    for (let count = frequencies[symbol] as number; count > 0; count -= 1) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  }
  const bitCounts = new Uint8Array(size);
  const baselines = new Uint16Array(size);
  for (let state = 0; state < size; state += 1) {
    const symbol = symbols[state] as number;
    const count = next[symbol] as number;
    next[symbol] = count + 1;
    const bits = accuracyLog - (31 - Math.clz32(count));
    bitCounts[state] = bits;
    baselines[state] = (count << bits) - size;
  }
  return { accuracyLog, symbols, bitCounts, baselines };
}

/** A table of one symbol that takes no bits. */
export function singleSymbolTable(symbol: number): FseTable {
  return {
    accuracyLog: 0,
    symbols: Uint8Array.of(symbol),
    bitCounts: new Uint8Array(1),
    baselines: new Uint16Array(1),
  };
}

export function nextState(table: FseTable, state: number, bits: BackwardBits): number {
  return (table.baselines[state] as number) + bits.read(table.bitCounts[state] as number);
}

/** Reads a table's description at `start`, at most up to `end`. Returns the table and where the description ends. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: { readonly maxAccuracyLog: number; readonly maxSymbol: number },
): { readonly table: FseTable; readonly end: number } {
  let bitAt = start * 8;
  const peek = (count: number): number => {
    const byte = bitAt >> 3;
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    return (word >> (bitAt & 7)) & ((1 << count) - 1);
  };
  const accuracyLog = peek(4) + 5;
  bitAt += 4;
  if (accuracyLog > limits.maxAccuracyLog) corrupt('zstd table is more accurate than allowed');
  const frequencies: number[] = [];
  let remaining = 1 << accuracyLog;
  while (remaining > 0) {
    if (frequencies.length > limits.maxSymbol || bitAt >= end * 8) corrupt('zstd table is malformed');
    // One of 0 to remaining + 1; small values take one bit less.
    const bits = 32 - Math.clz32(remaining + 1);
    const small = (1 << (bits - 1)) - 1;
    const threshold = (1 << bits) - 2 - remaining;
    let value = peek(bits);
    if ((value & small) < threshold) {
      value &= small;
      bitAt += bits - 1;
    } else {
      if (value > small) value -= threshold;
      bitAt += bits;
    }
    const frequency = value - 1;
    remaining -= Math.abs(frequency);
    frequencies.push(frequency);
    if (frequency !== 0) continue;
    let repeat: number;
    do {
      repeat = peek(2);
      bitAt += 2;
      for (let i = 0; i < repeat; i += 1) frequencies.push(0);
    } while (repeat === 3 && frequencies.length <= limits.maxSymbol);
  }
  const tableEnd = (bitAt + 7) >> 3;
  if (remaining < 0 || frequencies.length > limits.maxSymbol + 1 || tableEnd > end) corrupt('zstd table is malformed');
  return { table: buildFseTable(frequencies, accuracyLog), end: tableEnd };
}
