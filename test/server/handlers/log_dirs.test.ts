import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeBatch } from '../../../src/records/index.js';
import { BrokerFixture } from '../../support/broker_fixture.js';

interface Described {
  readonly results: ReadonlyArray<{
    readonly errorCode: number;
    readonly logDir: string;
    readonly totalBytes: number;
    readonly topics: ReadonlyArray<{
      readonly name: string;
      readonly partitions: ReadonlyArray<{
        readonly partitionIndex: number;
        readonly partitionSize: number;
        readonly offsetLag: number;
        readonly isFutureKey: boolean;
      }>;
    }>;
  }>;
}

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open({}, { logDirs: ['a', 'b', 'c'] });
  await fixture.createTopic('t', 3);
});
afterEach(() => fixture.close());

const at = (name: string) => join(fixture.directory, name);
const batch = () =>
  encodeBatch({ records: [{ timestampMs: fixture.time.wallMs(), key: null, value: Buffer.from('v'), headers: [] }] });

function alter(path: string, name: string, partitions: readonly number[]) {
  return fixture.call('AlterReplicaLogDirs', 2, { dirs: [{ path, topics: [{ name, partitions }] }] });
}

async function describeDirs(topics: unknown = null): Promise<Described['results']> {
  return (await fixture.call<Described>('DescribeLogDirs', 4, { topics })).results;
}

describe('AlterReplicaLogDirs', () => {
  it('answers as Kafka does', async () => {
    const answer = (errorCode: number, topicName: string, ...indexes: number[]) => ({
      results: [{ topicName, partitions: indexes.map((partitionIndex) => ({ partitionIndex, errorCode })) }],
    });
    expect(await alter('/nowhere', 't', [0])).toMatchObject(answer(ErrorCode.LOG_DIR_NOT_FOUND, 't', 0));
    expect(await alter('b', 't', [0])).toMatchObject(answer(ErrorCode.LOG_DIR_NOT_FOUND, 't', 0));
    expect(await alter(at('a'), 't', [0])).toMatchObject(answer(ErrorCode.NONE, 't', 0));
    expect(await alter(at('b'), 't', [77])).toMatchObject(answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 't', 77));
    expect(await alter(at('b'), 'u', [0, 1])).toMatchObject(answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'u', 0, 1));
    await fixture.createTopic('u', 2);
    expect((await describeDirs([{ topic: 'u', partitions: [0, 1] }])).map(({ topics }) => topics.length)).toEqual([
      0, 1, 0,
    ]);
  });

  it('moves a partition, which goes on serving; waiting requests are answered', async () => {
    const partition = fixture.partition('t');
    const produced = fixture.start('Produce', 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batch() }] }],
    });
    expect(await alter(at('b'), 't', [0])).toMatchObject({ results: [{ partitions: [{ errorCode: 0 }] }] });
    await vi.waitFor(async () => {
      await fixture.store.flush();
      expect(fixture.logs.moves.isMoving('t-0')).toBe(false);
    }, 10_000);
    expect(fixture.partition('t')).toBe(partition);
    expect(partition.log?.directoryPath).toBe(at('b'));
    await fixture.store.flush();
    await produced.done;
    expect(produced.answer).toMatchObject({ responses: [{ partitionResponses: [{ errorCode: 0, baseOffset: 0 }] }] });
    const [a, b] = await describeDirs([{ topic: 't', partitions: [0] }]);
    expect(a).toMatchObject({ errorCode: 0, logDir: at('a'), topics: [] });
    expect(b?.totalBytes).toBeGreaterThan(0);
    expect(b?.topics).toEqual([
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, partitionSize: partition.log?.log.sizeBytes, offsetLag: 0, isFutureKey: false },
        ],
      },
    ]);
  });
});

describe('a failed log directory', () => {
  it('takes its partitions offline for every request, and only those', async () => {
    const waiting = fixture.start('Produce', 9, {
      acks: -1,
      timeoutMs: 60_000,
      topicData: [{ name: 't', partitionData: [{ index: 1, records: batch() }] }],
    });
    await fixture.settle();
    fixture.store.fail(at('b'));
    await waiting.done;
    expect(waiting.answer).toMatchObject({
      responses: [{ partitionResponses: [{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR }] }],
    });
    const each = [0, 1, 2];
    const codes = [0, ErrorCode.KAFKA_STORAGE_ERROR, 0];
    const listed = await fixture.call('ListOffsets', 7, {
      replicaId: -1,
      topics: [{ name: 't', partitions: each.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })) }],
    });
    expect(listed).toMatchObject({ topics: [{ partitions: codes.map((errorCode) => ({ errorCode })) }] });
    const fetched = await fixture.call('Fetch', 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [
        { topic: 't', partitions: each.map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1000 })) },
      ],
    });
    expect(fetched).toMatchObject({ responses: [{ partitions: codes.map((errorCode) => ({ errorCode })) }] });
    const epochs = await fixture.call('OffsetForLeaderEpoch', 4, {
      topics: [{ topic: 't', partitions: each.map((partition) => ({ partition, leaderEpoch: 0 })) }],
    });
    expect(epochs).toMatchObject({ topics: [{ partitions: codes.map((errorCode) => ({ errorCode })) }] });
    const deleted = await fixture.call('DeleteRecords', 2, {
      timeoutMs: 1000,
      topics: [{ name: 't', partitions: each.map((partitionIndex) => ({ partitionIndex, offset: 0 })) }],
    });
    expect(deleted).toMatchObject({ topics: [{ partitions: codes.map((errorCode) => ({ errorCode })) }] });
    expect(await fixture.call('Metadata', 12, { topics: [{ name: 't' }] })).toMatchObject({
      topics: [
        {
          errorCode: 0,
          partitions: [
            { errorCode: 0, leaderId: 1, isrNodes: [1], offlineReplicas: [] },
            {
              errorCode: ErrorCode.LEADER_NOT_AVAILABLE,
              leaderId: -1,
              replicaNodes: [1],
              isrNodes: [],
              offlineReplicas: [1],
            },
            { errorCode: 0, leaderId: 1, isrNodes: [1], offlineReplicas: [] },
          ],
        },
      ],
    });
    expect(
      (await describeDirs()).map(({ errorCode, topics, totalBytes }) => [errorCode, topics.length, totalBytes > 0]),
    ).toEqual([
      [0, 1, true],
      [ErrorCode.KAFKA_STORAGE_ERROR, 0, false],
      [0, 1, true],
    ]);
    expect(await alter(at('c'), 't', [0])).toMatchObject({
      results: [{ partitions: [{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR }] }],
    });
  });

  it('has no coordinators any more', async () => {
    await fixture.createTopic('__consumer_offsets', 3);
    const coordinatorKeys = Array.from({ length: 40 }, (_, i) => `group-${i}`);
    const codes = async () => {
      const answer = await fixture.call<{ coordinators: Array<{ errorCode: number }> }>('FindCoordinator', 4, {
        keyType: 0,
        coordinatorKeys,
      });
      return [...new Set(answer.coordinators.map(({ errorCode }) => errorCode))].sort();
    };
    expect(await codes()).toEqual([0]);
    fixture.store.fail(at('b'));
    expect(await codes()).toEqual([0, ErrorCode.COORDINATOR_NOT_AVAILABLE]);
  });
});
