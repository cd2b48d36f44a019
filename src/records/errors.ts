/**
 * Why a batch cannot be read or written:
 *
 * - `CORRUPT`: bytes that are no batch, or a CRC that does not match → CORRUPT_MESSAGE
 * - `INVALID`: a well-formed batch whose records contradict its header → INVALID_RECORD
 * - `TOO_LARGE`: decompressing would give more bytes than the caller allows → MESSAGE_TOO_LARGE
 * - `UNSUPPORTED_CODEC`: compression bits above 4, or a codec this process cannot run → UNSUPPORTED_COMPRESSION_TYPE
 */
export type RecordBatchProblem = 'CORRUPT' | 'INVALID' | 'TOO_LARGE' | 'UNSUPPORTED_CODEC';

export class RecordBatchError extends Error {
  override readonly name = 'RecordBatchError';
  constructor(
    readonly problem: RecordBatchProblem,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

export function corrupt(message: string): never {
  throw new RecordBatchError('CORRUPT', message);
}
