import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Uuid } from '../../../src/common/ids.js';
import { groupMachine } from '../../../src/coordinator/group/machine.js';
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from '../../../src/coordinator/group/records.js';
import { GroupCoordinator } from '../../../src/coordinator/group_coordinator.js';
import { CoordinatorShard } from '../../../src/coordinator/runtime/shard.js';
import { seededRandom } from '../../../src/env/random.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { emptyImage } from '../../../src/metadata/image.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { DecodeError } from '../../../src/protocol/reader.js';
import { EncodeError } from '../../../src/protocol/writer.js';
import { decodeBatches, encodeBatch, splitBatches } from '../../../src/records/index.js';
import { testConfig } from '../../scenarios/drivers.js';
import { TestLogger } from '../support/logger.js';
import { MemoryLog } from '../support/memory_log.js';
import { TestMetadata } from '../support/metadata.js';

import { consumerRules, shareRules, streamsRules } from '../support/rules.js';

// A segment of __consumer_offsets as Apache Kafka 4.3.1 wrote it: a static member's group, offsets alone with a retention
// time of their own, a deleted group, a KIP-848 group, and offsets of three transactions: committed, aborted, open.
const golden = Buffer.from(
  readFileSync(join(import.meta.dirname, '../golden/consumer_offsets_4.3.1.hex'), 'utf8').replaceAll('\n', ''),
  'hex',
);
const topicT = 'vdOb3fYPRD20-StZS-vw1Q' as Uuid;
const staticMember = 'i1-b1f75953-d3cf-4f0b-944e-7b6a6c1d8587';

function goldenLog(): MemoryLog {
  const log = new MemoryLog();
  for (const batch of splitBatches(golden)) log.append(batch);
  return log;
}

