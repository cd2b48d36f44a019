import { unreachable } from '../common/assert.js';
import { Emitter } from './emitter.js';
import { type FixedKind, fixedBytes, fixedRun, runBytes } from './fixed_fields.js';
import type { Reader } from './reader.js';
import {
  type ArrayElement,
  defaultValue,
  elementHeapBytes,
  minWireBytes,
  type ResolvedField,
  resolveFields,
} from './resolve.js';
import type { Fields, Primitive } from './schema.js';

interface Target {
  readonly version: number;
  readonly flexible: boolean;
  /** Notes the field before it is read, for the message of an error. */
  readonly traced: boolean;
}

/**
 * Compiles a decoder for one version: version and flexible flag are folded to constants, one function per struct, and every
 * decoded object has all its fields in the order of the schema.
 */
export function compileDecoder<Out>(fields: Fields, target: Target): (reader: Reader) => Out {
  const emitter = new Emitter();
  return emitter.build(decodeStruct(emitter, '', fields, target)) as (reader: Reader) => Out;
}

function decodeStruct(emitter: Emitter, path: string, fields: Fields, target: Target): string {
  const resolved = resolveFields(fields, target.version, target.flexible);
  const lines: string[] = [];
  const members = resolved.map((entry, index) => `${entry.name}: f${index}, `).join('');
  for (let index = 0; index < resolved.length; index += 1) {
    const entry = resolved[index] as ResolvedField;
    if (!entry.present || entry.tag >= 0) {
      const keyword = entry.present ? 'let' : 'const';
      lines.push(`${keyword} f${index} = ${emitter.literal(defaultValue(entry.field))};`);
      continue;
    }
    const run = target.traced ? 0 : fixedRun(resolved, index);
    if (run > 1) {
      lines.push(...readRun(emitter, resolved.slice(index, index + run), index));
      index += run - 1;
      continue;
    }
    if (target.traced) lines.push(note(path, entry.name));
    lines.push(`const f${index} = ${readField(emitter, path, entry, target)};`);
  }
  if (target.flexible) {
    lines.push(...readTaggedSection(emitter, path, resolved, target));
    lines.push(`if (unknown !== undefined) return { ${members}unknownTaggedFields: unknown };`);
  }
  const name = emitter.name('decode');
  emitter.declare(`function ${name}(r) {\n${lines.join('\n')}\nreturn { ${members} };\n}`);
  return name;
}

/**
 * Neighbouring fields of fixed size, read with one check of the bytes that remain. When they are too few the error is found
 * again, field by field, by the traced decoder.
 */
function readRun(emitter: Emitter, run: readonly ResolvedField[], first: number): string[] {
  const at = emitter.name('at');
  const bytes = emitter.name('bytes');
  const lines: string[] = [];
  let offset = 0;
  run.forEach(({ field }, index) => {
    const kind = field.type.kind as FixedKind;
    const byte = (ahead: number) => `${bytes}[${at} + ${offset + ahead}]`;
    lines.push(...readFixed(kind, `f${first + index}`, byte, `${at} + ${offset}`, `${at} + ${runBytes(run)}`));
    offset += fixedBytes[kind];
  });
  return [`const ${at} = r.need(${offset}), ${bytes} = r.buffer;`, ...lines];
}

function readFixed(kind: FixedKind, name: string, byte: (ahead: number) => string, at: string, end: string): string[] {
  const word = (from: number) =>
    `${byte(from)} << 24 | ${byte(from + 1)} << 16 | ${byte(from + 2)} << 8 | ${byte(from + 3)}`;
  switch (kind) {
    case 'bool':
      return [`const ${name} = ${byte(0)} !== 0;`];
    case 'int8':
      return [`const ${name} = ${byte(0)} << 24 >> 24;`];
    case 'int16':
      return [`const ${name} = ${byte(0)} << 24 >> 16 | ${byte(1)};`];
    case 'uint16':
      return [`const ${name} = ${byte(0)} << 8 | ${byte(1)};`];
    case 'int32':
      return [`const ${name} = ${word(0)};`];
    case 'uint32':
      return [`const ${name} = (${word(0)}) >>> 0;`];
    case 'int64':
      return [
        `const h${name} = ${word(0)};`,
        // Well inside of the safe integers; what is not is looked at closely.
        `let ${name} = h${name} * 0x100000000 + ((${word(4)}) >>> 0);`,
        `if (h${name} >= 0x200000 || h${name} <= -0x200000) { ${name} = r.int64At(${at}); r.position = ${end}; }`,
      ];
    default:
      return unreachable(kind);
  }
}

function note(path: string, name: string): string {
  return `r.field = ${JSON.stringify(join(path, name))};`;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function readTaggedSection(
  emitter: Emitter,
  path: string,
  resolved: readonly ResolvedField[],
  target: Target,
): string[] {
  const cases = resolved.flatMap((entry, index) => {
    if (!entry.present || entry.tag < 0) return [];
    const read = readField(emitter, path, entry, target);
    return [`case ${entry.tag}: ${target.traced ? note(path, entry.name) : ''} f${index} = ${read}; break;`];
  });
  const traced = target.traced ? [note(path, '(tagged fields)')] : [];
  return [
    ...traced,
    'let unknown = undefined;',
    'const tags = r.taggedCount();',
    'for (let i = 0, last = -1; i < tags; i += 1) {',
    ...traced,
    'const tag = r.tag(last);',
    'last = tag;',
    'const end = r.taggedEnd();',
    'switch (tag) {',
    ...cases,
    'default: if (unknown === undefined) unknown = []; unknown.push(r.unknownTagged(tag, end));',
    '}',
    'r.checkTaggedEnd(end);',
    '}',
  ];
}

function readField(emitter: Emitter, path: string, entry: ResolvedField, target: Target): string {
  const { type } = entry.field;
  if (type.kind === 'struct') {
    const decode = decodeStruct(emitter, join(path, entry.name), type.fields, target);
    const present = entry.tag >= 0 ? 'taggedStructPresent' : 'structPresent';
    return entry.nullable ? `(r.${present}() ? ${decode}(r) : null)` : `${decode}(r)`;
  }
  if (type.kind === 'array') return `${decodeArray(emitter, path, entry, type.element, target)}(r)`;
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
  path: string,
  entry: ResolvedField,
  element: ArrayElement,
  target: Target,
): string {
  const { version, flexible } = target;
  const count = entry.compact ? 'r.compactLength()' : 'r.int32()';
  const bounds = `${minWireBytes(element, version, flexible)}, ${elementHeapBytes(element, version, flexible)}`;
  const read =
    element.kind === 'struct'
      ? `${decodeStruct(emitter, join(path, entry.name), element.fields, target)}(r)`
      : readPrimitive(element.kind, false, entry.compact);
  const name = emitter.name('array');
  emitter.declare(
    [
      `function ${name}(r) {`,
      `const n = r.${entry.nullable ? 'nullableCount' : 'count'}(${count}, ${bounds});`,
      entry.nullable ? 'if (n < 0) return null;' : '',
      'const a = new Array(n);',
      `for (let i = 0; i < n; i += 1) a[i] = ${read};`,
      'return a;',
      '}',
    ].join('\n'),
  );
  return name;
}
