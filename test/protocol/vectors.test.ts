import { describe, expect, it } from 'vitest';
import { INT64_MAX } from '../../src/common/ids.js';
import { Reader } from '../../src/protocol/reader.js';
import { Writer } from '../../src/protocol/writer.js';
import { readTsv } from '../support/tsv.js';
import { allMessages } from './messages.js';

// Bytes and values made by Kafka 4.3.1's own classes, every message in every version, in both directions.
const messages = await allMessages();

/** The vectors show bytes as base64 and records as an empty string. */
function shown(value: unknown, fields: Record<string, { type: { kind: string } }>): unknown {
  const out: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value as Record<string, unknown>)) {
    const type = (fields[name] as { type: Shape }).type;
    out[name] = shownField(inner, type);
  }
  return out;
}

interface Shape {
  readonly kind: string;
  readonly fields?: Record<string, { type: Shape }>;
  readonly element?: Shape;
}

function shownField(value: unknown, type: Shape): unknown {
  if (value === null) return null;
  if (type.kind === 'struct') return shown(value, type.fields ?? {});
  if (type.kind === 'array') return (value as unknown[]).map((one) => shownField(one, type.element as Shape));
  if (type.kind === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (type.kind === 'records') return '';
  if (type.kind === 'int64Bits') return Number(value as bigint);
  if (type.kind === 'int64' && value === INT64_MAX) return Number('9223372036854775807');
  return value;
}

/** Fields that the version lacks are not in the vector's json; decoding gives them their default. */
function restrict(actual: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted)) return (actual as unknown[]).map((one, index) => restrict(one, wanted[index]));
  if (wanted !== null && typeof wanted === 'object') {
    const given = actual as Record<string, unknown>;
    return Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, restrict(given[name], value)]));
  }
  return actual;
}

describe.each(['wire-vectors.tsv', 'internal-vectors.tsv'])('%s', (file) => {
  const rows = readTsv(file);

  it('has the vectors the README promises', () => {
    expect(rows.length).toBe(file === 'wire-vectors.tsv' ? 1250 : 206);
  });

  it.each(
    rows
      .filter((row) => messages.has(row.message ?? ''))
      .map((row) => [`${row.message} v${row.version} ${row.mode}`, row] as const),
  )('%s', (_name, row) => {
    const message = messages.get(row.message ?? '');
    if (message === undefined) throw new Error('missing');
    const version = Number(row.version);
    const bytes = Buffer.from(row.hex ?? '', 'hex');
    const reader = new Reader(bytes);
    const value = message.decode(reader, version);
    expect(reader.remaining).toBe(0);
    const wanted = JSON.parse(row.json ?? '') as unknown;
    expect(restrict(shown(value, message.spec.fields), wanted)).toEqual(wanted);
    const writer = new Writer(16);
    message.encode(writer, version, value);
    expect(Buffer.from(writer.bytes()).toString('hex')).toBe(row.hex);
    // What was encoded from the decoded value had every field; from the vector's own fields alone it must be the same.
    const sparse = new Writer(16);
    message.encode(sparse, version, restrict(value, wanted) as typeof value);
    expect(Buffer.from(sparse.bytes()).toString('hex')).toBe(row.hex);
  });

  it('has a schema for every message of the table', () => {
    const missing = [...new Set(rows.map((row) => row.message ?? ''))].filter((name) => !messages.has(name));
    expect(missing).toEqual([]);
  });
});
