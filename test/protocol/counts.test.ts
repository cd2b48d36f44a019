import { describe, expect, it } from 'vitest';
import { type AnyMessage, message } from '../../src/protocol/message.js';
import { DecodeError, Reader } from '../../src/protocol/reader.js';
import { minWireBytes } from '../../src/protocol/resolve.js';
import { array, type Field, type Fields, inVersions } from '../../src/protocol/schema.js';
import { interpretEncode } from './interpreter.js';
import { allMessages } from './messages.js';

// No count may promise more elements than the bytes that remain can hold: what an element takes at least must be exact.

/** A struct in the fewest bytes: nothing in it that can be left out. */
function smallest(fields: Fields, version: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, { type, options, versions }] of Object.entries(fields)) {
    if (!inVersions(versions, version) || inVersions(options.tagged, version)) continue;
    if (type.kind === 'struct')
      value[name] = inVersions(options.nullable, version) ? null : smallest(type.fields, version);
    else if (type.kind === 'array') value[name] = [];
    else if (type.kind === 'string') value[name] = '';
    else if (type.kind === 'bytes' || type.kind === 'records') value[name] = new Uint8Array(0);
  }
  return value;
}

function elementStructs(fields: Fields): Fields[] {
  return Object.values(fields).flatMap(({ type }: Field<unknown>) => {
    if (type.kind === 'struct') return elementStructs(type.fields);
    if (type.kind !== 'array' || type.element.kind !== 'struct') return [];
    return [type.element.fields, ...elementStructs(type.element.fields)];
  });
}

const messages = [...(await allMessages())].filter(([, one]) => elementStructs(one.spec.fields).length > 0);

describe('the least that an element takes', () => {
  it.each(messages)('is exact for %s', (name, { spec, minVersion, maxVersion }) => {
    for (const fields of elementStructs(spec.fields)) {
      const element: AnyMessage = message({ ...spec, name, fields });
      for (let version = minVersion; version <= maxVersion; version += 1) {
        const bytes = interpretEncode(element, version, smallest(fields, version));
        const least = minWireBytes({ kind: 'struct', fields }, version, element.isFlexible(version));
        expect(least).toBe(Math.max(1, bytes.length));
      }
    }
  });

  it.each([
    ['bool', 1, 1],
    ['int16', 2, 2],
    ['int32', 4, 4],
    ['int64', 8, 8],
    ['uuid', 16, 16],
    ['string', 2, 1],
    ['bytes', 4, 1],
  ] as const)('is known for %s', (kind, plain, compact) => {
    expect(minWireBytes({ kind }, 0, false)).toBe(plain);
    expect(minWireBytes({ kind }, 0, true)).toBe(compact);
  });
});

describe('a count', () => {
  const reader = new Reader();

  it('fits the bytes that remain, to the byte', () => {
    const bytes = new Uint8Array(100);
    reader.reset(bytes, 10, 90);
    reader.int32();
    expect(reader.count(19, 4, 0)).toBe(19);
    expect(() => reader.count(20, 4, 0)).toThrow('20 elements wanted, 76 bytes left');
    expect(reader.nullableCount(-1, 4, 0)).toBe(-1);
    expect(() => reader.nullableCount(-2, 4, 0)).toThrow(DecodeError);
  });

  it('is charged to the budget', () => {
    reader.reset(new Uint8Array(1000), 0, 1000, 500);
    expect(reader.count(5, 1, 100)).toBe(5);
    expect(reader.budget).toBe(0);
    expect(() => reader.count(1, 1, 1)).toThrow('more memory wanted than one message may take');
    reader.rewind(0, 500);
    expect(reader.count(5, 1, 100)).toBe(5);
  });

  it('fails at the count and not in the elements', () => {
    const list = message({
      name: 'List',
      key: -1,
      versions: '0',
      flexible: 'none',
      fields: { elements: array('0+', {}) },
    });
    // Elements without fields still count as a byte each.
    expect(() => list.decode(reader.reset(Buffer.from('00000002ff', 'hex')), 0)).toThrow('2 elements wanted');
    expect(list.decode(reader.reset(Buffer.from('00000001ff', 'hex')), 0).elements).toEqual([{}]);
  });
});
