import { afterEach, describe, expect, it } from 'vitest';
import type { Uuid } from '../../../src/common/ids.js';
import type { ShareAcknowledgeResponse } from '../../../src/protocol/api/share_acknowledge.js';
import type { ShareFetchResponse } from '../../../src/protocol/api/share_fetch.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches, encodeBatch } from '../../../src/records/index.js';
import { loadAddon } from '../../../src/storage/native.js';
import { BrokerFixture, FakeConnection, type Pending } from '../../support/broker_fixture.js';
import { loadAll } from '../../support/cold_log.js';

const open: BrokerFixture[] = [];

afterEach(async () => {
  for (const fixture of open.splice(0)) await fixture.close();
});

interface FetchSpec {
  readonly epoch?: number;
  readonly partitions?: readonly number[];
  readonly acks?: ReadonlyArray<readonly [first: number, last: number, ...types: number[]]>;
  readonly maxWaitMs?: number;
  readonly maxRecords?: number;
  readonly maxBytes?: number;
  readonly minBytes?: number;
  readonly forget?: readonly number[];
  readonly shareAcquireMode?: number;
}

/** A broker with one topic, and a group that reads it. */
class Shares {
  private readonly epochs = new Map<string, number>();
  private readonly connections = new Map<string, FakeConnection>();

  private constructor(
    readonly fixture: BrokerFixture,
    readonly topicId: Uuid,
  ) {}

  static async start(
    settings: Record<string, string> = {},
    groupConfigs: Record<string, string> = {},
  ): Promise<Shares> {
    const fixture = await BrokerFixture.open({
      'share.coordinator.state.topic.num.partitions': '1',
      'millrace.flush.mode': 'os',
      ...settings,
    });
    open.push(fixture);
    const topicId = await fixture.createTopic('t', 2);
    const shares = new Shares(fixture, topicId);
    await shares.configure({ 'share.auto.offset.reset': 'earliest', ...groupConfigs });
    await fixture.call('FindCoordinator', 6, { keyType: 2, coordinatorKeys: [`g:${topicId}:0`] });
    for (const partition of [0, 1])
      await fixture.call('InitializeShareGroupState', 0, {
        groupId: 'g',
        topics: [{ topicId, partitions: [{ partition, stateEpoch: 0, startOffset: -1 }] }],
      });
    return shares;
  }

  async configure(configs: Record<string, string>): Promise<void> {
    const answer = await this.fixture.call<{ responses: Array<{ errorCode: number; errorMessage: string | null }> }>(
      'IncrementalAlterConfigs',
      1,
      {
        resources: [
          {
            resourceType: 32,
            resourceName: 'g',
            configs: Object.entries(configs).map(([name, value]) => ({ name, configOperation: 0, value })),
          },
        ],
        validateOnly: false,
      },
    );
    expect(answer.responses[0]?.errorMessage ?? null).toBeNull();
  }

  async produce(partition: number, ...sizes: number[]): Promise<void> {
    for (const size of sizes) {
      const records = Array.from({ length: size }, (_, i) => ({
        timestampMs: 1_700_000_000_000,
        key: null,
        value: Buffer.from(`v${i}`),
      }));
      const answer = this.fixture
        .partition('t', partition)
        .append(encodeBatch({ records }), 1, { nowMs: 1_700_000_000_000, produceVersion: 13 });
      expect(answer.errorCode).toBe(ErrorCode.NONE);
    }
    await this.fixture.settle();
  }

  connection(member: string): FakeConnection {
    const known = this.connections.get(member) ?? new FakeConnection();
    this.connections.set(member, known);
    return known;
  }

