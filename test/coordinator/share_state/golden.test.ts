import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeShareStateRecord, encodeShareStateRecord } from '../../../src/coordinator/share_state/records.js';
import { decodeBatches, encodeBatch, splitBatches } from '../../../src/records/index.js';

// The segment of __share_group_state that Apache Kafka 4.3.1 wrote while test/compat/record-share-session was played to it.
const golden = Buffer.from(
  readFileSync(join(import.meta.dirname, '../../golden/session/share__share_group_state.hex'), 'utf8').replaceAll(
    '\n',
    '',
  ),
  'hex',
);

describe('records of __share_group_state', () => {
  it('are byte for byte those of Kafka, batches included', () => {
    const kinds = { snapshot: 0, update: 0, tombstone: 0 };
    for (const bytes of splitBatches(golden)) {
      const [batch] = [...decodeBatches(bytes)];
      if (batch === undefined) continue;
      const records = batch.records.map(({ key, value, timestampMs }) => {
        const record = decodeShareStateRecord({ key: key ?? Buffer.alloc(0), value });
        if (record === undefined) throw new Error('a record of an unknown kind');
        kinds[record.value === undefined ? 'tombstone' : record.kind] += 1;
        return { timestampMs, ...encodeShareStateRecord(record) };
      });
      const { baseOffset, leaderEpoch } = batch;
      const again = encodeBatch({ records, baseOffset, leaderEpoch, baseSequence: 0 });
      expect(again.toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    }
    expect(kinds.snapshot).toBeGreaterThan(10);
    expect(kinds.update).toBeGreaterThan(10);
    expect(kinds.tombstone).toBeGreaterThan(2);
  });
});
