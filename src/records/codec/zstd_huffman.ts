import { corrupt } from '../errors.js';
import { BackwardBits } from './zstd_bits.js';
import { type FseTable, nextState, readFseTable } from './zstd_fse.js';

const maxBits = 11;

/** Decoding table of Huffman codes (RFC 8878, 4.2), indexed by the next `bits` bits. */
export interface HuffmanTable {
  readonly bits: number;
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

/** Reads a tree description at `start`. Returns the table and where the description ends. */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly table: HuffmanTable; readonly end: number } {
  if (start >= end) corrupt('zstd literals are cut off');
  const header = bytes[start] as number;
  const weights = new Uint8Array(256);
  const direct = header >= 128;
  const descriptionEnd = start + 1 + (direct ? (header - 126) >> 1 : header);
  if (descriptionEnd > end) corrupt('zstd Huffman tree is cut off');
  let count: number;
  if (direct) {
    count = header - 127;
    for (let i = 0; i < count; i += 1) {
      const byte = bytes[start + 1 + (i >> 1)] as number;
      weights[i] = (i & 1) === 0 ? byte >> 4 : byte & 15;
    }
  } else count = readWeights(bytes, start + 1, descriptionEnd, weights);
  return { table: buildTable(weights, count), end: descriptionEnd };
}

/** Two states take turns until the bits run out. */
function readWeights(bytes: Uint8Array, start: number, end: number, weights: Uint8Array): number {
  const { table, end: tableEnd } = readFseTable(bytes, start, end, { maxAccuracyLog: 6, maxSymbol: 12 });
  const bits = new BackwardBits(bytes, tableEnd, end);
  let state = bits.read(table.accuracyLog);
  let other = bits.read(table.accuracyLog);
  let count = 0;
  for (;;) {
    if (count > 253) corrupt('zstd Huffman tree has too many symbols');
    weights[count++] = symbolOf(table, state);
    if (bits.bitsLeft < (table.bitCounts[state] as number)) {
      weights[count++] = symbolOf(table, other);
      return count;
    }
    const updated = nextState(table, state, bits);
    state = other;
    other = updated;
  }
}

function symbolOf(table: FseTable, state: number): number {
  return table.symbols[state] as number;
}

/** The weight of the last symbol is not written: it fills the sum of 2^(weight-1) up to a power of two. */
function buildTable(weights: Uint8Array, count: number): HuffmanTable {
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    const weight = weights[i] as number;
    if (weight > maxBits) corrupt('zstd Huffman code is too long');
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum === 0) corrupt('zstd Huffman tree is empty');
  const bits = 32 - Math.clz32(sum);
  const rest = (1 << bits) - sum;
  if (bits > maxBits || (rest & (rest - 1)) !== 0) corrupt('zstd Huffman tree is malformed');
  weights[count] = 32 - Math.clz32(rest);
  const size = 1 << bits;
  const symbols = new Uint8Array(size);
  const lengths = new Uint8Array(size);
  let at = 0;
  for (let weight = 1; weight <= bits; weight += 1) {
    const span = 1 << (weight - 1);
    for (let symbol = 0; symbol <= count; symbol += 1) {
      if (weights[symbol] !== weight) continue;
      symbols.fill(symbol, at, at + span);
      lengths.fill(bits + 1 - weight, at, at + span);
      at += span;
    }
  }
  return { bits, symbols, lengths };
}

/** Decodes exactly `out.length` symbols from the stream `bytes[start, end)`, which they must use up. */
export function decodeHuffman(
  table: HuffmanTable,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  out: Uint8Array,
): void {
  const bits = new BackwardBits(bytes, range.start, range.end);
  for (let i = 0; i < out.length; i += 1) {
    const code = bits.peek(table.bits);
    out[i] = table.symbols[code] as number;
    bits.skip(table.lengths[code] as number);
  }
  if (bits.bitsLeft !== 0) corrupt('zstd literals have another length than they say');
}
