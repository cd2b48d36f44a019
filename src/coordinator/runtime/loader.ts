import { assert } from '../../common/assert.js';
import type { Timers } from '../../common/ports/index.js';
import { DecodeError } from '../../protocol/reader.js';
import { decodeRecords, type LoadedBatch } from './batches.js';
import type { CoordinatorLog } from './log.js';
import type { CoordinatorMachine, EncodedRecord } from './machine.js';

export interface LoadOptions<Rec> {
  readonly timers: Timers;
  /** Read (and replayed) in one turn of the event loop, bytes. */
  readonly bufferBytes: number;
  readonly cancelled: () => boolean;
  readonly apply: (record: Rec) => void;
}

export interface LoadCounts {
  readonly records: number;
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
  const counts = { records: 0, unknown: 0, damaged: 0 };
  let offset = log.logStartOffset;
  while (offset < log.logEndOffset && !options.cancelled()) {
    const batches = await decodeRecords(log.read(offset, options.bufferBytes));
    if (options.cancelled()) break;
    assert(batches.length > 0, `there is no batch at offset ${offset} of ${log.logEndOffset}`);
    for (const batch of batches) {
      replay(machine, batch, options.apply, counts);
      offset = Math.max(offset, batch.lastOffset + 1);
    }
    await new Promise<void>((resolve) => options.timers.soon(resolve));
  }
  return counts;
}

function replay<State, Command, Rec, Reply>(
  machine: CoordinatorMachine<State, Command, Rec, Reply>,
  batch: LoadedBatch,
  apply: (record: Rec) => void,
  counts: { records: number; unknown: number; damaged: number },
): void {
  const producerId = batch.isTransactional ? batch.producerId : -1;
  for (const encoded of batch.records) {
    counts.records += 1;
    try {
      const record = batch.isControl
        ? endOfTransaction(machine, encoded, batch.producerId)
        : machine.decode(encoded, { producerId });
      if (record !== undefined) apply(record);
      else counts.unknown += 1;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counts.damaged += 1;
    }
  }
}

/** Key of a control record: version and type, 2 bytes each; type 0 aborts, 1 commits. */
function endOfTransaction<State, Command, Rec, Reply>(
  machine: CoordinatorMachine<State, Command, Rec, Reply>,
  record: EncodedRecord,
  producerId: number,
): Rec | undefined {
  const type = record.key[3];
  return type === 0 || type === 1 ? machine.decodeEndOfTransaction(producerId, type === 1) : undefined;
}
