const polynomial = 0x82f63b78;

/** Eight tables of 256: slice s of byte b is the CRC of b followed by s zero bytes. */
const slices = makeSlices();

function makeSlices(): readonly Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = tables[0] as Int32Array;
  for (let i = 0; i < 256; i += 1) {
    let crc = i;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[i] = crc;
  }
  for (let slice = 1; slice < 8; slice += 1) {
    const previous = tables[slice - 1] as Int32Array;
    const table = tables[slice] as Int32Array;
    for (let i = 0; i < 256; i += 1) {
      const crc = previous[i] as number;
      table[i] = (crc >>> 8) ^ (first[crc & 0xff] as number);
    }
  }
  return tables;
}

const [s0, s1, s2, s3, s4, s5, s6, s7] = slices as readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/**
 * CRC-32C (Castagnoli), unsigned. For what JavaScript itself writes and inspects (coordinator records, the metadata journal,
 * tools); record batches on the data path are checked by the native engine.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  let i = 0;
  const length = bytes.length;
  for (; i + 8 <= length; i += 8) {
    const low =
      crc ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24));
    crc =
      (s7[low & 0xff] as number) ^
      (s6[(low >>> 8) & 0xff] as number) ^
      (s5[(low >>> 16) & 0xff] as number) ^
      (s4[low >>> 24] as number) ^
      (s3[bytes[i + 4] as number] as number) ^
      (s2[bytes[i + 5] as number] as number) ^
      (s1[bytes[i + 6] as number] as number) ^
      (s0[bytes[i + 7] as number] as number);
  }
  for (; i < length; i += 1) crc = (crc >>> 8) ^ (s0[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
