import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeleteRecordsResponse } from '../../../src/protocol/api/delete_records.js';
import type { ListOffsetsResponse } from '../../../src/protocol/api/list_offsets.js';
import type { OffsetForLeaderEpochResponse } from '../../../src/protocol/api/offset_for_leader_epoch.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeBatch } from '../../../src/records/index.js';
import { BrokerFixture } from '../../support/broker_fixture.js';
import { loadAll } from '../../support/cold_log.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open({ 'millrace.flush.mode': 'os' });
});
afterEach(() => fixture.close());

const base = 1_699_999_000_000;

/** One batch with records at `base` plus these. */
function append(topic: string, timestamps: readonly number[]): void {
  const bytes = encodeBatch({
    records: timestamps.map((ms) => ({ timestampMs: base + ms, key: null, value: Buffer.from('v'), headers: [] })),
  });
  const result = fixture.partition(topic).append(bytes, 1, { nowMs: fixture.time.wallMs(), produceVersion: 9 });
  expect(result.errorCode).toBe(0);
}

async function list(timestamp: number, more: { topic?: string; version?: number; epoch?: number } = {}) {
  const response = await fixture.call<ListOffsetsResponse>('ListOffsets', more.version ?? 11, {
    replicaId: -1,
    topics: [
      {
        name: more.topic ?? 't',
        partitions: [{ partitionIndex: 0, timestamp, currentLeaderEpoch: more.epoch ?? -1 }],
      },
    ],
  });
  const found = response.topics[0]?.partitions[0];
  if (found === undefined) throw new Error('not answered');
  return found;
}

/** `time@offset`, time relative to `base`. */
async function at(timestamp: number): Promise<string> {
  const found = await list(timestamp);
  expect(found.errorCode).toBe(0);
  return `${found.timestamp < 0 ? found.timestamp : found.timestamp - base}@${found.offset}`;
}

async function deleteBelow(offset: number) {
  const response = await fixture.call<DeleteRecordsResponse>('DeleteRecords', 2, {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }],
  });
  return response.topics[0]?.partitions[0];
}

describe('ListOffsets', () => {
  beforeEach(async () => {
    await fixture.createTopic('t');
    append('t', [100, 5]);
    append('t', [20, 200, 200]);
    append('t', [150]);
  });

  it.each([
    ['a time', base + 150, { timestamp: base + 200, offset: 3 }],
    ['the largest timestamp', -3, { timestamp: base + 200, offset: 3 }],
  ])('finds %s in a log that is not in memory, and waits for nothing meanwhile', async (_, timestamp, found) => {
    const cold = fixture.store.makeCold('t-0', 3);
    expect(await loadAll(cold, list(timestamp))).toMatchObject({ errorCode: 0, ...found });
    expect([cold.loads.length, cold.waits]).toEqual([3, []]);
  });

  it('knows the special timestamps', async () => {
    const places: Record<string, number> = { latest: -1, earliest: -2, max: -3, local: -4, tiered: -5, pending: -6 };
    const found: Record<string, string> = {};
    for (const [name, timestamp] of Object.entries(places)) found[name] = await at(timestamp);
    expect(found).toEqual({
      latest: '-1@6',
      earliest: '-1@0',
      max: '200@3',
      local: '-1@0',
      tiered: '-1@-1',
      pending: '-1@-1',
    });
    expect((await list(-7)).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION);
  });

  it.each([
    [-3, 7],
    [-4, 8],
    [-5, 9],
    [-6, 11],
  ])('timestamp %i exists from version %i on', async (timestamp, version) => {
    expect((await list(timestamp, { version })).errorCode).toBe(0);
    expect((await list(timestamp, { version: version - 1 })).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION);
  });

  it('finds the first record at or after a time', async () => {
    expect(await at(0)).toBe('100@0');
    expect(await at(base + 100)).toBe('100@0');
    expect(await at(base + 101)).toBe('200@3');
    expect(await at(base + 200)).toBe('200@3');
    expect(await at(base + 201)).toBe('-1@-1');
  });

  it('after a deletion inside a batch goes on to the next ones', async () => {
    expect(await deleteBelow(1)).toMatchObject({ errorCode: 0, lowWatermark: 1 });
    expect(await at(-2)).toBe('-1@1');
    expect(await at(0)).toBe('5@1');
    // The batch that fits by its header has only a deleted record of that time.
    expect(await at(base + 50)).toBe('200@3');
    await deleteBelow(5);
    expect(await at(base + 50)).toBe('150@5');
    expect(await at(base + 151)).toBe('-1@-1');
    expect(await at(-3)).toBe('150@5');
    await deleteBelow(-1);
    expect([await at(-2), await at(-1), await at(0)]).toEqual(['-1@6', '-1@6', '-1@-1']);
  });

  it('looks through many batches when it must, and not above the high watermark', async () => {
    await fixture.createTopic('g', 1, { 'millrace.flush.mode': 'group' });
    append('g', [900, 1]);
    for (let i = 0; i < 200; i += 1) append('g', [1]);
    append('g', [500]);
    await fixture.store.flush();
    append('g', [800]);
    fixture.partition('g').deleteRecords(1);
    expect(await list(base + 400, { topic: 'g' })).toMatchObject({ offset: 202, timestamp: base + 500 });
    expect(await list(base + 600, { topic: 'g' })).toMatchObject({ offset: -1 });
    expect(await list(-1, { topic: 'g' })).toMatchObject({ offset: 203 });
  });

  it('checks the epoch of the client, and tells that of the record', async () => {
    fixture.partition('t').leaderEpoch = 3;
    append('t', [300]);
    expect(await list(-1, { epoch: 3 })).toMatchObject({ errorCode: 0, leaderEpoch: 3, offset: 7 });
    expect((await list(-1, { epoch: 2 })).errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect((await list(-1, { epoch: 4 })).errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
    expect(await list(base + 100)).toMatchObject({ leaderEpoch: 0 });
    expect(await list(base + 300)).toMatchObject({ leaderEpoch: 3 });
    expect(await list(-2)).toMatchObject({ leaderEpoch: 0 });
  });

  it('refuses unknown partitions, repeated ones, and those offline', async () => {
    expect((await list(-1, { topic: 'u' })).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const twice = await fixture.call<ListOffsetsResponse>('ListOffsets', 7, {
      replicaId: -1,
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 0, timestamp: -1 },
            { partitionIndex: 0, timestamp: -2 },
          ],
        },
      ],
    });
    expect(twice.topics[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.INVALID_REQUEST]);
    fixture.store.fail();
    expect((await list(-1)).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  });
});

