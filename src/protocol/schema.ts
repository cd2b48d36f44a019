import type { Uuid } from '../common/ids.js';
import type { RecordsValue, UnknownTaggedField } from './values.js';

/**
 * The schema of a message is a value: one definition holds all versions, and its TypeScript types are inferred from it.
 * `versions` and the other ranges are written as Kafka writes them: `3`, `0-4`, `2+`, `none`.
 */
export interface FieldOptions<T> {
  /** Versions in which the field may be null. */
  readonly nullable?: string;
  /** Versions in which it is a tagged field, with its tag. */
  readonly tagged?: string;
  readonly tag?: number;
  /** Left out: the zero value of the type (0, false, '', empty, the zero uuid, a struct of defaults). */
  readonly default?: T;
  /** May be dropped silently by a version that lacks it; otherwise a value other than the default is an error there. */
  readonly ignorable?: true;
  /** Overrides the flexible versions of the message for this field (`RequestHeader.clientId`). */
  readonly flexible?: string;
}

export type Primitive =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'int64Bits'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records';

export type FieldType =
  | { readonly kind: Primitive }
  | { readonly kind: 'struct'; readonly fields: Fields }
  | {
      readonly kind: 'array';
      readonly element: { readonly kind: Primitive } | { readonly kind: 'struct'; readonly fields: Fields };
    };

export interface Field<Out, In = Out> {
  readonly type: FieldType;
  readonly versions: string;
  readonly options: FieldOptions<unknown>;
  /** Types only; never set. */
  readonly out?: Out;
  readonly in?: In;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

interface Unknown {
  readonly unknownTaggedFields?: readonly UnknownTaggedField[];
}

/** What decoding gives: every field is there, absent ones with their default. */
export type Struct<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer Out, infer _In> ? Out : never;
} & Unknown;

/** What encoding takes: a field that is left out has its default. */
export type StructInput<F extends Fields> = {
  readonly [K in keyof F]?: (F[K] extends Field<infer _Out, infer In> ? In : never) | undefined;
} & Unknown;

type OrNull<O, T> = O extends { readonly nullable: string } ? T | null : T;

function primitive<T>(kind: Primitive) {
  return <const O extends FieldOptions<T | null>>(versions: string, options?: O): Field<OrNull<O, T>> => ({
    type: { kind },
    versions,
    options: options ?? {},
  });
}

export const bool = primitive<boolean>('bool');
export const int8 = primitive<number>('int8');
export const int16 = primitive<number>('int16');
export const uint16 = primitive<number>('uint16');
export const int32 = primitive<number>('int32');
export const uint32 = primitive<number>('uint32');
/** Safe integers and ±2^63 (see INT64_MAX); anything else is refused. */
export const int64 = primitive<number>('int64');
/** An int64 that uses all its bits, such as a hash. */
export const int64Bits = primitive<bigint>('int64Bits');
export const float64 = primitive<number>('float64');
export const string = primitive<string>('string');
export const uuid = primitive<Uuid>('uuid');
/** Decodes to a copy that may be kept. */
export const bytes = primitive<Uint8Array>('bytes');

/** Decodes to a view of the frame; encodes from bytes or from file regions. */
export function records<const O extends FieldOptions<null>>(
  versions: string,
  options?: O,
): Field<OrNull<O, Uint8Array>, OrNull<O, RecordsValue>> {
  return { type: { kind: 'records' }, versions, options: options ?? {} };
}

export function struct<F extends Fields, const O extends FieldOptions<null>>(
  versions: string,
  fields: F,
  options?: O,
): Field<OrNull<O, Struct<F>>, OrNull<O, StructInput<F>>> {
  return { type: { kind: 'struct', fields }, versions, options: options ?? {} };
}

/** An array of structs. */
export function array<F extends Fields, const O extends FieldOptions<null>>(
  versions: string,
  fields: F,
  options?: O,
): Field<OrNull<O, ReadonlyArray<Struct<F>>>, OrNull<O, ReadonlyArray<StructInput<F>>>> {
  return { type: { kind: 'array', element: { kind: 'struct', fields } }, versions, options: options ?? {} };
}

interface ElementTypes {
  bool: boolean;
  int8: number;
  int16: number;
  uint16: number;
  int32: number;
  uint32: number;
  int64: number;
  int64Bits: bigint;
  float64: number;
  string: string;
  uuid: Uuid;
  bytes: Uint8Array;
  records: Uint8Array;
}

/** An array of numbers, strings or ids. */
export function arrayOf<K extends Primitive, const O extends FieldOptions<null>>(
  versions: string,
  element: K,
  options?: O,
): Field<OrNull<O, ReadonlyArray<ElementTypes[K]>>> {
  return { type: { kind: 'array', element: { kind: element } }, versions, options: options ?? {} };
}

/** What the schema says of a message as a whole. */
export interface MessageSpec<F extends Fields> {
  readonly name: string;
  /** API key, or the record type of a coordinator record; -1 for messages that have neither. */
  readonly key: number;
  /** Versions that exist; `none`: the API is removed but its key stays taken. */
  readonly versions: string;
  /** Versions with compact lengths and tagged fields. */
  readonly flexible: string;
  /** The highest version is not enabled or advertised. */
  readonly latestVersionUnstable?: true;
  readonly fields: F;
}

/** Inclusive; `max` is Infinity for `n+`; undefined for `none`. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export function parseVersions(text: string): VersionRange | undefined {
  if (text === 'none' || text === '') return undefined;
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text);
  if (match === null) throw new TypeError(`not a version range: ${text}`);
  const min = Number(match[1]);
  if (match[2] === undefined) return { min, max: min };
  return { min, max: match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]) };
}

export function inVersions(text: string | undefined, version: number): boolean {
  const range = text === undefined ? undefined : parseVersions(text);
  return range !== undefined && version >= range.min && version <= range.max;
}
