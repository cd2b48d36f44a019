import { UsageError } from './exit_codes.js';

/** Cuts a stream at each `delimiter`, which is left out; what follows the last one counts if it is not empty. */
export async function* splitAt(
  source: AsyncIterable<Uint8Array>,
  delimiter: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  // Bytes not given out yet are held[start, end). What was given out are views of it, so it is never written again there.
  let held: Buffer = Buffer.alloc(0);
  let start = 0;
  let end = 0;
  for await (const chunk of source) {
    // A delimiter may begin in what was left over.
    let from = Math.max(start, end - delimiter.length + 1);
    if (start === end) {
      held = asBuffer(chunk);
      start = 0;
      from = 0;
      end = held.length;
    } else {
      if (end + chunk.length > held.length) {
        const larger = Buffer.allocUnsafe(Math.max(end - start + chunk.length, 2 * (end - start)));
        held.copy(larger, 0, start, end);
        held = larger;
        from -= start;
        end -= start;
        start = 0;
      }
      held.set(chunk, end);
      end += chunk.length;
    }
    const bytes = held.subarray(0, end);
    for (let at = bytes.indexOf(delimiter, from); at >= 0; at = bytes.indexOf(delimiter, start)) {
      yield bytes.subarray(start, at);
      start = at + delimiter.length;
    }
  }
  if (end > start) yield held.subarray(start, end);
}

/** Cuts a stream into pieces of `size` bytes; the last one may be shorter. */
export async function* chunksOf(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  let piece = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of source) {
    const bytes = asBuffer(chunk);
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(size - filled, bytes.length - at);
      bytes.copy(piece, filled, at, at + count);
      at += count;
      filled += count;
      if (filled < size) continue;
      yield piece;
      piece = Buffer.allocUnsafe(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export interface InputRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: ReadonlyArray<{ readonly key: string; readonly value: Uint8Array | null }>;
  readonly partition?: number;
  readonly timestampMs?: number;
}

/** Key and value of a line; without the delimiter all of it is value. */
export function keyedLine(line: Uint8Array, keyDelimiter: Uint8Array | undefined, emptyIsNull: boolean): InputRecord {
  const bytes = asBuffer(line);
  const at = keyDelimiter === undefined ? -1 : bytes.indexOf(keyDelimiter);
  const value = at < 0 || keyDelimiter === undefined ? bytes : bytes.subarray(at + keyDelimiter.length);
  return {
    key: at < 0 ? null : bytes.subarray(0, at),
    value: emptyIsNull && value.length === 0 ? null : value,
    headers: [],
  };
}

interface Fields {
  readonly [name: string]: unknown;
}

/**
 * A record as `consume --format json` prints it: `key`, `value` (or `keyBase64`, `valueBase64`), `headers`, `partition`,
 * `timestamp`; others are left alone.
 *
 * @throws UsageError with the number of the line
 */
export function jsonRecord(line: Uint8Array, lineNumber: number): InputRecord {
  const problem = (text: string): never => {
    throw new UsageError(`line ${lineNumber}: ${text}`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(asBuffer(line).toString('utf8'));
  } catch {
    return problem('is not JSON');
  }
  if (!isFields(parsed)) return problem('is not a JSON object');
  const fields = parsed;
  const bytesOf = (from: Fields, name: string): Uint8Array | null => {
    const encoded = from[`${name}Base64`];
    const plain = from[name];
    if (typeof encoded === 'string') return Buffer.from(encoded, 'base64');
    if (typeof plain === 'string') return Buffer.from(plain, 'utf8');
    return plain === undefined || plain === null ? null : Buffer.from(JSON.stringify(plain), 'utf8');
  };
  const numberOf = (name: string): number | undefined => {
    const value = fields[name];
    if (value === undefined || value === null) return undefined;
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : problem(`${name} is not a whole number`);
  };
  const headers = fields.headers ?? [];
  if (!Array.isArray(headers)) return problem('headers is not a list');
  const partition = numberOf('partition');
  const timestampMs = numberOf('timestamp');
  return {
    key: bytesOf(fields, 'key'),
    value: bytesOf(fields, 'value'),
    headers: headers.map((header: unknown) => {
      if (!isFields(header) || typeof header.key !== 'string') return problem('a header has no key');
      return { key: header.key, value: bytesOf(header, 'value') };
    }),
    ...(partition === undefined ? {} : { partition }),
    ...(timestampMs === undefined ? {} : { timestampMs }),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
