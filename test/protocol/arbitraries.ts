import fc from 'fast-check';
import type { Uuid } from '../../src/common/ids.js';
import type { AnyMessage } from '../../src/protocol/message.js';
import { type Field, type Fields, type FieldType, inVersions, type Primitive } from '../../src/protocol/schema.js';

// Random messages from their schemas: what a version has, and tagged fields of the future.

const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 60, maxLength: 300 }) },
);

const someBytes = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 100, maxLength: 300 }) },
);

const uuids = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64url') as Uuid);

const primitives: Readonly<Record<Primitive, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -0x80, max: 0x7f }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  int64: fc.oneof(
    { weight: 4, arbitrary: fc.maxSafeInteger() },
    { weight: 4, arbitrary: fc.integer() },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 63, -(2 ** 63)) },
  ),
  int64Bits: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  string: text,
  uuid: uuids,
  bytes: someBytes,
  records: someBytes,
};

function anyOf(type: FieldType, version: number, flexible: boolean): fc.Arbitrary<unknown> {
  if (type.kind === 'struct') return structOf(type.fields, version, flexible);
  if (type.kind === 'array') return fc.array(anyOf(type.element, version, flexible), { maxLength: 3 });
  return primitives[type.kind];
}

function fieldOf(field: Field<unknown>, version: number, flexible: boolean): fc.Arbitrary<unknown> {
  const value = anyOf(field.type, version, flexible);
  return inVersions(field.options.nullable, version) ? fc.option(value, { nil: null, freq: 4 }) : value;
}

/** Tags that the schema does not know, below, between and above those it does. */
function unknownTags(fields: Fields): fc.Arbitrary<unknown> {
  const known = new Set(Object.values(fields).map((field) => field.options.tag));
  const tag = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 0xffffffff }));
  return fc
    .uniqueArray(fc.record({ tag, data: someBytes }), { minLength: 1, maxLength: 3, selector: (one) => one.tag })
    .map((list) => list.filter((one) => !known.has(one.tag)).sort((a, b) => a.tag - b.tag))
    .map((list) => (list.length === 0 ? undefined : list));
}

export function structOf(fields: Fields, version: number, flexible: boolean): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) {
    const onlyTagged = field.options.tag !== undefined && inVersions(field.options.tagged, version);
    if (inVersions(field.versions, version) && (flexible || !onlyTagged))
      members[name] = fieldOf(field, version, flexible);
  }
  const known = fc.record(members);
  if (!flexible) return known;
  const unknown = fc.option(unknownTags(fields), { nil: undefined, freq: 4 });
  return fc
    .tuple(known, unknown)
    .map(([value, list]) => (list === undefined ? value : { ...value, unknownTaggedFields: list }));
}

/** A version of the message and a value with all fields of that version. */
export function messageOf(message: AnyMessage): fc.Arbitrary<{ version: number; value: Record<string, unknown> }> {
  return fc.integer({ min: message.minVersion, max: message.maxVersion }).chain((version) =>
    fc.record({
      version: fc.constant(version),
      value: structOf(message.spec.fields, version, message.isFlexible(version)),
    }),
  );
}
