import { unreachable } from '../common/assert.js';
import { ZERO_UUID } from '../common/ids.js';
import { DecodeError, type Reader } from './reader.js';
import {
  type Field,
  type Fields,
  type FieldType,
  inVersions,
  type Primitive,
  type UnknownTaggedField,
} from './schema.js';
import { EncodeError, type Writer } from './writer.js';

/**
 * Compiles a schema for one version to plain functions: the version and the flexible flag are folded to constants, one
 * function per struct, every decoded object has all its fields in the same order. The source is made from the schema alone,
 * never from input.
 */
export interface Codec<Out, In> {
  decode(reader: Reader): Out;
  encode(writer: Writer, value: In): void;
}

type AnyField = Field<unknown, unknown>;
type ArrayElement = Extract<FieldType, { kind: 'array' }>['element'];

interface Resolved {
  readonly name: string;
  readonly field: AnyField;
  readonly present: boolean;
  readonly nullable: boolean;
  /** Tag number, -1 for a regular field. */
  readonly tag: number;
  /** Compact lengths for this field. */
  readonly compact: boolean;
}

class Emitter {
  readonly constants: unknown[] = [];
  readonly functions: string[] = [];
  private next = 0;

  name(prefix: string): string {
    this.next += 1;
    return `${prefix}${this.next}`;
  }

  constant(value: unknown): string {
    this.constants.push(value);
    return `C[${this.constants.length - 1}]`;
  }

  build(entry: string): unknown {
    const source = `'use strict';\n${this.functions.join('\n')}\nreturn ${entry};`;
    const make = new Function('C', 'DecodeError', 'EncodeError', source) as (...given: unknown[]) => unknown;
    return make(this.constants, DecodeError, EncodeError);
  }
}

export function compileDecoder<Out>(fields: Fields, version: number, flexible: boolean): (reader: Reader) => Out {
  const emitter = new Emitter();
  return emitter.build(decodeStruct(emitter, fields, version, flexible)) as (reader: Reader) => Out;
}

export function compileEncoder<In>(
  message: string,
  fields: Fields,
  version: number,
  flexible: boolean,
): (writer: Writer, value: In) => void {
  const emitter = new Emitter();
  return emitter.build(encodeStruct(emitter, message, fields, version, flexible)) as (
    writer: Writer,
    value: In,
  ) => void;
}

/** How each field looks in `version`, in wire order. */
export function resolveFields(fields: Fields, version: number, flexible: boolean): Resolved[] {
  return Object.entries(fields).map(([name, field]: [string, AnyField]) => {
    const { options } = field;
    const tagged = options.tag !== undefined && inVersions(options.tagged, version);
    return {
      name,
      field,
      present: inVersions(field.versions, version) && (!tagged || flexible),
      nullable: inVersions(options.nullable, version),
      tag: tagged ? (options.tag ?? -1) : -1,
      compact: options.flexible === undefined ? flexible : flexible && inVersions(options.flexible, version),
    };
  });
}

/** The value of a field that is absent: as stated, otherwise the zero value of its type. */
export function defaultValue(field: AnyField): unknown {
  if (field.options.default !== undefined) return field.options.default;
  switch (field.type.kind) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
    case 'bytes':
    case 'records':
      return emptyBytes;
    case 'array':
      return emptyArray;
    case 'struct':
      return Object.fromEntries(Object.entries(field.type.fields).map(([name, inner]) => [name, defaultValue(inner)]));
    default:
      return 0;
  }
}

const emptyBytes = new Uint8Array(0);
const emptyArray: readonly never[] = Object.freeze([]);

/** Fewest bytes an element can take, at least 1. */
function minBytes(element: ArrayElement, version: number, flexible: boolean): number {
  if (element.kind !== 'struct') return primitiveMinBytes(element.kind, flexible);
  let sum = flexible ? 1 : 0;
  for (const { field, present, tag, compact, nullable } of resolveFields(element.fields, version, flexible)) {
    if (!present || tag >= 0) continue;
    const { type } = field;
    if (type.kind === 'array') sum += compact ? 1 : 4;
    else if (type.kind === 'struct') sum += nullable ? 1 : minBytes(type, version, flexible);
    else sum += primitiveMinBytes(type.kind, compact);
  }
  return Math.max(1, sum);
}

