import type { ResolvedField } from './resolve.js';

/** Bytes on the wire of the types that compiled codecs read and write without a call. */
export const fixedBytes = { bool: 1, int8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, int64: 8 } as const;
export type FixedKind = keyof typeof fixedBytes;

function isFixed({ field, present, tag }: ResolvedField): boolean {
  return present && tag < 0 && Object.hasOwn(fixedBytes, field.type.kind);
}

/** How many fields from `from` on are of fixed size and follow each other on the wire. */
export function fixedRun(fields: readonly ResolvedField[], from: number): number {
  let end = from;
  while (end < fields.length && isFixed(fields[end] as ResolvedField)) end += 1;
  return end - from;
}

export function runBytes(run: readonly ResolvedField[]): number {
  return run.reduce((sum, { field }) => sum + fixedBytes[field.type.kind as FixedKind], 0);
}
