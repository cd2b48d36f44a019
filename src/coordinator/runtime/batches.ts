import type { EncodedRecord } from './machine.js';
import type { TimestampedRecord } from './open_batch.js';

export interface LoadedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly records: readonly EncodedRecord[];
}

const table = new Int32Array(256).map((_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c;
});
function crc32c(b: Uint8Array): number {
  let c = -1;
  for (const x of b) c = (table[(c ^ x) & 255] ?? 0) ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}
function varint(out: number[], value: number): void {
  let v = value < 0 ? -2 * value - 1 : 2 * value;
  while (v >= 128) {
    out.push((v % 128) + 128);
    v = Math.floor(v / 128);
  }
  out.push(v);
}
export function encodeRecords(records: readonly TimestampedRecord[]): Uint8Array {
  const base = records[0]?.timestampMs ?? 0;
  let max = base;
  const parts: Buffer[] = [];
  records.forEach((r, i) => {
    max = Math.max(max, r.timestampMs);
    const head: number[] = [0];
    varint(head, r.timestampMs - base);
    varint(head, i);
    varint(head, r.key.length);
    const mid: number[] = [];
    varint(mid, r.value === null ? -1 : r.value.length);
    const body = Buffer.concat([
      Buffer.from(head),
      r.key,
      Buffer.from(mid),
      r.value ?? Buffer.alloc(0),
      Buffer.from([0]),
    ]);
    const len: number[] = [];
    varint(len, body.length);
    parts.push(Buffer.from(len), body);
  });
  const b = Buffer.concat([Buffer.alloc(61), ...parts]);
  b.writeInt32BE(b.length - 12, 8);
  b.writeInt8(2, 16);
  b.writeInt32BE(records.length - 1, 23);
  b.writeBigInt64BE(BigInt(base), 27);
  b.writeBigInt64BE(BigInt(max), 35);
  b.writeBigInt64BE(-1n, 43);
  b.writeInt16BE(-1, 51);
  b.writeInt32BE(0, 53);
  b.writeInt32BE(records.length, 57);
  b.writeUInt32BE(crc32c(b.subarray(21)), 17);
  return b;
}
export async function decodeRecords(bytes: Uint8Array): Promise<LoadedBatch[]> {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const out: LoadedBatch[] = [];
  let at = 0;
  while (at + 61 <= b.length) {
    const end = at + 12 + b.readInt32BE(at + 8);
    const attributes = b.readInt16BE(at + 21);
    const count = b.readInt32BE(at + 57);
    let p = at + 61;
    const vi = () => {
      let v = 0;
      let f = 1;
      for (;;) {
        const x = b[p] ?? 0;
        p += 1;
        v += (x & 127) * f;
        f *= 128;
        if (x < 128) return v % 2 ? -(v + 1) / 2 : v / 2;
      }
    };
    const take = (n: number) => {
      p += n;
      return new Uint8Array(b.subarray(p - n, p));
    };
    const records: EncodedRecord[] = [];
    for (let i = 0; i < count; i += 1) {
      vi();
      p += 1;
      vi();
      vi();
      const key = take(Math.max(0, vi()));
      const vl = vi();
      const value = vl < 0 ? null : take(vl);
      vi();
      records.push({ key, value });
    }
    const baseOffset = Number(b.readBigInt64BE(at));
    out.push({
      baseOffset,
      lastOffset: baseOffset + b.readInt32BE(at + 23),
      producerId: Number(b.readBigInt64BE(at + 43)),
      isTransactional: (attributes & 16) !== 0,
      isControl: (attributes & 32) !== 0,
      records,
    });
    at = end;
  }
  return out;
}