function primitiveMinBytes(kind: Primitive, compact: boolean): number {
  switch (kind) {
    case 'bool':
    case 'int8':
      return 1;
    case 'int16':
    case 'uint16':
      return 2;
    case 'int32':
    case 'uint32':
      return 4;
    case 'int64':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    case 'string':
      return compact ? 1 : 2;
    case 'bytes':
    case 'records':
      return compact ? 1 : 4;
    default:
      return unreachable(kind);
  }
}

function literal(emitter: Emitter, value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'object') return emitter.constant(value);
  return JSON.stringify(value);
}

// ---- decoding

function decodeStruct(emitter: Emitter, fields: Fields, version: number, flexible: boolean): string {
  const resolved = resolveFields(fields, version, flexible);
  const lines: string[] = [];
  const value = new Map<string, string>();
  resolved.forEach((entry, index) => {
    const local = `f${index}`;
    value.set(entry.name, local);
    if (!entry.present || entry.tag >= 0) {
      // Absent struct defaults are made anew each time only where somebody could tell the difference: nobody mutates them.
      lines.push(`let ${local} = ${literal(emitter, defaultValue(entry.field))};`);
    } else lines.push(`const ${local} = ${readField(emitter, entry, version, flexible)};`);
  });
  if (flexible) lines.push(...readTaggedSection(emitter, resolved, value, version));
  const members = resolved.map((entry) => `${entry.name}: ${value.get(entry.name)},`).join(' ');
  const name = emitter.name('decode');
  if (flexible) {
    lines.push(`if (unknown !== undefined) return { ${members} unknownTaggedFields: unknown };`);
  }
  emitter.functions.push(`function ${name}(r) {\n${lines.join('\n')}\nreturn { ${members} };\n}`);
  return name;
}

function readTaggedSection(
  emitter: Emitter,
  resolved: readonly Resolved[],
  value: ReadonlyMap<string, string>,
  version: number,
): string[] {
  const cases = resolved
    .filter((entry) => entry.present && entry.tag >= 0)
    .map((entry) => {
      const read = readField(emitter, entry, version, true);
      return `case ${entry.tag}: ${value.get(entry.name)} = ${read}; break;`;
    });
  return [
    'let unknown = undefined;',
    'const tags = r.unsignedVarint();',
    'if (tags > 0) {',
    'if (tags * 2 > r.remaining) r.fail("more tagged fields than bytes");',
    'let last = -1;',
    'for (let i = 0; i < tags; i += 1) {',
    'const tag = r.unsignedVarint();',
    'if (tag <= last) r.fail("tags out of order");',
    'last = tag;',
    'const size = r.unsignedVarint();',
    'const end = r.taggedEnd(size);',
    'switch (tag) {',
    ...cases,
    'default: if (unknown === undefined) unknown = []; unknown.push({ tag, data: r.bytes(size) });',
    '}',
    'r.checkTaggedEnd(end);',
    '}',
    '}',
  ];
}

function readField(emitter: Emitter, entry: Resolved, version: number, flexible: boolean): string {
  const { type } = entry.field;
  if (type.kind === 'struct') {
    const decode = decodeStruct(emitter, type.fields, version, flexible);
    return entry.nullable ? `(r.structPresent() ? ${decode}(r) : null)` : `${decode}(r)`;
  }
  if (type.kind === 'array') return `${decodeArray(emitter, entry, type.element, version, flexible)}(r)`;
  return readPrimitive(type.kind, entry.nullable, entry.compact);
}

