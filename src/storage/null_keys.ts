import { decodeBatch, RecordBatchError } from '../records/index.js';

/**
 * Indexes of the records without a key in one batch, for compacted topics only. Decompresses where it must (bounded), so it costs
 * more than an append to an ordinary topic. 'corrupt': the records cannot be read.
 */
export function findNullKeys(bytes: Uint8Array): readonly number[] | 'corrupt' {
  try {
    const { records } = decodeBatch(bytes, { checkCrc: false });
    return records.flatMap((record, index) => (record.key === null ? [index] : []));
  } catch (error) {
    if (error instanceof RecordBatchError) return 'corrupt';
    throw error;
  }
}