  begin(
    member: string,
    { epoch, partitions = [], acks = [], forget = [], ...rest }: FetchSpec = {},
  ): Pending<ShareFetchResponse> {
    const sent = epoch ?? this.epochs.get(member) ?? 0;
    this.epochs.set(member, sent + 1);
    const asked = partitions.length > 0 || sent > 0 ? partitions : [0];
    return this.fixture.start<ShareFetchResponse>(
      'ShareFetch',
      2,
      {
        groupId: 'g',
        memberId: member,
        shareSessionEpoch: sent,
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000_000,
        maxRecords: 500,
        batchSize: 500,
        ...rest,
        topics: [
          {
            topicId: this.topicId,
            partitions: [...new Set([...asked, ...(acks.length > 0 ? [0] : [])])].map((partitionIndex) => ({
              partitionIndex,
              acknowledgementBatches:
                partitionIndex === 0
                  ? acks.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
                      firstOffset,
                      lastOffset,
                      acknowledgeTypes,
                    }))
                  : [],
            })),
          },
        ],
        forgottenTopicsData: forget.length === 0 ? [] : [{ topicId: this.topicId, partitions: [...forget] }],
      },
      this.connection(member),
    );
  }

  /** `p0: 0-4x1 [0-9]`: acquired records with delivery counts, and the offsets of the batches that were sent. */
  async fetch(member: string, spec: FetchSpec = {}): Promise<string> {
    const pending = this.begin(member, spec);
    await this.fixture.time.advance(spec.maxWaitMs ?? 0);
    const answer = await pending.done;
    if (answer === null) return 'null';
    return show(answer);
  }

  async acknowledge(
    member: string,
    epoch: number,
    ...acks: ReadonlyArray<readonly [number, number, ...number[]]>
  ): Promise<string> {
    this.epochs.set(member, epoch + 1);
    const answer = await this.fixture.call<ShareAcknowledgeResponse>('ShareAcknowledge', 2, {
      groupId: 'g',
      memberId: member,
      shareSessionEpoch: epoch,
      isRenewAck: acks.some(([, , type]) => type === 4),
      topics: [
        {
          topicId: this.topicId,
          partitions: [
            {
              partitionIndex: 0,
              acknowledgementBatches: acks.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
                firstOffset,
                lastOffset,
                acknowledgeTypes,
              })),
            },
          ],
        },
      ],
    });
    if (answer.errorCode !== 0) return `error ${answer.errorCode}`;
    return answer.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)).join();
  }
}

function show(answer: ShareFetchResponse): string {
  if (answer.errorCode !== 0) return `error ${answer.errorCode}`;
  return answer.responses
    .flatMap(({ partitions }) => partitions)
    .map(({ partitionIndex, errorCode, acknowledgeErrorCode, acquiredRecords, records }) => {
      const acquired = acquiredRecords.map(
        ({ firstOffset, lastOffset, deliveryCount }) => `${firstOffset}-${lastOffset}x${deliveryCount}`,
      );
      const batches = [...decodeBatches(records ?? new Uint8Array())];
      const sent =
        batches.length === 0 ? [] : [`[${batches[0]?.baseOffset}-${batches[batches.length - 1]?.lastOffset}]`];
      const errors = [
        ...(errorCode === 0 ? [] : [`error ${errorCode}`]),
        ...(acknowledgeErrorCode === 0 ? [] : [`ack ${acknowledgeErrorCode}`]),
      ];
      return [`p${partitionIndex}:`, ...errors, ...acquired, ...sent].join(' ');
    })
    .join('; ');
}