describe('records of __consumer_offsets', () => {
  it('are byte for byte those of Kafka, batches included', () => {
    let same = 0;
    for (const bytes of splitBatches(golden)) {
      const [batch] = [...decodeBatches(bytes)];
      if (batch === undefined || batch.producerId !== -1) continue;
      const records = batch.records.map(({ key, value, timestampMs }) => {
        const decoded = decodeGroupRecord({ key: key ?? Buffer.alloc(0), value }, { producerId: -1 });
        return decoded === undefined ? undefined : { timestampMs, encoded: encodeGroupRecord(decoded) };
      });
      if (records.includes(undefined)) continue;
      const again = encodeBatch({
        records: records.map((record) => ({ timestampMs: record?.timestampMs ?? 0, ...record?.encoded })),
        baseOffset: batch.baseOffset,
        leaderEpoch: batch.leaderEpoch,
        baseSequence: 0,
      });
      expect(again.toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
      same += 1;
    }
    expect(same).toBe(8);
  });

  it('load as Kafka meant them', async () => {
    const time = new VirtualTime({ startWallMs: 1_795_521_800_000 });
    const logger = new TestLogger();
    const metadata = new TestMetadata({ __consumer_offsets: 1 });
    metadata.add('t', 3, topicT);
    metadata.add('u', 1);
    const coordinator = new GroupCoordinator({
      clock: time,
      timers: time,
      random: seededRandom(1),
      logger,
      config: testConfig,
      metadata,
    });
    const log = goldenLog();
    log.commit();
    await coordinator.startPartition(0, log);
    const { groups } = await coordinator.listGroups({ states: [], types: [] });
    const listed = groups.map(({ groupId, groupState, protocolType }) => `${groupId} ${groupState} ${protocolType}`);
    expect(listed.sort()).toEqual(['modern Stable consumer', 'simple Empty ', 'static Stable consumer', 'txn Empty ']);
    const [described] = await coordinator.describeGroups(['static']);
    expect(described?.group?.members?.map(({ memberId, groupInstanceId }) => [memberId, groupInstanceId])).toEqual([
      [staticMember, 'i1'],
    ]);
    const heartbeat = { groupId: 'static', generationId: 1, memberId: staticMember, groupInstanceId: 'i1' };
    expect(await coordinator.heartbeat(heartbeat)).toBe(ErrorCode.NONE);
    const fetched = async (groupId: string, requireStable: boolean): Promise<string[]> => {
      const topics = ['t', 'u'].map((name) => ({ name, topicId: 'A'.repeat(22) as Uuid, partitionIndexes: [0, 1, 2] }));
      const answer = await coordinator.fetchOffsets({
        groupId,
        memberId: null,
        memberEpoch: -1,
        requireStable,
        topics,
      });
      return answer.topics.flatMap(({ name, partitions }) =>
        partitions
          .filter((p) => p.committedOffset >= 0 || p.errorCode !== ErrorCode.NONE)
          .map(
            (p) =>
              `${name}/${p.partitionIndex}=${p.committedOffset}@${p.committedLeaderEpoch}:${p.metadata} ${p.errorCode}`,
          ),
      );
    };
    expect(await fetched('static', false)).toEqual(['t/0=3@0:é 0', 't/1=4@-1: 0']);
    expect(await fetched('simple', false)).toEqual(['u/0=7@-1: 0']);
    expect(await fetched('gone', false)).toEqual([]);
    // The commit of the first transaction counts, the abort of the second does not, the third has not ended.
    expect(await fetched('txn', false)).toEqual(['t/0=40@-1: 0', 't/1=41@-1: 0']);
    expect(await fetched('txn', true)).toEqual([
      't/0=40@-1: 0',
      't/1=41@-1: 0',
      `u/0=-1@-1: ${ErrorCode.UNSTABLE_OFFSET_COMMIT}`,
    ]);
    expect(logger.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
    // A retention time of three years, and an open transaction, keep theirs.
    await time.advance('30d');
    const after = await coordinator.listGroups({ states: [], types: [] });
    expect(after.groups.map(({ groupId }) => groupId)).toEqual(['simple', 'txn']);
    coordinator.close();
    expect(time.pendingTimers).toBe(0);
  });

  it('skips what is damaged, and says how much', async () => {
    const time = new VirtualTime({ startWallMs: 0 });
    const logger = new TestLogger();
    const log = new MemoryLog();
    const key = (type: number, ...rest: number[]): Buffer => Buffer.from([0, type, ...rest]);
    const offsetKey = key(1, 0, 1, 0x67, 0, 1, 0x74, 0, 0, 0, 0);
    const value = encodeGroupRecord(commitOf('g'))?.value ?? null;
    log.append(
      encodeBatch({
        records: [
          { timestampMs: 1, key: key(1, 0, 9), value: null },
          { timestampMs: 1, key: key(2, 0, 1, 0x67), value: Buffer.from([0, 99]) },
          { timestampMs: 1, key: offsetKey, value: Buffer.from([0, 4, 1]) },
          { timestampMs: 1, key: null, value: null },
          { timestampMs: 1, key: key(77), value: null },
          { timestampMs: 1, key: offsetKey, value },
        ],
        compression: 'gzip',
      }),
    );
    const rules = {
      initialRebalanceDelayMs: 0,
      maxSize: 10,
      offsetMetadataMaxBytes: 10,
      offsetsRetentionMs: 1e9,
      offsetsRetentionCheckIntervalMs: 1e9,
      consumer: consumerRules,
      share: shareRules,
      streams: streamsRules,
    };
    const shard = new CoordinatorShard(
      groupMachine(rules, () => emptyImage),
      log,
      {
        name: 'p',
        clock: time,
        timers: time,
        logger,
        appendLingerMs: -1,
        commitTimeoutMs: 1,
        loadBufferBytes: 1,
      },
    );
    await shard.load();
    expect(shard.current.offsets.get('g', 't', 0)?.offset).toBe(5);
    expect(logger.lines).toEqual([
      'info p: loaded 6 records in 0 ms',
      'warn p: left 1 records alone whose kind this version does not know',
      'warn p: skipped 4 records that could not be decoded',
    ]);
    shard.close();
  });

  it('refuses versions that do not exist', () => {
    const encoded = encodeGroupRecord(commitOf('g'));
    if (encoded?.value == null) throw new Error('not encoded');
    encoded.value[1] = 9;
    expect(() => decodeGroupRecord(encoded, { producerId: -1 })).toThrow(DecodeError);
  });

  it('cannot hold more than its types', () => {
    expect(() => encodeGroupRecord(commitOf('x'.repeat(40_000)))).toThrow(EncodeError);
  });
});

function commitOf(groupId: string): GroupRecord {
  const committed = {
    offset: 5,
    leaderEpoch: -1,
    metadata: '',
    commitTimestampMs: 1,
    expireTimestampMs: -1,
    topicId: topicT,
  };
  return { kind: 'offset', groupId, topic: 't', partition: 0, committed, producerId: -1 };
}
