import { unreachable } from '../common/assert.js';
import { INT64_MAX } from '../common/ids.js';
import type { ConfigDefinition, ConfigType, ConfigValue } from './definition.js';
import { INT_MAX, INT_MIN, SHORT_MAX, SHORT_MIN } from './limits.js';
import { invalidValue, isList, throttledReplicas } from './validators.js';

export interface ParsedValue {
  readonly value: ConfigValue;
  /** The value as Kafka prints it: trimmed, numbers without signs and zeros in front, lists without blanks, secrets hidden. */
  readonly text: string;
}

export type ParseResult =
  | { readonly ok: true; readonly parsed: ParsedValue }
  | { readonly ok: false; readonly problem: string };

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

/** Reads `raw` as the type of `definition` and checks it; `problem` is a sentence in Kafka's words that names the config. */
export function parseValue(name: string, definition: ConfigDefinition, raw: string): ParseResult {
  const trimmed = raw.trim();
  const parsed = parseType(definition, trimmed);
  if (typeof parsed === 'string') return { ok: false, problem: invalidValue(name, raw, parsed) };
  const problem = definition.validator?.check(name, parsed.value, parsed.text);
  return problem === undefined ? { ok: true, parsed } : { ok: false, problem };
}

/** A string is the reason why `text` is not of the type. */
function parseType(definition: ConfigDefinition, text: string): ParsedValue | string {
  const { type } = definition;
  switch (type) {
    case 'BOOLEAN': {
      const lower = text.toLowerCase();
      return lower === 'true' || lower === 'false'
        ? { value: lower === 'true', text: lower }
        : 'Expected value to be either true or false';
    }
    case 'INT':
      return wholeNumber(text, BigInt(INT_MIN), BigInt(INT_MAX)) ?? 'Not a number of type INT';
    case 'SHORT':
      return wholeNumber(text, BigInt(SHORT_MIN), BigInt(SHORT_MAX)) ?? 'Not a number of type SHORT';
    case 'LONG':
      return wholeNumber(text, LONG_MIN, LONG_MAX) ?? 'Not a number of type LONG';
    case 'DOUBLE':
      return fraction(text) ?? 'Not a number of type DOUBLE';
    case 'LIST': {
      const items = text === '' ? [] : text.split(/\s*,\s*/);
      // Kafka drops repeated items, but not where a rule of its own reads the list.
      const kept = definition.validator === throttledReplicas ? items : [...new Set(items)];
      return { value: kept, text: kept.join(',') };
    }
    case 'STRING':
    case 'CLASS':
      return { value: text, text };
    case 'PASSWORD':
      return { value: text, text: '[hidden]' };
    default:
      return unreachable(type);
  }
}

function wholeNumber(text: string, min: bigint, max: bigint): ParsedValue | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const exact = BigInt(text.replace(/^\+/, ''));
  // Above 2^53 the number is the nearest double (Long.MAX_VALUE is INT64_MAX), the text stays exact.
  return exact < min || exact > max ? undefined : { value: Number(exact), text: String(exact) };
}

function fraction(text: string): ParsedValue | undefined {
  if (!/^[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[fd]?)$/i.test(text)) return undefined;
  const value = Number(text.replace(/[fd]$/i, ''));
  return { value, text: javaDouble(value) };
}

/** A value as Kafka prints it. */
export function formatValue(type: ConfigType, value: ConfigValue): string {
  if (typeof value === 'number') {
    if (type === 'DOUBLE') return javaDouble(value);
    return value === INT64_MAX ? String(LONG_MAX) : String(value);
  }
  return isList(value) ? value.join(',') : String(value);
}

/** As Java's `Double.toString`: `0.5`, `100.0`, `1.0E7`. */
function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`;
}
