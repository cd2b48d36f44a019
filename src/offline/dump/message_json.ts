import { INT64_MAX } from '../../common/ids.js';
import type { AnyMessage } from '../../protocol/message.js';
import { type Field, type Fields, type FieldType, inVersions } from '../../protocol/schema.js';

/**
 * A decoded message as Kafka's generated JSON converters write it: fields of this version in their order, tagged ones only when they differ
 * from their default, bytes in base64.
 */
export function messageJson(message: AnyMessage, version: number, value: object): unknown {
  return structJson(message.spec.fields as Fields, version, value as Values);
}

/** int64 values that a JavaScript number cannot hold exactly stand in the text as Kafka writes them. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(`"${maxMark}"`, '9223372036854775807');
}

type Values = Readonly<Record<string, unknown>>;

const maxMark = '\u0001int64max';

function structJson(fields: Fields, version: number, values: Values): Values {
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields) as Array<[string, Field<unknown>]>) {
    if (!inVersions(field.versions, version)) continue;
    const { tagged, default: byDefault } = field.options;
    const value = values[name];
    if (tagged !== undefined && inVersions(tagged, version) && isDefault(value, field.type, byDefault)) continue;
    out[name] = fieldJson(value, field.type, version);
  }
  return out;
}

function fieldJson(value: unknown, type: FieldType, version: number): unknown {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case 'struct':
      return structJson(type.fields, version, value as Values);
    case 'array':
      return (value as readonly unknown[]).map((element) => fieldJson(element, type.element, version));
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'records':
      return (value as Uint8Array).length;
    case 'int64Bits':
      return Number(value as bigint);
    case 'int64':
      return value === INT64_MAX ? maxMark : value;
    default:
      return value;
  }
}

function isDefault(value: unknown, type: FieldType, byDefault: unknown): boolean {
  if (byDefault !== undefined) return value === byDefault;
  switch (type.kind) {
    case 'array':
    case 'bytes':
      return value !== null && (value as { readonly length: number }).length === 0;
    case 'struct':
      return value === null;
    case 'bool':
      return value === false;
    case 'string':
      return value === '';
    case 'uuid':
      return value === 'AAAAAAAAAAAAAAAAAAAAAA';
    default:
      return value === 0;
  }
}
