import { ErrorCode } from '../protocol/errors.js';
import type { Reader } from '../protocol/reader.js';
import type { Api } from '../protocol/registry.js';
import type { Field, Fields } from '../protocol/schema.js';

type Value = Readonly<Record<string, unknown>>;

/**
 * A response with UNSUPPORTED_VERSION for an API that has no handler yet, made from its schema: at the top where the response has
 * an error there, otherwise for each element of the request. Undefined when the schema has no place for it.
 *
 * @throws DecodeError
 */
export function unsupportedResponse(api: Api, version: number, reader: Reader): Value | undefined {
  const request = api.request.decode(reader, version) as Value;
  return mirror(api.response.spec.fields as Fields, request);
}

function mirror(fields: Fields, request: Value): Value | undefined {
  const answer: Record<string, unknown> = {};
  let placed = false;
  for (const [name, field] of Object.entries(fields) as Array<[string, Field<unknown>]>) {
    if (name === 'errorCode') {
      answer[name] = ErrorCode.UNSUPPORTED_VERSION;
      placed = true;
    } else if (field.type.kind === 'array' && field.type.element.kind === 'struct') {
      const { fields: inner } = field.type.element;
      const elements = matching(request, inner).map((element) => ({ ...element, ...mirror(inner, element) }));
      if (elements.some((element) => 'errorCode' in element || Object.values(element).some(Array.isArray)))
        placed = true;
      answer[name] = elements;
    }
  }
  return placed ? pick(fields, { ...request, ...answer }) : undefined;
}

/** Elements of the request's array that share most names with the response's elements. */
function matching(request: Value, inner: Fields): Value[] {
  let best: Value[] = [];
  let bestShared = 0;
  for (const value of Object.values(request)) {
    if (!Array.isArray(value) || value.length === 0) continue;
    const [first] = value as unknown[];
    if (typeof first === 'number') {
      // A list of partition numbers answers with one element each.
      if ('partitionIndex' in inner && bestShared === 0)
        best = (value as number[]).map((partitionIndex) => ({ partitionIndex }));
      continue;
    }
    if (typeof first !== 'object' || first === null) continue;
    const shared = Object.keys(first).filter((name) => name in inner).length;
    if (shared > bestShared) {
      best = value as Value[];
      bestShared = shared;
    }
  }
  return best.map((element) => pick(inner, element));
}

/** Only what the schema has; arrays of structs are made by `mirror`. */
function pick(fields: Fields, value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name in fields));
}
