import type { AbortedTransaction, BatchInfo, ScannedBatch } from '../common/ports/index.js';

// Numbers of the addon as values of the port.

/** Of a batch header. */
export const headerFields = 11;
/** The same with the type and the coordinator epoch of a transaction marker. */
const scanFields = 13;
const abortedFields = 4;

/** Fills `into` from the numbers of a batch header at `at`. */
export function readHeader(from: Float64Array, at: number, into: BatchInfo): void {
  into.baseOffset = from[at] as number;
  into.sizeBytes = from[at + 1] as number;
  into.leaderEpoch = from[at + 2] as number;
  into.attributes = from[at + 3] as number;
  into.lastOffsetDelta = from[at + 4] as number;
  into.baseTimestampMs = from[at + 5] as number;
  into.maxTimestampMs = from[at + 6] as number;
  into.producerId = from[at + 7] as number;
  into.producerEpoch = from[at + 8] as number;
  into.baseSequence = from[at + 9] as number;
  into.recordCount = from[at + 10] as number;
}

/** A batch header with nothing in it, to be filled by `inspectBatch`. */
export function emptyBatchInfo(): BatchInfo {
  return {
    baseOffset: 0,
    sizeBytes: 0,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 0,
  };
}

export function scannedBatches(flat: Float64Array): ScannedBatch[] {
  return Array.from({ length: flat.length / scanFields }, (_, index) => {
    const at = index * scanFields;
    const type = flat[at + headerFields] as number;
    const coordinatorEpoch = flat[at + headerFields + 1] as number;
    const marker = type < 0 ? undefined : ({ type: type === 0 ? 'ABORT' : 'COMMIT', coordinatorEpoch } as const);
    const scanned = { ...emptyBatchInfo(), marker };
    readHeader(flat, at, scanned);
    return scanned;
  });
}

export function abortedTransactions(flat: Float64Array): AbortedTransaction[] {
  return Array.from({ length: flat.length / abortedFields }, (_, index) => ({
    producerId: flat[index * abortedFields] as number,
    firstOffset: flat[index * abortedFields + 1] as number,
    lastOffset: flat[index * abortedFields + 2] as number,
    lastStableOffset: flat[index * abortedFields + 3] as number,
  }));
}