function readPrimitive(kind: Primitive, nullable: boolean, compact: boolean): string {
  switch (kind) {
    case 'string':
      return `r.${nullable ? 'nullableString' : 'string'}(r.${compact ? 'compactLength' : 'length16'}())`;
    case 'bytes':
      return `r.${nullable ? 'nullableBytes' : 'bytes'}(r.${compact ? 'compactLength' : 'length32'}())`;
    case 'records':
      return `r.${nullable ? 'nullableRecords' : 'records'}(r.${compact ? 'compactLength' : 'length32'}())`;
    default:
      return `r.${kind}()`;
  }
}

function decodeArray(
  emitter: Emitter,
  entry: Resolved,
  element: ArrayElement,
  version: number,
  flexible: boolean,
): string {
  const name = emitter.name('array');
  const count = entry.compact ? 'r.unsignedVarint() - 1' : 'r.int32()';
  const least = minBytes(element, version, flexible);
  const read =
    element.kind === 'struct'
      ? `${decodeStruct(emitter, element.fields, version, flexible)}(r)`
      : readPrimitive(element.kind, false, entry.compact);
  const check = entry.nullable
    ? `const n = r.count(${count}, ${least});\nif (n < 0) return null;`
    : `const n = r.nonNullCount(${count}, ${least});`;
  emitter.functions.push(
    `function ${name}(r) {\n${check}\nconst a = [];\nfor (let i = 0; i < n; i += 1) a.push(${read});\nreturn a;\n}`,
  );
  return name;
}

// ---- encoding

function encodeStruct(emitter: Emitter, path: string, fields: Fields, version: number, flexible: boolean): string {
  const resolved = resolveFields(fields, version, flexible);
  const lines: string[] = [];
  for (const entry of resolved) {
    const where = `${path}.${entry.name}`;
    if (!entry.present) {
      if (entry.field.options.ignorable === true) continue;
      const test = notDefault(emitter, entry.field, `v.${entry.name}`);
      const text = JSON.stringify(`${where} is not in version ${version}`);
      lines.push(`if (v.${entry.name} !== undefined && ${test}) throw new EncodeError(${text});`);
    } else if (entry.tag < 0) {
      lines.push('{', ...writeField(emitter, where, entry, version, flexible), '}');
    }
  }
  if (flexible) lines.push(...writeTaggedSection(emitter, path, resolved, version));
  const name = emitter.name('encode');
  emitter.functions.push(`function ${name}(w, v) {\n${lines.join('\n')}\n}`);
  return name;
}

function writeTaggedSection(emitter: Emitter, path: string, resolved: readonly Resolved[], version: number): string[] {
  const tagged = resolved.filter((entry) => entry.present && entry.tag >= 0).sort((a, b) => a.tag - b.tag);
  const lines = ['const unknown = v.unknownTaggedFields;', 'let tags = unknown === undefined ? 0 : unknown.length;'];
  if (tagged.length === 0) {
    lines.push('w.unsignedVarint(tags);', 'if (tags > 0) w.unknownTagged(unknown, 0, Infinity);');
    return lines;
  }
  tagged.forEach((entry, index) => {
    const test = notDefault(emitter, entry.field, `v.${entry.name}`);
    lines.push(`const t${index} = v.${entry.name} !== undefined && ${test};`, `if (t${index}) tags += 1;`);
  });
  lines.push('w.unsignedVarint(tags);', 'if (tags > 0) {', 'let u = 0;');
  tagged.forEach((entry, index) => {
    lines.push(
      `if (t${index}) {`,
      `if (unknown !== undefined) u = w.unknownTagged(unknown, u, ${entry.tag});`,
      `w.unsignedVarint(${entry.tag});`,
      'const at = w.position;',
      ...writeField(emitter, `${path}.${entry.name}`, entry, version, true),
      'w.finishTagged(at);',
      '}',
    );
  });
  lines.push('if (unknown !== undefined) w.unknownTagged(unknown, u, Infinity);', '}');
  return lines;
}

