export { advanceSequence, batchHeaderBytes, decodeBatchHeader } from './batch_header.js';
export {
  type Compression,
  compressionId,
  compressionOf,
  compressions,
  defaultMaxDecompressedBytes,
  prepareCompression,
} from './compression.js';
export { type ControlType, controlTypeOf, coordinatorEpochOf, encodeEndTxnMarker } from './control.js';
export { decodeBatch, decodeBatches, splitBatches } from './decode.js';
export { type BatchInput, encodeBatch, type RecordInput, recordSizeBound, resequenceBatch } from './encode.js';
export { RecordBatchError, type RecordBatchProblem } from './errors.js';
export type {
  DecodedRecord,
  DecodeOptions,
  RecordBatch,
  RecordBatchHeader,
  RecordHeader,
  TimestampType,
} from './types.js';
