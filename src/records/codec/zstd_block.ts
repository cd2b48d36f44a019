import { corrupt } from '../errors.js';
import type { ByteSink } from './byte_sink.js';
import { BackwardBits } from './zstd_bits.js';
import { buildFseTable, type FseTable, nextState, readFseTable, singleSymbolTable } from './zstd_fse.js';
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './zstd_huffman.js';

/** RFC 8878: no block decompresses to more. */
export const maxBlockBytes = 128 * 1024;

/** One of the three codes of a sequence: how its table may look, and for lengths what value a code stands for. */
interface CodeKind {
  readonly maxAccuracyLog: number;
  readonly maxSymbol: number;
  readonly predefined: FseTable;
}

function ascendingBaselines(first: number, extraBits: readonly number[]): readonly number[] {
  let next = first;
  return extraBits.map((bits) => {
    const value = next;
    next += 2 ** bits;
    return value;
  });
}

const zeros = (count: number): readonly number[] => Array.from({ length: count }, () => 0);
const literalLengthBits = [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const literalLengthBase = ascendingBaselines(0, literalLengthBits);
const matchLengthBits = [...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const matchLengthBase = ascendingBaselines(3, matchLengthBits);

const literalLengths: CodeKind = {
  maxAccuracyLog: 9,
  maxSymbol: 35,
  predefined: buildFseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
};
const offsets: CodeKind = {
  maxAccuracyLog: 8,
  maxSymbol: 31,
  predefined: buildFseTable(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    5,
  ),
};
const matchLengths: CodeKind = {
  maxAccuracyLog: 9,
  maxSymbol: 52,
  predefined: buildFseTable(
    [1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array.from({ length: 37 }, () => 1), -1, -1, -1, -1, -1, -1, -1],
    6,
  ),
};

/** Decodes the compressed blocks of one frame; tables and offsets carry over from block to block. */
export class BlockDecoder {
  readonly #frameStart: number;
  #huffman: HuffmanTable | undefined;
  #literalLengthTable: FseTable | undefined;
  #offsetTable: FseTable | undefined;
  #matchLengthTable: FseTable | undefined;
  /** The last three offsets, latest first. */
  readonly #recent: [number, number, number] = [1, 4, 8];
  #literals: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(
    private readonly view: Buffer,
    private readonly sink: ByteSink,
  ) {
    this.#frameStart = sink.length;
  }

  decode(start: number, end: number): void {
    const blockStart = this.sink.length;
    this.#position = start;
    this.#readLiterals(end);
    const count = this.#readSequenceCount(end);
    const used = count === 0 ? 0 : this.#runSequences(count, end, blockStart);
    this.sink.append(this.#literals, used, this.#literals.length);
    if (this.sink.length - blockStart > maxBlockBytes) corrupt('zstd block decompresses to more than a block may');
  }

  #readLiterals(end: number): void {
    const { view } = this;
    const at = this.#position;
    if (at >= end) corrupt('zstd block is cut off');
    const first = view[at] as number;
    const type = first & 3;
    const format = (first >> 2) & 3;
    const headerBytes = (type < 2 ? [1, 2, 1, 3][format] : [3, 3, 4, 5][format]) as number;
    if (end - at < headerBytes) corrupt('zstd block is cut off');
    const header = view.readUIntLE(at, headerBytes);
    this.#position = at + headerBytes;
    if (type < 2) {
      const size = headerBytes === 1 ? header >> 3 : header >> 4;
      this.#plainLiterals(type === 1, size, end);
      return;
    }
    const sizeBits = [10, 10, 14, 18][format] ?? 10;
    const fields = Math.floor(header / 16);
    const size = fields % 2 ** sizeBits;
    const compressedBytes = Math.floor(fields / 2 ** sizeBits);
    if (size > maxBlockBytes || compressedBytes > end - this.#position) corrupt('zstd literals are malformed');
    const literalsEnd = this.#position + compressedBytes;
    if (type === 2) {
      const { table, end: tableEnd } = readHuffmanTable(view, this.#position, literalsEnd);
      this.#huffman = table;
      this.#position = tableEnd;
    }
    this.#literals = this.#huffmanLiterals(size, literalsEnd, format !== 0);
    this.#position = literalsEnd;
  }

  #plainLiterals(repeated: boolean, size: number, end: number): void {
    const at = this.#position;
    const stored = repeated ? 1 : size;
    if (size > maxBlockBytes || stored > end - at) corrupt('zstd literals are malformed');
    this.#literals = repeated ? new Uint8Array(size).fill(this.view[at] as number) : this.view.subarray(at, at + size);
    this.#position = at + stored;
  }

  #huffmanLiterals(size: number, end: number, fourStreams: boolean): Uint8Array {
    const { view } = this;
    const table = this.#huffman;
    if (table === undefined) return corrupt('zstd literals need a tree that was not sent');
    const out = new Uint8Array(size);
    const start = this.#position;
    if (!fourStreams) {
      decodeHuffman(table, view, { start, end }, out);
      return out;
    }
    if (end - start < 10 || size < 6) corrupt('zstd literals are cut off');
    const part = (size + 3) >> 2;
    let from = start + 6;
    for (let stream = 0; stream < 4; stream += 1) {
      const to = stream === 3 ? end : from + view.readUInt16LE(start + 2 * stream);
      if (to > end || part * 3 > size) corrupt('zstd literals are malformed');
      const piece = out.subarray(stream * part, stream === 3 ? size : (stream + 1) * part);
      decodeHuffman(table, view, { start: from, end: to }, piece);
      from = to;
    }
    return out;
  }

  #readSequenceCount(end: number): number {
    const { view } = this;
    const at = this.#position;
    const first = at < end ? (view[at] as number) : corrupt('zstd block has no sequences section');
    const bytes = first < 128 ? 1 : first < 255 ? 2 : 3;
    if (end - at < bytes) corrupt('zstd block is cut off');
    this.#position = at + bytes;
    if (first === 0 && this.#position !== end) corrupt('zstd block has bytes after its literals');
    if (bytes === 1) return first;
    return bytes === 2 ? ((first - 128) << 8) + (view[at + 1] as number) : view.readUInt16LE(at + 1) + 0x7f00;
  }

  #readTable(mode: number, kind: CodeKind, previous: FseTable | undefined, end: number): FseTable {
    if (mode === 0) return kind.predefined;
    if (mode === 3) return previous ?? corrupt('zstd block repeats a table that was not sent');
    if (mode === 2) {
      const { table, end: tableEnd } = readFseTable(this.view, this.#position, end, kind);
      this.#position = tableEnd;
      return table;
    }
    const symbol = this.#position < end ? (this.view[this.#position] as number) : corrupt('zstd block is cut off');
    if (symbol > kind.maxSymbol) corrupt('zstd code is out of range');
    this.#position += 1;
    return singleSymbolTable(symbol);
  }

  /** Returns how many literals the sequences took. */
  #runSequences(count: number, end: number, blockStart: number): number {
    const modes = this.#position < end ? (this.view[this.#position] as number) : corrupt('zstd block is cut off');
    if ((modes & 3) !== 0) corrupt('zstd block uses a reserved mode');
    this.#position += 1;
    const lengthTable = this.#readTable(modes >> 6, literalLengths, this.#literalLengthTable, end);
    const offsetTable = this.#readTable((modes >> 4) & 3, offsets, this.#offsetTable, end);
    const matchTable = this.#readTable((modes >> 2) & 3, matchLengths, this.#matchLengthTable, end);
    this.#literalLengthTable = lengthTable;
    this.#offsetTable = offsetTable;
    this.#matchLengthTable = matchTable;
    const bits = new BackwardBits(this.view, this.#position, end);
    let lengthState = bits.read(lengthTable.accuracyLog);
    let offsetState = bits.read(offsetTable.accuracyLog);
    let matchState = bits.read(matchTable.accuracyLog);
    let used = 0;
    for (let left = count; ; ) {
      const offsetCode = offsetTable.symbols[offsetState] as number;
      const offsetValue = 2 ** offsetCode + bits.read(offsetCode);
      const matchCode = matchTable.symbols[matchState] as number;
      const matchLength = (matchLengthBase[matchCode] as number) + bits.read(matchLengthBits[matchCode] as number);
      const lengthCode = lengthTable.symbols[lengthState] as number;
      const run = (literalLengthBase[lengthCode] as number) + bits.read(literalLengthBits[lengthCode] as number);
      used += run;
      this.#execute(used, run, matchLength, this.#distance(offsetValue, run === 0), blockStart);
      left -= 1;
      if (left === 0) break;
      lengthState = nextState(lengthTable, lengthState, bits);
      matchState = nextState(matchTable, matchState, bits);
      offsetState = nextState(offsetTable, offsetState, bits);
    }
    if (bits.bitsLeft !== 0) corrupt('zstd sequences have another length than they say');
    return used;
  }

  #execute(used: number, run: number, matchLength: number, distance: number, blockStart: number): void {
    const { sink } = this;
    if (used > this.#literals.length) corrupt('zstd sequence takes more literals than there are');
    if (sink.length - blockStart + run + matchLength > maxBlockBytes)
      corrupt('zstd block decompresses to more than a block may');
    sink.append(this.#literals, used - run, used);
    if (distance > sink.length - this.#frameStart) corrupt('zstd match reaches before its frame');
    sink.repeat(distance, matchLength);
  }

  /** Values 1 to 3 name a recent offset; without literals before it the latest cannot be meant, so they shift by one. */
  #distance(value: number, noLiterals: boolean): number {
    const recent = this.#recent;
    if (value > 3) {
      recent[2] = recent[1];
      recent[1] = recent[0];
      recent[0] = value - 3;
      return recent[0];
    }
    const index = value - 1 + (noLiterals ? 1 : 0);
    if (index === 0) return recent[0];
    const distance = index === 3 ? recent[0] - 1 : (recent[index] as number);
    if (distance === 0) corrupt('zstd offset is 0');
    if (index > 1) recent[2] = recent[1];
    recent[1] = recent[0];
    recent[0] = distance;
    return distance;
  }
}
