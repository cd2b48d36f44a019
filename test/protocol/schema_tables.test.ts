import { describe, expect, it } from 'vitest';
import { INT64_MAX, ZERO_UUID } from '../../src/common/ids.js';
import type { AnyMessage } from '../../src/protocol/message.js';
import { type Field, type Fields, type FieldType, inVersions, parseVersions } from '../../src/protocol/schema.js';
import { readTsv } from '../support/tsv.js';
import { allMessages } from './messages.js';

// The schemas in src/protocol say what the tables derived from Kafka 4.3.1 say: every field of every message, version by version.

type Row = Readonly<Record<string, string>>;

/** How a field looks in one version, in words that the table and the schema share. */
interface Seen {
  readonly path: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly tag: number;
  readonly compact: boolean;
  readonly ignorable: boolean;
  readonly default: unknown;
}

const primitives = 'bool int8 int16 uint16 int32 uint32 int64 float64 string bytes records uuid'.split(' ');

const zeros: Readonly<Record<string, unknown>> = { bool: false, string: '', bytes: '', records: '', uuid: ZERO_UUID };

function zero(type: string): unknown {
  if (type.startsWith('[]')) return 'empty';
  return type === 'struct' ? 'defaults' : (zeros[type] ?? 0);
}

function tableDefault(text: string, type: string): unknown {
  // The tables spell null both ways, but for structs: `None` there is no default of its own.
  if (text === 'None' && type === 'struct') return zero(type);
  if (text === 'null' || text === 'None') return null;
  if (text === '""') return '';
  if (text === '') return zero(type);
  if (type === 'bool') return text === 'true';
  if (type === 'string') return text;
  return text === '9223372036854775807' || text === '0x7fffffffffffffff' ? INT64_MAX : Number(text);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function tableType(text: string): string {
  const element = text.replace(/^\[\]/, '');
  return (text.startsWith('[]') ? '[]' : '') + (primitives.includes(element) ? element : 'struct');
}

/** Rows of one message in `version`; a field is there when its parents are. */
function fromTable(rows: readonly Row[], version: number): Seen[] {
  const absent: string[] = [];
  const seen: Seen[] = [];
  for (const row of rows) {
    const path = row.path ?? '';
    if (path === '') continue;
    if (absent.some((parent) => path.startsWith(`${parent}.`))) continue;
    if (!inVersions(row.versions, version)) {
      absent.push(path);
      continue;
    }
    const type = tableType(row.type ?? '');
    const flexible = inVersions(row.flexibleVersions, version);
    const own = row.fieldFlexibleVersions ?? '';
    const tagged = row.tag !== '' && inVersions(row.taggedVersions, version);
    seen.push({
      path: path.split('.').map(lowerFirst).join('.'),
      type,
      nullable: inVersions(row.nullableVersions, version),
      tag: tagged ? Number(row.tag) : -1,
      compact: own === '' ? flexible : inVersions(own, version),
      ignorable: row.ignorable === 'true',
      default: tableDefault(row.default ?? '', type),
    });
  }
  return seen;
}

function schemaType(type: FieldType): string {
  if (type.kind === 'array') return `[]${schemaType(type.element)}`;
  return type.kind === 'int64Bits' ? 'int64' : type.kind;
}

function schemaDefault(field: Field<unknown>, type: string): unknown {
  const given = field.options.default;
  return given === undefined ? zero(type) : given;
}

function fromSchema(fields: Fields, version: number, flexible: boolean, prefix = ''): Seen[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    if (!inVersions(field.versions, version)) return [];
    const { options } = field;
    const type = schemaType(field.type);
    const tagged = options.tag !== undefined && inVersions(options.tagged, version);
    const seen: Seen = {
      path: prefix + name,
      type,
      nullable: inVersions(options.nullable, version),
      tag: tagged ? (options.tag ?? -1) : -1,
      compact: options.flexible === undefined ? flexible : inVersions(options.flexible, version),
      ignorable: options.ignorable ?? false,
      default: schemaDefault(field, type),
    };
    const element = field.type.kind === 'array' ? field.type.element : field.type;
    if (element.kind !== 'struct') return [seen];
    return [seen, ...fromSchema(element.fields, version, flexible, `${prefix}${name}.`)];
  });
}

function byMessage(tables: readonly string[]): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of tables.flatMap(readTsv)) {
    const name = row.message ?? '';
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return found;
}

function versionsOf(text: string): number[] {
  const range = parseVersions(text);
  if (range === undefined) return [];
  return Array.from({ length: range.max - range.min + 1 }, (_, index) => range.min + index);
}

const messages: ReadonlyMap<string, AnyMessage> = await allMessages();
const tables = byMessage(['wire-schema.tsv', 'internal-records.tsv', 'metadata-records.tsv']);

describe('schemas and tables', () => {
  it('name the same messages', () => {
    expect([...messages.keys()].sort()).toEqual([...tables.keys()].sort());
    expect(tables.size).toBeGreaterThan(250);
  });

  it.each([...tables])('agree on %s', (name, rows) => {
    const message = messages.get(name);
    const [first] = rows;
    if (message === undefined || first === undefined) throw new Error(`${name} is missing`);
    expect(message.name).toBe(name);
    expect(message.key).toBe(first.api_key === '' ? -1 : Number(first.api_key));
    expect(message.latestVersionUnstable).toBe(first.latestVersionUnstable === 'true');
    const versions = versionsOf(first.validVersions ?? '');
    expect(versionsOf(message.spec.versions)).toEqual(versions);
    for (const version of versions) {
      const flexible = inVersions(first.flexibleVersions, version);
      expect(message.isFlexible(version)).toBe(flexible);
      expect(fromSchema(message.spec.fields, version, flexible)).toEqual(fromTable(rows, version));
    }
  });
});
