import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader } from '../../src/protocol/reader.js';
import { type Field, type Fields, inVersions } from '../../src/protocol/schema.js';
import { EncodeError, Writer } from '../../src/protocol/writer.js';
import { messageOf } from './arbitraries.js';
import { defaultOf, interpretDecode, interpretEncode, isDefault, type Value } from './interpreter.js';
import { allMessages } from './messages.js';

// Random messages of every kind and version: the compiled codecs and the interpreter agree, and nothing is lost on the way.

const seed = 20261124;
const numRuns = 30;
const messages = [...(await allMessages())].filter(([, message]) => message.maxVersion >= 0);

/** Plain arrays for bytes, so that views, copies and buffers compare alike. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, plain(inner)]),
  );
}

/** The value with the defaults of the fields that it lacks. */
function filled(fields: Fields, value: Value): Value {
  const entries = Object.entries(fields).map(([name, field]) => [name, filledField(field, value[name])]);
  const unknown = value.unknownTaggedFields;
  return {
    ...Object.fromEntries(entries),
    ...(unknown === undefined ? {} : { unknownTaggedFields: unknown }),
  } as Value;
}

function filledField({ type, options }: Field<unknown>, value: unknown): unknown {
  if (value === undefined) return defaultOf({ type, options, versions: '' });
  if (value === null) return null;
  if (type.kind === 'struct') return filled(type.fields, value as Value);
  if (type.kind !== 'array' || type.element.kind !== 'struct') return value;
  const { fields } = type.element;
  return (value as Value[]).map((one) => filled(fields, one));
}

/** The value without the fields that have their default. */
function sparse(fields: Fields, value: Value): Value {
  const out: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const field = fields[name];
    if (field === undefined) out[name] = inner;
    else if (!isDefault(field, inner)) out[name] = sparseField(field, inner);
  }
  return out;
}

function sparseField({ type }: Field<unknown>, value: unknown): unknown {
  if (value === null) return null;
  if (type.kind === 'struct') return sparse(type.fields, value as Value);
  if (type.kind !== 'array' || type.element.kind !== 'struct') return value;
  const { fields } = type.element;
  return (value as Value[]).map((one) => sparse(fields, one));
}

describe('every message', () => {
  it.each(messages)('%s: compiled and interpreted agree', (_name, message) => {
    const writer = new Writer(8);
    const reader = new Reader();
    const { fields } = message.spec;
    fc.assert(
      fc.property(messageOf(message), ({ version, value }) => {
        message.encode(writer.reset(), version, value);
        const bytes = Uint8Array.prototype.slice.call(writer.bytes());
        expect(Buffer.from(bytes).equals(interpretEncode(message, version, value))).toBe(true);

        const decoded = message.decode(reader.reset(bytes), version);
        expect(reader.remaining).toBe(0);
        const wanted = plain(filled(fields, value));
        expect(plain(decoded)).toEqual(wanted);
        expect(plain(interpretDecode(message, version, bytes))).toEqual(wanted);

        message.encode(writer.reset(), version, decoded);
        expect(Buffer.compare(writer.bytes(), bytes)).toBe(0);
        message.encode(writer.reset(), version, sparse(fields, value));
        expect(Buffer.compare(writer.bytes(), bytes)).toBe(0);
      }),
      { seed, numRuns },
    );
  });

  it.each(messages)('%s: a cut frame is a DecodeError', (_name, message) => {
    const writer = new Writer();
    const reader = new Reader();
    fc.assert(
      fc.property(messageOf(message), fc.nat(), ({ version, value }, cut) => {
        message.encode(writer.reset(), version, value);
        const bytes = writer.bytes();
        if (bytes.length === 0) return;
        const end = cut % bytes.length;
        expect(() => message.decode(reader.reset(bytes, 0, end), version)).toThrow(/at byte \d+$/);
      }),
      { seed, numRuns: 10 },
    );
  });
});

/** Top-level fields that `version` lacks. */
function absent(fields: Fields, version: number): Array<[string, Field<unknown>]> {
  return Object.entries(fields).filter(([, field]) => !inVersions(field.versions, version));
}

function notDefault(field: Field<unknown>): unknown {
  switch (field.type.kind) {
    case 'bool':
      return defaultOf(field) !== true;
    case 'string':
      return 'given';
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAQ';
    case 'bytes':
    case 'records':
      return new Uint8Array(3);
    case 'array':
      return field.type.element.kind === 'struct' ? [{}] : [0];
    case 'struct': {
      const [first] = Object.entries(field.type.fields);
      return first === undefined ? {} : { [first[0]]: notDefault(first[1]) };
    }
    case 'int64Bits':
      return 77n;
    default:
      return 77;
  }
}

const lacking = messages.flatMap(([name, message]) => {
  const versions = Array.from(
    { length: message.maxVersion - message.minVersion + 1 },
    (_, i) => message.minVersion + i,
  );
  return versions.flatMap((version) =>
    absent(message.spec.fields, version).map(([fieldName, field]) => ({ name, message, version, fieldName, field })),
  );
});

describe('a field that a version lacks', () => {
  it('exists in the tables', () => {
    expect(lacking.length).toBeGreaterThan(200);
  });

  it.each(lacking)('$name v$version $fieldName', ({ message, version, fieldName, field }) => {
    const writer = new Writer();
    const encode = (value: unknown) => {
      message.encode(writer.reset(), version, { [fieldName]: value });
      return Buffer.from(writer.bytes()).toString('hex');
    };
    const without = encode(undefined);
    expect(encode(defaultOf(field))).toBe(without);
    if (field.options.ignorable === true) expect(encode(notDefault(field))).toBe(without);
    else expect(() => encode(notDefault(field))).toThrow(EncodeError);
  });
});
