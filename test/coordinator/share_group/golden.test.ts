import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/common/ids.js';
import { shareOf } from '../../../src/coordinator/group/kinds.js';
import { groupMachine } from '../../../src/coordinator/group/machine.js';
import { decodeGroupRecord, encodeGroupRecord } from '../../../src/coordinator/group/records.js';
import { applyGroupRecord, newGroupState } from '../../../src/coordinator/group/state.js';
import type { ReplyToken } from '../../../src/coordinator/runtime/machine.js';
import type { ShareGroupDescribeResponse } from '../../../src/protocol/api/share_group_describe.js';
import { decodeBatches, encodeBatch, splitBatches } from '../../../src/records/index.js';
import { testConfig } from '../../scenarios/drivers.js';
import { TestMetadata } from '../support/metadata.js';

// The segment of __consumer_offsets that Apache Kafka 4.3.1 wrote while test/compat/record-share-session was played to it.
const golden = Buffer.from(
  readFileSync(join(import.meta.dirname, '../../golden/session/share__consumer_offsets.hex'), 'utf8').replaceAll(
    '\n',
    '',
  ),
  'hex',
);

const transcript = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/session/share-kafka-4.3.1.json'), 'utf8'),
) as Record<string, Partial<ShareGroupDescribeResponse>>;

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

  // Kafka was asked now and then; when the records up to some batch are replayed, the same is said of the group here.
  it('describe groups as Kafka did while it wrote them', () => {
    const metadata = new TestMetadata();
    const batches = [...splitBatches(golden)].flatMap((bytes) => [...decodeBatches(bytes)]);
    const records = batches.map((batch) =>
      batch.records.flatMap(
        ({ key, value }) => decodeGroupRecord({ key: key ?? Buffer.alloc(0), value }, producer) ?? [],
      ),
    );
    for (const record of records.flat())
      if (record.kind === 'share-partitions')
        for (const { topicId, topicName } of record.value?.initializingTopics ?? [])
          if (!metadata.current().topicsByName.has(topicName)) metadata.add(topicName, 2, topicId);
    const machine = groupMachine({ ...rules, ...testConfig }, () => metadata.current());
    const state = machine.newState();
    const topics = { topicsCreated: true, topicsChanged: true };
    machine.apply(state, { kind: 'metadata', image: metadata.current(), ...topics });
    const said = new Set<string>();
    for (const batch of records) {
      for (const record of batch) machine.apply(state, record);
      const command = { kind: 'share-describe', token: {} as ReplyToken, groupIds: [...state.groups.keys()] } as const;
      for (const { reply } of machine.decide(state, command, 0).replies)
        if (reply.kind === 'share-describe') for (const group of reply.groups) said.add(shown(group));
    }
    const described = Object.values(transcript).flatMap(({ groups = [] }) =>
      groups.filter((group) => group.errorCode === 0 && group.assignorName !== undefined),
    );
    expect(described.length).toBeGreaterThan(3);
    for (const group of described) expect([...said]).toContain(shown(group));
  });
});

const rules = { initialRebalanceDelayMs: 0, maxSize: 10, offsetsRetentionMs: 1e9 };

/** Without what a run of its own has: ids of topics, their order by id, and what the client may do. */
function shown(group: object): string {
  return JSON.stringify(group, (name, value: unknown) => {
    if (name === 'topicId' || name === 'authorizedOperations' || name === 'errorMessage') return undefined;
    if (name !== 'topicPartitions' && name !== 'members' && name !== 'subscribedTopicNames') return value;
    return [...(value as unknown[])].map((one) => shown({ one })).sort();
  });
}
