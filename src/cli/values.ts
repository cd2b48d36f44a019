import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../common/duration.js';

/** Parsers for option values; what they throw becomes a usage error that names the option. */

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1 on is expected');
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('a whole number from 0 on is expected');
  return value;
}

export function signedInteger(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('a whole number is expected');
  return value;
}

export function duration(text: string): number {
  try {
    return parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Milliseconds since the epoch, from such a number or from a date as in ISO 8601. */
export function pointInTime(text: string): number {
  if (/^\d{10,}$/.test(text)) return Number(text);
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('a date such as 2030-01-31T12:00:00Z, or milliseconds since 1970, is expected');
  return ms;
}

/** Bytes, with an optional unit: 512, 64K, 1M. */
export function byteCount(text: string): number {
  const match = /^(\d+)([kKmMgG]?)(i?[bB])?$/.exec(text);
  const factor = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match?.[2] ?? '').toLowerCase()] ?? 1;
  const value = Number(match?.[1]) * factor;
  if (match === null || value < 1 || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('a number of bytes such as 65536, 64K or 1M is expected');
  return value;
}

/** For options that may be repeated. */
export function collected(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** For repeated `name=value` options. */
export function assignment(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('name=value is expected');
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

/** `0`, `0,2` or `0-3`, repeated. */
export function partitionList(text: string, previous: readonly number[] = []): readonly number[] {
  const found = new Set(previous);
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) throw new InvalidArgumentError('partitions such as 0, 0,2 or 0-3 are expected');
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (to - from > 100_000) throw new InvalidArgumentError('that is too many partitions');
    for (let partition = from; partition <= to; partition += 1) found.add(partition);
  }
  return [...found].sort((a, b) => a - b);
}

/** Escapes of a delimiter or format string: \n \r \t \0 \\ \xHH. */
export function unescaped(text: string): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|.)/g, (whole, code: string) => {
    const known = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\' }[code];
    if (known !== undefined) return known;
    return code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : whole;
  });
}

/** An address of a document on the web. */
export function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('a URL such as http://127.0.0.1:9404/metrics is expected');
  return text;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port,host:port`; the port may be left out, IPv6 addresses stand in brackets. */
export function bootstrapServers(text: string): readonly HostAndPort[] {
  return text.split(',').map((part) => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(part.trim());
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3] ?? 9092);
    if (host === undefined || port < 1 || port > 65_535) throw new InvalidArgumentError(`"${part}" is not host:port`);
    return { host, port };
  });
}