function writeField(emitter: Emitter, path: string, entry: Resolved, version: number, flexible: boolean): string[] {
  const { type } = entry.field;
  const given = literal(emitter, defaultValue(entry.field));
  const lines = [`let x = v.${entry.name};`, `if (x === undefined) x = ${given};`];
  const refuseNull = `if (x === null) throw new EncodeError(${JSON.stringify(`${path} is null`)});`;
  if (type.kind === 'struct') {
    const encode = encodeStruct(emitter, path, type.fields, version, flexible);
    if (entry.nullable) lines.push('if (x === null) w.int8(-1);', `else { w.int8(1); ${encode}(w, x); }`);
    else lines.push(refuseNull, `${encode}(w, x);`);
    return lines;
  }
  if (type.kind === 'array') {
    const element =
      type.element.kind === 'struct'
        ? `${encodeStruct(emitter, path, type.element.fields, version, flexible)}(w, x[i]);`
        : writePrimitive(type.element.kind, false, entry.compact, 'x[i]');
    const length = entry.compact ? 'w.unsignedVarint(x.length + 1);' : 'w.int32(x.length);';
    const loop = `${length} for (let i = 0; i < x.length; i += 1) { ${element} }`;
    if (entry.nullable)
      lines.push(`if (x === null) ${entry.compact ? 'w.int8(0)' : 'w.int32(-1)'};`, `else { ${loop} }`);
    else lines.push(refuseNull, loop);
    return lines;
  }
  if (!entry.nullable && (type.kind === 'string' || type.kind === 'bytes' || type.kind === 'records'))
    lines.push(refuseNull);
  lines.push(writePrimitive(type.kind, entry.nullable, entry.compact, 'x'));
  return lines;
}

function writePrimitive(kind: Primitive, nullable: boolean, compact: boolean, value: string): string {
  switch (kind) {
    case 'string':
      if (compact) return `w.${nullable ? 'compactNullableString' : 'compactString'}(${value});`;
      return `w.${nullable ? 'nullableString' : 'string'}(${value});`;
    case 'bytes':
      if (compact) return `w.${nullable ? 'compactNullableBytes' : 'compactBytes'}(${value});`;
      return `w.${nullable ? 'nullableBytes' : 'bytesField'}(${value});`;
    case 'records':
      return `w.${compact ? 'compactRecords' : 'records'}(${value});`;
    default:
      return `w.${kind}(${value});`;
  }
}

/** Source of a test that is true when `value` (not undefined) differs from the field's default. */
function notDefault(emitter: Emitter, field: AnyField, value: string): string {
  const given = defaultValue(field);
  switch (field.type.kind) {
    case 'array':
      return given === null ? `${value} !== null` : `(${value} === null || ${value}.length > 0)`;
    case 'bytes':
    case 'records':
      return given === null
        ? `${value} !== null`
        : `(${value} === null || ${emitter.constant(isEmptyBytes)}(${value}) === false)`;
    case 'struct': {
      if (given === null) return `${value} !== null`;
      return `(${value} === null || !${emitter.constant(equalsDefaults)}(${emitter.constant(field.type.fields)}, ${value}))`;
    }
    default:
      return `${value} !== ${literal(emitter, given)}`;
  }
}

function isEmptyBytes(value: { readonly length?: number; readonly sizeBytes?: number }): boolean {
  return (value.length ?? value.sizeBytes ?? 0) === 0;
}

/** Whether every field of a struct has its default (a field left out does). */
export function equalsDefaults(fields: Fields, value: Readonly<Record<string, unknown>>): boolean {
  if ((value['unknownTaggedFields'] as readonly UnknownTaggedField[] | undefined)?.length) return false;
  return Object.entries(fields).every(([name, field]: [string, AnyField]) => {
    const actual = value[name];
    const given = defaultValue(field);
    if (actual === undefined || actual === given) return true;
    if (actual === null || given === null) return false;
    if (field.type.kind === 'struct') return equalsDefaults(field.type.fields, actual as Record<string, unknown>);
    if (field.type.kind === 'array') return (actual as readonly unknown[]).length === 0;
    if (field.type.kind === 'bytes' || field.type.kind === 'records') return isEmptyBytes(actual as Uint8Array);
    return false;
  });
}
