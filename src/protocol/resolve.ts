import { unreachable } from '../common/assert.js';
import { ZERO_UUID } from '../common/ids.js';
import { typedArrayHeapBytes } from './reader.js';
import { type Field, type Fields, type FieldType, inVersions, type Primitive } from './schema.js';

export type ArrayElement = Extract<FieldType, { kind: 'array' }>['element'];

/** How a field looks in one version. */
export interface ResolvedField {
  readonly name: string;
  readonly field: Field<unknown>;
  /** On the wire (a tagged field: may be). */
  readonly present: boolean;
  readonly nullable: boolean;
  /** Tag number, -1 for a regular field. */
  readonly tag: number;
  /** Length and count are varints. */
  readonly compact: boolean;
}

/** The fields as `version` has them, in wire order (tagged ones where the schema has them). */
export function resolveFields(fields: Fields, version: number, flexible: boolean): ResolvedField[] {
  return Object.entries(fields).map(([name, field]) => {
    const { options } = field;
    const tagged = options.tag !== undefined && inVersions(options.tagged, version);
    return {
      name,
      field,
      present: inVersions(field.versions, version) && (!tagged || flexible),
      nullable: inVersions(options.nullable, version),
      tag: tagged ? (options.tag ?? -1) : -1,
      compact: flexible && (options.flexible === undefined || inVersions(options.flexible, version)),
    };
  });
}

const emptyBytes = new Uint8Array(0);
const emptyArray: readonly never[] = Object.freeze([]);

/** The value of a field that is absent: as stated, otherwise the zero value of its type. */
export function defaultValue(field: Field<unknown>): unknown {
  if (field.options.default !== undefined) return field.options.default;
  const { type } = field;
  switch (type.kind) {
    case 'bool':
      return false;
    case 'int64Bits':
      return 0n;
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
      return Object.fromEntries(Object.entries(type.fields).map(([name, inner]) => [name, defaultValue(inner)]));
    default:
      return 0;
  }
}

/** Fewest bytes that an array element takes on the wire, at least 1: no count can promise more elements than there are bytes. */
export function minWireBytes(element: ArrayElement, version: number, flexible: boolean): number {
  return Math.max(1, leastBytes(element, version, flexible, flexible));
}

function leastBytes(type: FieldType, version: number, flexible: boolean, compact: boolean): number {
  switch (type.kind) {
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
    case 'int64Bits':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    case 'string':
      return compact ? 1 : 2;
    case 'bytes':
    case 'records':
    case 'array':
      return compact ? 1 : 4;
    case 'struct': {
      let sum = flexible ? 1 : 0;
      for (const { field, present, nullable, tag, compact } of resolveFields(type.fields, version, flexible)) {
        if (!present || tag >= 0) continue;
        sum += field.type.kind === 'struct' && nullable ? 1 : leastBytes(field.type, version, flexible, compact);
      }
      return sum;
    }
    default:
      return unreachable(type);
  }
}

const slotBytes = 8;

/**
 * Most bytes of heap that one array element takes when decoded, without the text or bytes it holds and without the elements of
 * arrays inside it (these are charged when their own counts are read). `test/protocol/allocation.test.ts` measures that it is
 * not too low.
 */
export function elementHeapBytes(element: ArrayElement, version: number, flexible: boolean): number {
  return slotBytes + valueHeapBytes(element, version, flexible);
}

function valueHeapBytes(type: FieldType, version: number, flexible: boolean): number {
  switch (type.kind) {
    case 'bool':
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
      return 0;
    case 'uint32':
    case 'int64':
    case 'float64':
      return 16;
    case 'int64Bits':
    case 'string':
      return 32;
    case 'uuid':
      return 48;
    case 'bytes':
    case 'records':
      return typedArrayHeapBytes;
    case 'array':
      return 64;
    case 'struct': {
      let sum = 40;
      for (const { field, present } of resolveFields(type.fields, version, flexible))
        sum += 8 + (present ? valueHeapBytes(field.type, version, flexible) : 0);
      return sum;
    }
    default:
      return unreachable(type);
  }
}

/** A primitive whose value is a reference that may be null. */
export function isReference(kind: Primitive): boolean {
  return kind === 'string' || kind === 'bytes' || kind === 'records';
}