describe('DeleteRecords', () => {
  it('outlives a crash that follows its answer', async () => {
    const topicId = await fixture.createTopic('t');
    append('t', [1, 2, 3]);
    append('t', [4, 5]);
    expect(await deleteBelow(4)).toMatchObject({ errorCode: 0, lowWatermark: 4 });
    const { directory } = fixture;
    const config = fixture.partition('t').log?.config;
    if (config === undefined) throw new Error('not open');
    await fixture.logs.abandon();
    const again = await BrokerFixture.open({}, { directory });
    const log = await again.logs.openLog('t', 0, topicId, config, () => undefined);
    expect([log.log.logStartOffset, log.log.logEndOffset]).toEqual([4, 5]);
    await fixture.metadataStore.close();
    fixture = again;
  });

  it('refuses what is not there, above the high watermark, or only compacted', async () => {
    await fixture.createTopic('t');
    await fixture.createTopic('compacted', 1, { 'cleanup.policy': 'compact' });
    append('t', [1]);
    const response = await fixture.call<DeleteRecordsResponse>('DeleteRecords', 2, {
      topics: [
        { name: 't', partitions: [-2, 2].map((offset) => ({ partitionIndex: 0, offset })) },
        { name: 't', partitions: [{ partitionIndex: 1, offset: 0 }] },
        { name: 'u', partitions: [{ partitionIndex: 0, offset: 0 }] },
        { name: 'compacted', partitions: [{ partitionIndex: 0, offset: 0 }] },
      ],
    });
    expect(response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
      ErrorCode.OFFSET_OUT_OF_RANGE,
      ErrorCode.OFFSET_OUT_OF_RANGE,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.POLICY_VIOLATION,
    ]);
    expect(fixture.partition('t').log?.log.logStartOffset).toBe(0);
  });
});

describe('OffsetForLeaderEpoch', () => {
  it('tells where an epoch ended, never above the high watermark', async () => {
    await fixture.createTopic('t');
    append('t', [1, 2]);
    fixture.partition('t').leaderEpoch = 4;
    append('t', [3]);
    const ask = async (leaderEpoch: number, currentLeaderEpoch = -1) => {
      const response = await fixture.call<OffsetForLeaderEpochResponse>('OffsetForLeaderEpoch', 4, {
        replicaId: -1,
        topics: [{ topic: 't', partitions: [{ partition: 0, leaderEpoch, currentLeaderEpoch }] }],
      });
      const found = response.topics[0]?.partitions[0];
      return [found?.errorCode, found?.leaderEpoch, found?.endOffset];
    };
    expect(await ask(0)).toEqual([0, 0, 2]);
    expect(await ask(2)).toEqual([0, 0, 2]);
    expect(await ask(4)).toEqual([0, 4, 3]);
    expect(await ask(5)).toEqual([0, -1, -1]);
    expect(await ask(-1)).toEqual([0, -1, -1]);
    expect(await ask(0, 3)).toEqual([ErrorCode.FENCED_LEADER_EPOCH, -1, -1]);
    expect(await ask(0, 5)).toEqual([ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1]);
  });
});
