import { unreachable } from '../common/assert.js';
import { Emitter } from './emitter.js';
import { type FixedKind, fixedBytes, fixedRun } from './fixed_fields.js';
import { defaultValue, isReference, type ResolvedField, resolveFields } from './resolve.js';
import type { Field, Fields, Primitive } from './schema.js';
import type { Writer } from './writer.js';

interface Target {
  readonly version: number;
  readonly flexible: boolean;
}

/**
 * Compiles an encoder for one version. A field that the caller left out has its default; one that the version lacks must have
 * it, unless it is ignorable.
 */
export function compileEncoder<In>(
  message: string,
  fields: Fields,
  target: Target,
): (writer: Writer, value: In) => void {
  const emitter = new Emitter();
  return emitter.build(encodeStruct(emitter, message, fields, target)) as (writer: Writer, value: In) => void;
}

function encodeStruct(emitter: Emitter, path: string, fields: Fields, target: Target): string {
  const resolved = resolveFields(fields, target.version, target.flexible);
  const lines: string[] = [];
  for (let index = 0; index < resolved.length; index += 1) {
    const entry = resolved[index] as ResolvedField;
    const where = `${path}.${entry.name}`;
    const value = `v.${entry.name}`;
    const run = fixedRun(resolved, index);
    if (run > 1) {
      lines.push(...writeRun(emitter, resolved.slice(index, index + run)));
      index += run - 1;
    } else if (!entry.present) {
      if (entry.field.options.ignorable === true) continue;
      const text = JSON.stringify(`${where} is not in version ${target.version}`);
      lines.push(`if (${differs(emitter, entry.field, value)}) throw new EncodeError(${text});`);
    } else if (entry.tag < 0) lines.push('{', ...writeField(emitter, where, entry, target), '}');
  }
  if (target.flexible) lines.push(...writeTaggedSection(emitter, path, resolved, target));
  const name = emitter.name('encode');
  emitter.declare(`function ${name}(w, v) {\n${lines.join('\n')}\n}`);
  return name;
}

/** Neighbouring fields of fixed size, written with one check of the room. */
function writeRun(emitter: Emitter, run: readonly ResolvedField[]): string[] {
  const at = emitter.name('at');
  const bytes = emitter.name('bytes');
  const lines: string[] = [];
  const writes: string[] = [];
  let offset = 0;
  for (const { field, name } of run) {
    const kind = field.type.kind as FixedKind;
    const x = emitter.name('x');
    lines.push(`let ${x} = v.${name};`, `if (${x} === undefined) ${x} = ${emitter.literal(defaultValue(field))};`);
    const wrapped = wrappedTo(kind, x);
    if (wrapped !== undefined) lines.push(`if (${wrapped} !== ${x}) w.refuse('${kind}', ${x});`);
    if (kind === 'int64') writes.push(`w.putInt64(${at} + ${offset}, ${x});`);
    else if (kind === 'bool') writes.push(`${bytes}[${at} + ${offset}] = ${x} ? 1 : 0;`);
    else
      for (let byte = 0; byte < fixedBytes[kind]; byte += 1)
        writes.push(`${bytes}[${at} + ${offset + byte}] = ${x} >> ${8 * (fixedBytes[kind] - 1 - byte)};`);
    offset += fixedBytes[kind];
  }
  return [...lines, `const ${at} = w.reserve(${offset}), ${bytes} = w.buffer;`, ...writes];
}

/** Source of what is left of `x` in so many bits; undefined where that is no test. */
function wrappedTo(kind: FixedKind, x: string): string | undefined {
  switch (kind) {
    case 'bool':
    case 'int64':
      return undefined;
    case 'int8':
      return `(${x} << 24 >> 24)`;
    case 'int16':
      return `(${x} << 16 >> 16)`;
    case 'uint16':
      return `(${x} & 0xffff)`;
    case 'int32':
      return `(${x} | 0)`;
    case 'uint32':
      return `(${x} >>> 0)`;
    default:
      return unreachable(kind);
  }
}

