import { ErrorCode } from '../protocol/errors.js';
import type { Reader } from '../protocol/reader.js';
import type { Api } from '../protocol/registry.js';
import { type Field, type Fields, inVersions } from '../protocol/schema.js';

type Value = Readonly<Record<string, unknown>>;

/**
 * A response with UNSUPPORTED_VERSION for an API that has no handler yet, made from its schema: at the top where the response has
 * an error there, otherwise for each element of the request. Undefined when the schema has no place for it.
 *
 * @throws DecodeError
 */
export function unsupportedResponse(api: Api, version: number, reader: Reader): Value | undefined {
  const request = api.request.decode(reader, version) as Value;
  return errorResponse(api, version, request, { code: ErrorCode.UNSUPPORTED_VERSION, message: null });
}

interface Refusal {
  readonly code: ErrorCode;
  /** Where the response has a place for words. */
  readonly message: string | null;
}

/** The same with any error. */
export function errorResponse(api: Api, version: number, request: Value, error: Refusal): Value | undefined {
  return mirror(api.response.spec.fields as Fields, request, version, error);
}

function mirror(fields: Fields, request: Value, version: number, error: Refusal): Value | undefined {
  const answer: Record<string, unknown> = {};
  let placed = false;
  for (const [name, field] of Object.entries(fields) as Array<[string, Field<unknown>]>) {
    if (!inVersions(field.versions, version)) continue;
    if (/errorCode$/i.test(name)) {
      answer[name] = error.code;
      placed = true;
    } else if (/errorMessage$/i.test(name)) {
      answer[name] = error.message;
    } else if (field.type.kind === 'array' && field.type.element.kind === 'struct') {
      const { fields: inner } = field.type.element;
      const elements = matching(request, inner).map((element) =>
        pick(inner, { ...withoutArrays(element), ...mirror(inner, element, version, error) }, version),
      );
      if (elements.some(carriesError)) placed = true;
      answer[name] = elements;
    }
  }
  return placed ? pick(fields, { ...withoutArrays(request), ...answer }, version) : undefined;
}

/** What the answers are about: the request's array that shares most names with the response's elements, else its first one. */
function matching(request: Value, inner: Fields): Value[] {
  let best: readonly unknown[] = [];
  let bestShared = -1;
  for (const value of Object.values(request)) {
    if (!Array.isArray(value) || value.length === 0) continue;
    const [first] = value as unknown[];
    const shared =
      typeof first === 'object' && first !== null ? Object.keys(first).filter((name) => name in inner).length : 0;
    if (shared <= bestShared) continue;
    best = value as unknown[];
    bestShared = shared;
  }
  return best.map((element) =>
    typeof element === 'object' && element !== null ? (element as Value) : named(element, inner),
  );
}

/** A plain id or partition number becomes the first field of the answer that is of its type. */
function named(value: unknown, inner: Fields): Value {
  const kind = typeof value === 'string' ? 'string' : 'int32';
  const field = Object.entries(inner).find(([, { type }]) => type.kind === kind);
  return field === undefined ? {} : { [field[0]]: value };
}

/** Arrays of the request are not those of the response. */
function withoutArrays(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => !Array.isArray(inner)));
}

function carriesError(element: Value): boolean {
  return Object.entries(element).some(
    ([name, value]) => /errorCode$/i.test(name) || (Array.isArray(value) && (value as Value[]).some(carriesError)),
  );
}

/** Only what the response has in this version, with the same type; arrays of structs were made by `mirror`. */
function pick(fields: Fields, value: Value, version: number): Value {
  const known = Object.entries(value).filter(([name]) => {
    const field = fields[name];
    return field !== undefined && inVersions(field.versions, version);
  });
  return Object.fromEntries(known);
}
