import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/common/ids.js';
import { shareOf } from '../../../src/coordinator/group/kinds.js';
import { decodeGroupRecord, encodeGroupRecord } from '../../../src/coordinator/group/records.js';
import { applyGroupRecord, newGroupState } from '../../../src/coordinator/group/state.js';
import { decodeBatches, encodeBatch, splitBatches } from '../../../src/records/index.js';

// The segment of __consumer_offsets that Apache Kafka 4.3.1 wrote while test/compat/record-share-session was played to it.
const golden = Buffer.from(
  readFileSync(join(import.meta.dirname, '../../golden/session/share__consumer_offsets.hex'), 'utf8').replaceAll(
    '\n',
    '',
  ),
  'hex',
);

const producer = { producerId: -1, producerEpoch: -1, isTransactional: false };

describe('records of share groups', () => {
  it('are byte for byte those of Kafka, batches included, and say the same', () => {
    const state = newGroupState();
    const kinds = new Map<string, number>();
    const undone: Array<() => void> = [];
    for (const bytes of splitBatches(golden)) {
      const [batch] = [...decodeBatches(bytes)];
      if (batch === undefined) continue;
      const records = batch.records.map(({ key, value, timestampMs }) => {
        const record = decodeGroupRecord({ key: key ?? Buffer.alloc(0), value }, producer);
        if (record === undefined) throw new Error('a record of an unknown kind');
        kinds.set(record.kind, (kinds.get(record.kind) ?? 0) + 1);
        applyGroupRecord(state, record, undone);
        const again = encodeGroupRecord(record);
        if (again === undefined) throw new Error(`${record.kind} is written`);
        return { timestampMs, ...again };
      });
      const { baseOffset, leaderEpoch } = batch;
      const again = encodeBatch({ records, baseOffset, leaderEpoch, baseSequence: 0 });
      expect(again.toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    }
    expect([...kinds.keys()].sort()).toEqual([
      'share-group',
      'share-member',
      'share-member-current',
      'share-member-target',
      'share-partitions',
      'share-target',
    ]);
    const groups = [...state.groups.values()].map((found) => {
      const group = shareOf(found);
      if (group === undefined) throw new Error('a group of another type');
      const { partitionStates: states } = group;
      return [
        group.groupId,
        group.state,
        group.head.groupEpoch,
        group.head.assignmentEpoch,
        [...group.members()].map(({ memberId, memberEpoch }) => `${memberId} ${memberEpoch}`).join(),
        [...states.initialized.values()].map(({ name, partitions }) => `${name} ${partitions.join()}`).join(),
        states.initializing.size + states.deleting.size,
      ].join(' | ');
    });
    expect(groups).toMatchInlineSnapshot(`
      [
        "sg | Stable | 7 | 7 | m-1 7 | s-one 0,s-two 0,1 | 0",
        "sd | Stable | 3 | 3 | d-1 3 | s-one 0 | 0",
        "sb | Stable | 3 | 3 | b-1 3 | s-two 0,1 | 0",
        "sr | Stable | 3 | 3 | r-1 3 | s-two 0,1 | 0",
        "sl | Stable | 3 | 3 | l-1 3 | s-one 0 | 0",
      ]
    `);
    for (const undo of undone.reverse()) undo();
    expect(state).toEqual({ ...newGroupState(), image: state.image });
    expect(state.image.topicsById.has(ZERO_UUID)).toBe(false);
  });
});
