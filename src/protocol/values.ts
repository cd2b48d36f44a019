import type { FileRegion } from '../common/ports/index.js';

/** Record bytes of a response or request: in memory, in a file, or several of these one after the other. */
export type RecordsValue = Uint8Array | FileRegion | ReadonlyArray<Uint8Array | FileRegion>;

/** Bytes of a records value. */
export function recordsSize(value: RecordsValue): number {
  if (value instanceof Uint8Array) return value.length;
  if ('kind' in value) return value.sizeBytes;
  return value.reduce((sum, part) => sum + recordsSize(part), 0);
}

/** A tagged field that this version of the schema does not know; decoding keeps it, encoding writes it back. */
export interface UnknownTaggedField {
  readonly tag: number;
  readonly data: Uint8Array;
}
