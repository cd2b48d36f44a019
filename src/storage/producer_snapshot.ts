import { crc32c } from '../common/crc32c.js';
import { DecodeError, Reader } from '../protocol/reader.js';
import { ProducerSnapshot } from '../protocol/records/storage.js';
import { Writer } from '../protocol/writer.js';
import type { ProducerEntry } from './producer_state.js';

// Kafka's `.snapshot`: int16 version 1, uint32 CRC-32C of everything behind it, then the producers. Of each only the last batch is
// kept: after a restart a repeated send is recognised if it was the last one. Of an open transaction it has the first offset.

const version = 1;
const crcAt = 2;
const entriesAt = 6;

export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>): Uint8Array {
  const writer = new Writer(256);
  writer.int16(version);
  const producerEntries = [...entries].map((entry) => {
    const last = entry.batches.at(-1);
    return {
      producerId: entry.producerId,
      epoch: entry.producerEpoch,
      lastSequence: last?.lastSequence ?? -1,
      lastOffset: last?.lastOffset ?? -1,
      offsetDelta: last === undefined ? 0 : last.lastOffset - last.baseOffset,
      timestamp: entry.lastTimestampMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnFirstOffset: entry.currentTxnFirstOffset,
    };
  });
  ProducerSnapshot.encode(writer, version, { crc: 0, producerEntries });
  const bytes = Uint8Array.from(writer.bytes());
  new DataView(bytes.buffer).setUint32(crcAt, crc32c(bytes.subarray(entriesAt)));
  return bytes;
}

/** Undefined when the bytes are not a snapshot or are damaged: then the state is replayed from the log. */
export function decodeProducerSnapshot(bytes: Uint8Array): ProducerEntry[] | undefined {
  try {
    const reader = new Reader(bytes);
    if (reader.int16() !== version) return undefined;
    const snapshot = ProducerSnapshot.decode(reader, version);
    if (reader.remaining !== 0 || snapshot.crc !== crc32c(bytes.subarray(entriesAt))) return undefined;
    return snapshot.producerEntries.map((entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      lastAppendMs: entry.timestamp,
      lastTimestampMs: entry.timestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnFirstOffset: entry.currentTxnFirstOffset,
      batches:
        entry.lastOffset < 0
          ? []
          : [
              {
                baseSequence: entry.lastSequence < 0 ? -1 : subtractSequence(entry.lastSequence, entry.offsetDelta),
                lastSequence: entry.lastSequence,
                baseOffset: entry.lastOffset - entry.offsetDelta,
                lastOffset: entry.lastOffset,
                timestampMs: entry.timestamp,
              },
            ],
    }));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function subtractSequence(sequence: number, decrement: number): number {
  return sequence >= decrement ? sequence - decrement : 0x8000_0000 - (decrement - sequence);
}
