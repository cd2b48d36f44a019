import type { Timers } from '../../common/ports/index.js';
import { DecodeError } from '../../protocol/reader.js';
import { controlTypeOf, type DecodedRecord, decodeBatches, type RecordBatch } from '../../records/index.js';
import type { CoordinatorLog } from './log.js';
import type { CoordinatorMachine } from './machine.js';

/** A record without a key cannot be decoded, and counts as damaged. */
const noKey = new Uint8Array(0);

export interface LoadOptions<Rec> {
  readonly timers: Timers;
  /** Read (and replayed) in one turn of the event loop, bytes. */
  readonly bufferBytes: number;
  readonly cancelled: () => boolean;
  /** `offset` is where the record lies. */
  readonly apply: (record: Rec, offset: number) => void;
}

export interface LoadCounts {
  readonly records: number;
  readonly bytes: number;
  /** Of a kind that the machine does not know. */
  readonly unknown: number;
  /** Key or value do not follow their schema. */
  readonly damaged: number;
}

/**
 * Replays a log from its start to its end, a buffer per turn, so that whatever else the broker does goes on.
 * Rejects when the log cannot be read; single records that make no sense are counted and skipped.
 */
export async function loadRecords<State, Command, Rec, Reply>(
  machine: CoordinatorMachine<State, Command, Rec, Reply>,
  log: CoordinatorLog,
  options: LoadOptions<Rec>,
): Promise<LoadCounts> {
  const counts = { records: 0, bytes: 0, unknown: 0, damaged: 0 };
  let offset = log.logStartOffset;
  while (offset < log.logEndOffset && !options.cancelled()) {
    const readFrom = offset;
    const bytes = await log.read(offset, options.bufferBytes);
    if (options.cancelled()) break;
    for (const batch of decodeBatches(bytes)) {
      counts.bytes += batch.sizeBytes;
      replay(machine, batch, options.apply, counts);
      offset = Math.max(offset, batch.lastOffset + 1);
    }
    // Compaction may have removed the last batches: nothing more to read is the end, whatever the offsets say.
    if (offset === readFrom) break;
    await new Promise<void>((resolve) => options.timers.soon(resolve));
  }
  return counts;
}

function replay<State, Command, Rec, Reply>(
  machine: CoordinatorMachine<State, Command, Rec, Reply>,
  batch: RecordBatch,
  apply: (record: Rec, offset: number) => void,
  counts: { records: number; unknown: number; damaged: number },
): void {
  const producerId = batch.isTransactional ? batch.producerId : -1;
  for (const found of batch.records) {
    counts.records += 1;
    try {
      const key = found.key ?? noKey;
      const record = batch.isControl
        ? endOfTransaction(machine, found, batch.producerId)
        : machine.decode({ key, value: found.value }, { producerId });
      if (record !== undefined) apply(record, found.offset);
      else counts.unknown += 1;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counts.damaged += 1;
    }
  }
}

/** Undefined for markers that end no transaction. */
function endOfTransaction<State, Command, Rec, Reply>(
  machine: CoordinatorMachine<State, Command, Rec, Reply>,
  marker: DecodedRecord,
  producerId: number,
): Rec | undefined {
  const type = controlTypeOf(marker);
  return type === 'COMMIT' || type === 'ABORT'
    ? machine.decodeEndOfTransaction(producerId, type === 'COMMIT')
    : undefined;
}
