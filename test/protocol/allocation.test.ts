import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import type { AnyMessage } from '../../src/protocol/message.js';
import { DecodeError, defaultAllocationLimitBytes, Reader } from '../../src/protocol/reader.js';
import { elementHeapBytes } from '../../src/protocol/resolve.js';
import { type Fields, type FieldType, inVersions } from '../../src/protocol/schema.js';
import { Writer } from '../../src/protocol/writer.js';
import { Prng } from '../support/prng.js';
import { allMessages } from './messages.js';

// What decoding is charged for arrays is at least what it really takes: the arrays of what a broker reads are filled with as
// many small elements as some MB pay for, and the heap is measured before and after.

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const chargedBytes = 2 * 1024 * 1024;
const noiseBytes = 100 * 1024;
const prng = new Prng(5);

function heapBytes(): number {
  // Buffers that the first collection finds dead are given back by the second.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The least that makes decoding allocate for every field: one element, one byte, a short text that is new each time. */
function small(type: FieldType, version: number): unknown {
  switch (type.kind) {
    case 'bool':
      return true;
    case 'string':
      return prng.uint32().toString(36).slice(0, 4);
    case 'uuid':
      return Buffer.from(Uint32Array.of(prng.uint32(), prng.uint32(), 0, 1).buffer).toString('base64url') as Uuid;
    case 'bytes':
    case 'records':
      return new Uint8Array(1);
    case 'int64':
      return 2 ** 40 + prng.below(1000);
    case 'int64Bits':
      return -(2n ** 60n) - BigInt(prng.below(1000));
    case 'uint32':
      return 0xfffffff0;
    case 'float64':
      return prng.below(1000) + 0.5;
    case 'array':
      return [small(type.element, version)];
    case 'struct':
      return smallStruct(type.fields, version);
    default:
      return 100;
  }
}

function smallStruct(fields: Fields, version: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => inVersions(field.versions, version))
      .map(([name, field]) => [name, small(field.type, version)]),
  );
}

interface Bomb {
  readonly label: string;
  readonly message: AnyMessage;
  readonly version: number;
  /** A message with `count` elements in one array. */
  make(count: number): object;
  readonly elementBytes: number;
  readonly shape: string;
}

/** One for each array of the message, wherever it is. */
function bombs(message: AnyMessage, version: number): Bomb[] {
  const flexible = message.isFlexible(version);
  const found: Bomb[] = [];
  const visit = (fields: Fields, path: string, wrap: (name: string, value: unknown) => object): void => {
    for (const [name, field] of Object.entries(fields)) {
      if (!inVersions(field.versions, version)) continue;
      const { type } = field;
      const inner = (innerName: string, value: unknown) => ({ [innerName]: value });
      if (type.kind === 'struct')
        visit(type.fields, `${path}.${name}`, (innerName, value) => wrap(name, inner(innerName, value)));
      if (type.kind !== 'array') continue;
      const { element } = type;
      const elementBytes = elementHeapBytes(element, version, flexible);
      const label = `${path}.${name}`;
      const elements = (length: number) => Array.from({ length }, () => small(element, version));
      const make = (count: number) => wrap(name, elements(count));
      found.push({ label, message, version, elementBytes, shape: shape(element), make });
      if (element.kind !== 'struct') continue;
      visit(element.fields, label, (innerName, value) => wrap(name, [inner(innerName, value)]));
    }
  };
  visit(message.spec.fields, `${message.name} v${version}`, (name, value) => ({ [name]: value }));
  return found;
}

/** The kinds of fields in it: what each costs adds up, so that one array of each mix is enough. */
function shape(type: FieldType): string {
  if (type.kind === 'array') return `[${shape(type.element)}]`;
  if (type.kind !== 'struct') return type.kind;
  const fields = Object.values(type.fields).map((field) => shape(field.type) + (field.options.nullable ?? ''));
  return `{${[...new Set(fields)].sort().join()}}`;
}

const all = [...(await allMessages()).values()]
  .filter((message) => message.maxVersion >= 0 && !message.name.endsWith('Response'))
  .flatMap((message) => bombs(message, message.maxVersion))
  .filter((bomb, index, list) => list.findIndex((other) => other.shape === bomb.shape) === index);

describe('decoding', () => {
  it('has many arrays to fill', () => {
    expect(all.length).toBeGreaterThan(50);
  });

  it.each(all)('takes no more heap than it is charged: $label', ({ message, version, make, elementBytes }) => {
    const writer = new Writer();
    const encode = (count: number) => {
      message.encode(writer.reset(), version, make(count));
      return Uint8Array.prototype.slice.call(Buffer.concat(writer.toChain() as Uint8Array[]));
    };
    const reader = new Reader();
    message.decode(reader.reset(encode(2)), version);
    const bytes = encode(Math.floor(chargedBytes / elementBytes));
    const before = heapBytes();
    const value = message.decode(reader.reset(bytes), version);
    const taken = heapBytes() - before;
    const charged = defaultAllocationLimitBytes - reader.budget;
    expect(Object.keys(value).length).toBeGreaterThan(0);
    expect(charged).toBeGreaterThan(chargedBytes * 0.9);
    expect(taken).toBeLessThan(charged + 2 * bytes.length + noiseBytes);
    // The bound holds: with less to spend the same message is refused.
    expect(() => message.decode(reader.reset(bytes, 0, bytes.length, charged - 1), version)).toThrow(DecodeError);
  });

  it('takes no more heap than it is charged: tagged fields of the future', () => {
    const message = all.find((bomb) => bomb.label.startsWith('HeartbeatRequest'))?.message ?? all[0]?.message;
    if (message === undefined) throw new Error('no message');
    const version = message.maxVersion;
    const unknownTaggedFields = Array.from({ length: 20_000 }, (_, index) => ({
      tag: 1000 + index,
      data: new Uint8Array(index % 2),
    }));
    const writer = new Writer();
    message.encode(writer, version, { unknownTaggedFields });
    const reader = new Reader(writer.bytes());
    const before = heapBytes();
    const value = message.decode(reader, version);
    const taken = heapBytes() - before;
    expect(Object.keys(value)).toContain('unknownTaggedFields');
    expect(taken).toBeLessThan(defaultAllocationLimitBytes - reader.budget + noiseBytes);
  });
});
