import type { ConsumerRecord } from '../client/index.js';
import { UsageError } from './exit_codes.js';
import { unescaped } from './values.js';

/** Turns a record into the bytes that `consume` prints. */
export type RecordFormatter = (record: ConsumerRecord) => Uint8Array;

export interface FormatOptions {
  readonly format: string;
  /** Printed between key and value; undefined: no keys. */
  readonly keyDelimiter: string | undefined;
  /** Printed after each record in the formats text and hex. */
  readonly delimiter: string;
}

export const formatHelp = `
Formats:
  text   the value, with -K the key before it
  json   one object a line: topic, partition, offset, timestamp, key, value, headers
         (keyBase64, valueBase64 for bytes that are no UTF-8 text)
  hex    as text, bytes as hexadecimal digits
  raw    values back to back, nothing between them
  other  a format string: %s value, %S its length, %k key, %K its length, %t topic, %p partition,
         %o offset, %T timestamp (ms), %h headers, %% a percent sign; \\n \\t \\xHH are understood`;

const newLine = Buffer.from('\n');
const empty = Buffer.alloc(0);

/** @throws UsageError for a format string with an unknown field */
export function recordFormatter(options: FormatOptions): RecordFormatter {
  const { format } = options;
  switch (format) {
    case 'json':
      return (record) => Buffer.from(`${JSON.stringify(toJson(record))}\n`, 'utf8');
    case 'raw':
      return (record) => record.value ?? empty;
    case 'text':
      return joined(options, (bytes) => bytes ?? empty);
    case 'hex':
      return joined(options, (bytes) => Buffer.from(asBuffer(bytes ?? empty).toString('hex'), 'latin1'));
    default:
      if (!format.includes('%'))
        throw new UsageError(`--format ${format}: text, json, hex, raw or a format string with % is expected`);
      return compiled(format);
  }
}

function joined(options: FormatOptions, show: (bytes: Uint8Array | null) => Uint8Array): RecordFormatter {
  const delimiter = options.delimiter === '\n' ? newLine : Buffer.from(options.delimiter, 'utf8');
  const { keyDelimiter } = options;
  if (keyDelimiter === undefined) return (record) => Buffer.concat([show(record.value), delimiter]);
  const between = Buffer.from(keyDelimiter, 'utf8');
  return (record) => Buffer.concat([show(record.key), between, show(record.value), delimiter]);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text, or under another name base64: nothing gets lost. */
function textOrBase64(name: string, bytes: Uint8Array | null): Readonly<Record<string, string | null>> {
  if (bytes === null) return { [name]: null };
  try {
    return { [name]: decoder.decode(bytes) };
  } catch {
    return { [`${name}Base64`]: asBuffer(bytes).toString('base64') };
  }
}

export function toJson(record: ConsumerRecord): unknown {
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestampMs,
    timestampType: record.timestampType,
    ...textOrBase64('key', record.key),
    ...textOrBase64('value', record.value),
    headers: record.headers.map((header) => ({ key: header.key, ...textOrBase64('value', header.value) })),
  };
}

type Part = (record: ConsumerRecord) => Uint8Array | string;

const fields: Readonly<Record<string, Part>> = {
  s: (record) => record.value ?? '',
  S: (record) => String(record.value?.length ?? -1),
  k: (record) => record.key ?? '',
  K: (record) => String(record.key?.length ?? -1),
  t: (record) => record.topic,
  p: (record) => String(record.partition),
  o: (record) => String(record.offset),
  T: (record) => String(record.timestampMs),
  h: (record) =>
    record.headers
      .map(({ key, value }) => `${key}=${value === null ? 'NULL' : asBuffer(value).toString('utf8')}`)
      .join(','),
  '%': () => '%',
};

function compiled(format: string): RecordFormatter {
  const parts: Part[] = [];
  for (const [, literal = '', field] of format.matchAll(/((?:[^%])*)(?:%(.)?)?/gs)) {
    if (literal !== '') {
      const text = unescaped(literal);
      parts.push(() => text);
    }
    if (field === undefined) continue;
    const part = fields[field];
    if (part === undefined) throw new UsageError(`--format: %${field} is not known`);
    parts.push(part);
  }
  if (/(^|[^%])(%%)*%$/.test(format)) throw new UsageError('--format ends in a lone %');
  return (record) =>
    Buffer.concat(
      parts.map((part) => {
        const piece = part(record);
        return typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
      }),
    );
}
