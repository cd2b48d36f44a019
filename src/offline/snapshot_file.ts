import { crc32c } from '../common/crc32c.js';
import { DecodeError, Reader } from '../protocol/reader.js';
import { ProducerSnapshot } from '../protocol/records/storage.js';

export type SnapshotEntry = ProducerSnapshot['producerEntries'][number];

const version = 1;
const entriesAt = 6;

/** The entries as they stand in a `.snapshot` file; a text says why there are none. */
export function readSnapshot(bytes: Uint8Array): readonly SnapshotEntry[] | string {
  try {
    const reader = new Reader(bytes);
    const found = reader.int16();
    if (found !== version) return `version ${found}, not ${version}`;
    const { crc, producerEntries } = ProducerSnapshot.decode(reader, version);
    if (reader.remaining !== 0) return `${reader.remaining} bytes behind the last producer`;
    const actual = crc32c(bytes.subarray(entriesAt));
    return actual === crc ? producerEntries : `the CRC is ${actual}, the file says ${crc}`;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}
