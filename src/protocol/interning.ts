import { type Uuid, uuidFromBytes } from '../common/ids.js';

// Topic names, client ids and topic ids come again in every request. Two direct-mapped caches give back the string made last
// time, so that the hot path neither allocates nor hashes it anew. Lookups compare all bytes: a collision only costs a miss.

const stringSlots = 2048;
const longestInterned = 64;
const strings: string[] = new Array<string>(stringSlots).fill('');

/** The ASCII string at `buffer[at, at + length)`; undefined when it is long or not ASCII. */
export function internedAscii(buffer: Buffer, at: number, length: number): string | undefined {
  if (length > longestInterned) return undefined;
  if (length === 0) return '';
  let hash = length;
  let seen = 0;
  const end = at + length;
  for (let i = at; i < end; i += 1) {
    const byte = buffer[i] as number;
    seen |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (seen >= 0x80) return undefined;
  const slot = (hash ^ (hash >>> 15)) & (stringSlots - 1);
  const known = strings[slot] as string;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === buffer[at + i]) i += 1;
    if (i === length) return known;
  }
  const text = buffer.toString('latin1', at, end);
  strings[slot] = text;
  return text;
}

const uuidSlots = 1024;
const uuidWords = new Int32Array(uuidSlots * 4);
const uuids: Array<Uuid | undefined> = new Array<Uuid | undefined>(uuidSlots).fill(undefined);

export function internedUuid(buffer: Buffer, at: number): Uuid {
  const a = buffer.readInt32LE(at);
  const b = buffer.readInt32LE(at + 4);
  const c = buffer.readInt32LE(at + 8);
  const d = buffer.readInt32LE(at + 12);
  const mixed = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ d, 0xc2b2ae35);
  const slot = (mixed >>> 16) & (uuidSlots - 1);
  const word = slot * 4;
  const known = uuids[slot];
  if (
    known !== undefined &&
    uuidWords[word] === a &&
    uuidWords[word + 1] === b &&
    uuidWords[word + 2] === c &&
    uuidWords[word + 3] === d
  )
    return known;
  const uuid = uuidFromBytes(buffer.subarray(at, at + 16));
  uuidWords[word] = a;
  uuidWords[word + 1] = b;
  uuidWords[word + 2] = c;
  uuidWords[word + 3] = d;
  uuids[slot] = uuid;
  return uuid;
}