describe('ShareFetch', () => {
  it('gives whole batches as they lie in the log, and says which records are the member’s', async () => {
    const s = await Shares.start();
    await s.produce(0, 5, 5, 3);
    expect(await s.fetch('m1', { maxWaitMs: 100, maxRecords: 1 })).toBe('p0: 0-4x1 [0-4]');
    expect(await s.fetch('m2', { maxRecords: 6 })).toBe('p0: 5-12x1 [5-12]');
    expect(await s.fetch('m1')).toBe('');
    expect(
      await s.fetch('m1', {
        acks: [
          [0, 1, 1],
          [2, 4, 2],
        ],
      }),
    ).toBe('p0:');
    expect(await s.fetch('m2')).toBe('p0: 2-4x2 [0-4]');
  });

  it('waits for records, and for those that are released', async () => {
    const s = await Shares.start();
    const first = s.begin('m1', { maxWaitMs: 10_000 });
    await s.fixture.time.advance(5_000);
    expect(first.answer).toBeUndefined();
    await s.produce(0, 2);
    expect(show((await first.done) as ShareFetchResponse)).toBe('p0: 0-1x1 [0-1]');
    const second = s.begin('m2', { maxWaitMs: 60_000 });
    await s.fixture.time.advance(20_000);
    expect(second.answer).toBeUndefined();
    // The lock of m1 runs out after 30 s.
    await s.fixture.time.advance(10_000);
    expect(show((await second.done) as ShareFetchResponse)).toBe('p0: 0-1x2 [0-1]');
    const third = s.begin('m3', { maxWaitMs: 1_000 });
    await s.fixture.time.advance(1_000);
    expect(show((await third.done) as ShareFetchResponse)).toBe('p0:');
  });

  it('waits for no medium: what is not in memory is loaded, and acquired after that', async () => {
    const s = await Shares.start();
    await s.produce(0, 3, 2);
    await s.produce(1, 1);
    expect(await s.fetch('m1', { partitions: [0, 1], maxWaitMs: 100, maxRecords: 1 })).toBe('p0: 0-2x1 [0-2]');
    const { loads, waits } = s.fixture.store.makeCold('t-0', 2);
    const before = loadAddon().regionsInUse();
    const pending = s.begin('m1');
    for (const load of [0, 1]) {
      await s.fixture.settle();
      expect([loads.length, pending.answer, loadAddon().regionsInUse()]).toEqual([load + 1, undefined, before]);
      loads[load]?.();
    }
    expect(show((await pending.done) as ShareFetchResponse)).toBe('p1: 0-0x1 [0-0]; p0: 3-4x1 [3-4]');
    expect(waits).toEqual([]);
  });

  it('waits for the medium in the end, when memory gives up what was loaded', async () => {
    const s = await Shares.start();
    await s.produce(0, 1);
    await s.produce(1, 1);
    expect(await s.fetch('m1', { partitions: [0, 1], maxWaitMs: 100, maxRecords: 1 })).toBe('p0: 0-0x1 [0-0]');
    const cold = s.fixture.store.makeCold('t-1', 1000);
    expect(show((await loadAll(cold, s.begin('m1').done)) as ShareFetchResponse)).toBe('p1: 0-0x1 [0-0]');
    expect([cold.loads.length, cold.waits.includes('read')]).toEqual([32, true]);
  });

  it('acquires nothing for a member that goes while its records are loaded', async () => {
    const s = await Shares.start();
    await s.produce(0, 3);
    await s.produce(1, 1);
    expect(await s.fetch('m1', { partitions: [1], maxWaitMs: 100 })).toBe('p1: 0-0x1 [0-0]');
    // The first is for whether to wait for more; nobody waits for it.
    const { loads } = s.fixture.store.makeCold('t-0', 2);
    const pending = s.begin('m2', { partitions: [0], maxWaitMs: 100 });
    await s.fixture.settle();
    expect(loads.length).toBe(2);
    s.connection('m2').close();
    loads[1]?.();
    expect(await pending.done).toBeNull();
    expect(await s.fetch('m3', { partitions: [0], maxWaitMs: 100 })).toBe('p0: 0-2x1 [0-2]');
  });

  it('begins by time in a log that is not in memory', async () => {
    const s = await Shares.start({}, { 'share.auto.offset.reset': 'by_duration:PT1H' });
    await s.produce(0, 2);
    const cold = s.fixture.store.makeCold('t-0', 2);
    const pending = s.begin('m1', { maxWaitMs: 100 });
    expect(show((await loadAll(cold, pending.done)) as ShareFetchResponse)).toBe('p0: 0-1x1 [0-1]');
    expect(cold.waits).toEqual([]);
  });

  it('gives back what a member had when its session or connection ends', async () => {
    const s = await Shares.start();
    await s.produce(0, 4);
    expect(await s.fetch('m1', { maxWaitMs: 100 })).toBe('p0: 0-3x1 [0-3]');
    expect(await s.fetch('m2')).toBe('p0:');
    expect(await s.fetch('m1', { epoch: -1, acks: [[0, 0, 1]] })).toBe('p0:');
    await s.fixture.settle();
    expect(await s.fetch('m2')).toBe('p0: 1-3x2 [0-3]');
    s.connection('m2').close();
    await s.fixture.settle();
    expect(s.fixture.share.shareSessions.size).toBe(0);
    expect(s.fixture.share.sharePartitions.size).toBe(0);
    expect(await s.fetch('m3', { maxWaitMs: 100 })).toBe('p0: 1-3x3 [0-3]');
  });

  it('keeps sessions by member and epoch, no more than it may', async () => {
    const s = await Shares.start({ 'group.share.max.share.sessions': '1', 'group.share.max.size': '1' });
    expect(await s.fetch('m1', { epoch: 1 })).toBe(`error ${ErrorCode.SHARE_SESSION_NOT_FOUND}`);
    expect(await s.fetch('m1', { epoch: 0, maxWaitMs: 100 })).toBe('p0:');
    expect(await s.fetch('m1', { epoch: 2 })).toBe(`error ${ErrorCode.INVALID_SHARE_SESSION_EPOCH}`);
    const refused = s.begin('m2', { maxWaitMs: 500 });
    await s.fixture.time.advance(400);
    expect(refused.answer).toBeUndefined();
    await s.fixture.time.advance(100);
    expect(await refused.done).toMatchObject({ errorCode: ErrorCode.SHARE_SESSION_LIMIT_REACHED });
    expect(await s.fetch('m1', { epoch: -1 })).toBe('');
    expect(await s.fetch('m2', { epoch: 0, maxWaitMs: 100 })).toBe('p0:');
    expect(await s.acknowledge('m2', 0)).toBe(`error ${ErrorCode.INVALID_SHARE_SESSION_EPOCH}`);
    expect(await s.acknowledge('m2', 3)).toBe(`error ${ErrorCode.INVALID_SHARE_SESSION_EPOCH}`);
    expect(await s.acknowledge('m3', 1)).toBe(`error ${ErrorCode.SHARE_SESSION_NOT_FOUND}`);
  });

  it('divides bytes and records among partitions, each first in its turn', async () => {
    const s = await Shares.start();
    await s.produce(0, 2, 2, 2);
    await s.produce(1, 2, 2, 2);
    expect(await s.fetch('m1', { partitions: [0, 1], maxWaitMs: 100, maxRecords: 2 })).toBe('p0: 0-1x1 [0-1]');
    expect(await s.fetch('m1', { maxRecords: 2 })).toBe('p1: 0-1x1 [0-1]');
    expect(await s.fetch('m1', { maxRecords: 4, maxBytes: 200 })).toBe('p0: 2-3x1 [2-3]; p1: 2-3x1 [2-3]');
  });

  it('goes on where the log begins after DeleteRecords', async () => {
    const s = await Shares.start();
    await s.produce(0, 3, 3);
    expect(await s.fetch('m1', { maxWaitMs: 100, maxRecords: 1 })).toBe('p0: 0-2x1 [0-2]');
    await s.fixture.call('DeleteRecords', 2, {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 5 }] }],
      timeoutMs: 1000,
    });
    expect(await s.fetch('m1')).toBe('');
    // The batch that holds the new start, as in Kafka.
    expect(await s.fetch('m1')).toBe('p0: 3-5x1 [3-5]');
  });

  it('begins where the group’s strategy says', async () => {
    const s = await Shares.start({}, { 'share.auto.offset.reset': 'latest' });
    await s.produce(0, 3);
    expect(await s.fetch('m1', { maxWaitMs: 100 })).toBe('p0:');
    await s.produce(0, 2);
    expect(await s.fetch('m1')).toBe('p0: 3-4x1 [3-4]');
  });

  it('says what is wrong with a partition, and goes on with the others', async () => {
    const s = await Shares.start();
    await s.produce(0, 1);
    expect(await s.fetch('m1', { partitions: [0, 7], maxWaitMs: 100 })).toBe(
      `p0: 0-0x1 [0-0]; p7: error ${ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}`,
    );
    expect(await s.fetch('m1', { forget: [7] })).toBe('');
    await s.fixture.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
    await s.fixture.settle();
    expect(s.fixture.share.sharePartitions.size).toBe(0);
  });
});
