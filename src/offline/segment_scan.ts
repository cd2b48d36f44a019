import type { ReadableFile } from '../common/ports/index.js';
import { batchHeaderBytes, magicAt } from '../records/batch_header.js';
import { decodeBatch, decodeBatchHeader, RecordBatchError, type RecordBatchHeader } from '../records/index.js';
import { BatchWalker, findBatch, hasGoodCrc } from './batch_walk.js';

export interface ScannedBatch {
  readonly kind: 'batch';
  readonly position: number;
  readonly header: RecordBatchHeader;
  /** A view that is good until the next item is asked for. */
  readonly bytes: Buffer;
}

/** Bytes that are no batch, up to the next one that is, or to the end of the file. */
export interface Damage {
  readonly kind: 'damage';
  readonly position: number;
  readonly endPosition: number;
  readonly reason: string;
  /** Nothing good follows in this file. */
  readonly tail: boolean;
}

/**
 * The batches of a segment file in order, and what lies between them that is none: a bad CRC, a length that leads nowhere, an unknown magic,
 * or an end in the middle of a batch. After damage the next batch is looked for byte by byte. Records are not looked at.
 *
 * @param leastOffset base offset of the segment
 */
export async function* scanSegment(
  file: ReadableFile,
  leastOffset: number,
): AsyncGenerator<ScannedBatch | Damage, void, void> {
  let expected = leastOffset;
  let from = 0;
  while (from < file.sizeBytes) {
    const walker = new BatchWalker(file, from);
    let problem: { readonly position: number; readonly reason: string } | undefined;
    for (let raw = await walker.next(); raw !== undefined; raw = await walker.next()) {
      const header = headerOf(raw.bytes);
      if (typeof header === 'string') {
        problem = { position: raw.position, reason: header };
        break;
      }
      yield { kind: 'batch', position: raw.position, header, bytes: raw.bytes };
      expected = Math.max(expected, header.lastOffset + 1);
    }
    if (problem === undefined && walker.end === undefined) return;
    problem ??= { position: walker.end?.position ?? from, reason: endReason(walker, file) };
    const next = await findBatch(file, problem.position + 1, expected);
    const endPosition = next ?? file.sizeBytes;
    yield { kind: 'damage', ...problem, endPosition, tail: next === undefined };
    from = endPosition;
  }
}

function endReason({ end }: BatchWalker, file: ReadableFile): string {
  if (end?.reason === 'length') return `the length field says ${end.length}`;
  const left = file.sizeBytes - (end?.position ?? 0);
  return end?.length === undefined
    ? `the file ends after ${left} bytes of a batch's header`
    : `the file ends after ${left} bytes of a batch of ${end.length + 12}`;
}

/** The header of a sound batch, or why it is none. */
function headerOf(bytes: Buffer): RecordBatchHeader | string {
  const magic = bytes[magicAt] ?? -1;
  try {
    // Below magic 2 decoding checks the checksum.
    if (magic === 0 || magic === 1) return decodeBatch(bytes);
    if (magic !== 2) return `unknown magic ${magic}`;
    if (bytes.length < batchHeaderBytes) return `a batch of ${bytes.length} bytes is shorter than its header`;
    if (!hasGoodCrc(bytes)) return 'the CRC is wrong';
    const header = decodeBatchHeader(bytes);
    return header.lastOffset < header.baseOffset
      ? `last offset delta ${header.lastOffset - header.baseOffset}`
      : header;
  } catch (error) {
    if (error instanceof RecordBatchError) return error.message;
    throw error;
  }
}