function writeTaggedSection(
  emitter: Emitter,
  path: string,
  resolved: readonly ResolvedField[],
  target: Target,
): string[] {
  const tagged = resolved.filter((entry) => entry.present && entry.tag >= 0).sort((a, b) => a.tag - b.tag);
  const lines = ['const unknown = v.unknownTaggedFields;', 'let tags = unknown === undefined ? 0 : unknown.length;'];
  if (tagged.length === 0) {
    lines.push('w.unsignedVarint(tags);', 'if (tags > 0) w.unknownTagged(unknown, 0, Infinity);');
    return lines;
  }
  tagged.forEach((entry, index) => {
    lines.push(`const t${index} = ${differs(emitter, entry.field, `v.${entry.name}`)};`, `if (t${index}) tags += 1;`);
  });
  lines.push('w.unsignedVarint(tags);', 'if (tags > 0) {', 'let u = 0;');
  tagged.forEach((entry, index) => {
    lines.push(
      `if (t${index}) {`,
      `if (unknown !== undefined) u = w.unknownTagged(unknown, u, ${entry.tag});`,
      `w.unsignedVarint(${entry.tag});`,
      'const at = w.position;',
      ...writeField(emitter, `${path}.${entry.name}`, entry, target),
      'w.finishTagged(at);',
      '}',
    );
  });
  lines.push('if (unknown !== undefined) w.unknownTagged(unknown, u, Infinity);', '}');
  return lines;
}

function writeField(emitter: Emitter, path: string, entry: ResolvedField, target: Target): string[] {
  const { type } = entry.field;
  const lines = [`let x = v.${entry.name};`, `if (x === undefined) x = ${emitter.literal(defaultValue(entry.field))};`];
  const refuseNull = `if (x === null) throw new EncodeError(${JSON.stringify(`${path} is null`)});`;
  if (type.kind === 'struct') {
    const encode = encodeStruct(emitter, path, type.fields, target);
    const absent = entry.tag >= 0 ? 0 : -1;
    if (entry.nullable) lines.push(`if (x === null) w.int8(${absent});`, `else { w.int8(1); ${encode}(w, x); }`);
    else lines.push(refuseNull, `${encode}(w, x);`);
    return lines;
  }
  if (type.kind === 'array') {
    const element =
      type.element.kind === 'struct'
        ? `${encodeStruct(emitter, path, type.element.fields, target)}(w, x[i]);`
        : writePrimitive(type.element.kind, false, entry.compact, 'x[i]');
    const count = entry.compact ? 'w.unsignedVarint(x.length + 1);' : 'w.int32(x.length);';
    const loop = `${count} for (let i = 0; i < x.length; i += 1) { ${element} }`;
    if (entry.nullable)
      lines.push(`if (x === null) ${entry.compact ? 'w.unsignedVarint(0)' : 'w.int32(-1)'};`, `else { ${loop} }`);
    else lines.push(refuseNull, loop);
    return lines;
  }
  if (!entry.nullable && isReference(type.kind)) lines.push(refuseNull);
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

/** Source of a test that is true when `value` is given and is not the default of the field. */
function differs(emitter: Emitter, field: Field<unknown>, value: string): string {
  return `(${value} !== undefined && ${isNotDefault(emitter, field, value)})`;
}

function isNotDefault(emitter: Emitter, field: Field<unknown>, value: string): string {
  const { type } = field;
  const given = defaultValue(field);
  if (given === null) return `${value} !== null`;
  switch (type.kind) {
    case 'array':
    case 'bytes':
      return `(${value} === null || ${value}.length > 0)`;
    case 'records':
      // A list of regions has a length, one region has a size.
      return `(${value} === null || ${value}.length > 0 || ${value}.sizeBytes > 0)`;
    case 'struct': {
      const tests = Object.entries(type.fields).map(([name, inner]) => differs(emitter, inner, `${value}.${name}`));
      const unknown = `(${value}.unknownTaggedFields !== undefined && ${value}.unknownTaggedFields.length > 0)`;
      return `(${value} === null || ${[...tests, unknown].join(' || ')})`;
    }
    default:
      return `${value} !== ${emitter.literal(given)}`;
  }
}
