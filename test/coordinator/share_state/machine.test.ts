import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoordinatorShard } from '../../../src/coordinator/runtime/shard.js';
import { ShareCoordinator, type ShareCoordinatorDeps } from '../../../src/coordinator/share_coordinator.js';
import type { ShareStateCommand } from '../../../src/coordinator/share_state/commands.js';
import { shareStateMachine } from '../../../src/coordinator/share_state/machine.js';
import { parseShareKey } from '../../../src/coordinator/share_state/partition_id.js';
import { decodeShareStateRecord } from '../../../src/coordinator/share_state/records.js';
import type { ShareStates } from '../../../src/coordinator/share_state/state.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches } from '../../../src/records/index.js';
import { TestLogger } from '../support/logger.js';
import { MemoryLog } from '../support/memory_log.js';
import { TestMetadata, topicIdOf } from '../support/metadata.js';

const config = {
  appendLingerMs: -1,
  writeTimeoutMs: 5_000,
  loadBufferSize: 1 << 20,
  stateTopicNumPartitions: 1,
  updatesPerSnapshot: 3,
  coldSnapshotIntervalMs: 300_000,
  pruneIntervalMs: 300_000,
};

async function started(settings: Partial<ShareCoordinatorDeps> = {}, log = new MemoryLog()) {
  const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  const metadata = new TestMetadata({ __share_group_state: 1, t: 2 });
  const pruned: number[] = [];
  const coordinator = new ShareCoordinator({
    clock: time,
    timers: time,
    logger: new TestLogger(),
    config,
    metadata,
    deleteRecords: (_partition, offset) => {
      pruned.push(offset);
      return Promise.resolve(true);
    },
    ...settings,
  });
  await coordinator.startPartition(0, log);
  return { time, metadata, coordinator, log, pruned };
}

const t0 = { groupId: 'g', topicId: topicIdOf('t'), partition: 0 };

function written(log: MemoryLog) {
  return log.batches.flatMap(({ bytes }) =>
    [...decodeBatches(bytes)].flatMap(({ records }) =>
      records.map(({ key, value }) => decodeShareStateRecord({ key: key ?? Buffer.alloc(0), value })),
    ),
  );
}

function acknowledged(firstOffset: number, lastOffset: number) {
  return { firstOffset, lastOffset, deliveryState: 2, deliveryCount: 1 };
}

function write(startOffset: number, stateBatches: ReturnType<typeof acknowledged>[], leaderEpoch = 0, stateEpoch = 0) {
  return { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount: 0, stateBatches };
}

describe('the share coordinator', () => {
  it('gives back what was written, over a restart too', async () => {
    const { coordinator, log } = await started();
    expect(await coordinator.initialize(t0, 1, 10)).toMatchObject({ errorCode: ErrorCode.NONE });
    await coordinator.write(t0, write(10, [acknowledged(12, 14)], 0, 1));
    await coordinator.write(t0, write(11, [acknowledged(20, 20)], 0, 1));
    const expected = {
      errorCode: ErrorCode.NONE,
      stateEpoch: 1,
      startOffset: 11,
      stateBatches: [acknowledged(12, 14), acknowledged(20, 20)],
    };
    expect(await coordinator.read(t0, -1)).toMatchObject(expected);
    const again = await started({}, log);
    expect(await again.coordinator.read(t0, -1)).toMatchObject(expected);
  });

  it('writes a snapshot after so many updates', async () => {
    const { coordinator, log } = await started();
    await coordinator.initialize(t0, 0, 0);
    for (let offset = 0; offset < 8; offset += 1)
      await coordinator.write(t0, write(offset, [acknowledged(offset, offset)]));
    expect(
      written(log).map((record) => `${record?.kind} ${record?.kind === 'snapshot' ? record.value?.snapshotEpoch : ''}`),
    ).toEqual([
      'snapshot 0',
      'update ',
      'update ',
      'update ',
      'snapshot 1',
      'update ',
      'update ',
      'update ',
      'snapshot 2',
    ]);
  });

  it('refuses in the order of Kafka', async () => {
    const { coordinator, metadata } = await started();
    const negative = { ...t0, partition: -1 };
    expect(await coordinator.write(negative, write(0, []))).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'The partition id cannot be a negative number.',
    });
    expect(await coordinator.write(t0, write(0, []))).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Write operation on uninitialized share partition not allowed.',
    });
    expect(await coordinator.read(t0, 0)).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Read operation on uninitialized share partition not allowed.',
    });
    expect(await coordinator.readSummary(t0)).toMatchObject({ errorCode: ErrorCode.NONE, startOffset: -1 });
    expect(await coordinator.initialize({ ...t0, partition: 7 }, 0, 0)).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
    await coordinator.initialize(t0, 3, 0);
    expect(await coordinator.read(t0, 5)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(await coordinator.read(t0, 4)).toMatchObject({ errorCode: ErrorCode.FENCED_LEADER_EPOCH });
    expect(await coordinator.write(t0, write(0, [], 4, 3))).toMatchObject({ errorCode: ErrorCode.FENCED_LEADER_EPOCH });
    expect(await coordinator.write(t0, write(0, [], 5, 2))).toMatchObject({ errorCode: ErrorCode.FENCED_STATE_EPOCH });
    expect(await coordinator.initialize(t0, 2, 0)).toMatchObject({ errorCode: ErrorCode.FENCED_STATE_EPOCH });
    expect(await coordinator.write(t0, write(0, [], 5, 3))).toMatchObject({ errorCode: ErrorCode.NONE });
    metadata.remove('t');
    expect(await coordinator.readSummary(t0)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
  });

  it('forgets what is deleted, and what deleted topics had', async () => {
    const { coordinator, metadata, log, time } = await started();
    const t1 = { ...t0, partition: 1 };
    await coordinator.initialize(t0, 0, 0);
    await coordinator.initialize(t1, 0, 0);
    expect(await coordinator.delete(t0)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(await coordinator.delete(t0)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(coordinator.statistics().sharePartitions).toBe(1);
    metadata.remove('t');
    await time.advance(0);
    expect(coordinator.statistics().sharePartitions).toBe(0);
    expect(written(log).filter((record) => record?.value === undefined)).toHaveLength(2);
  });

  it('deletes what lies before the oldest snapshot, once all are committed', async () => {
    const { coordinator, time, log, pruned } = await started();
    await coordinator.initialize(t0, 0, 0);
    await coordinator.initialize({ ...t0, partition: 1 }, 0, 0);
    for (let offset = 0; offset < 4; offset += 1) await coordinator.write(t0, write(offset, []));
    await time.advance(299_000);
    expect(pruned).toEqual([]);
    log.held = true;
    void coordinator.initialize({ ...t0, partition: 1 }, 0, 0);
    await time.advance(2_000);
    expect(pruned).toEqual([]);
    log.release();
    await time.advance(1_000);
    // The snapshot of t0 after its updates lies at 5, the one of partition 1 behind it.
    expect(pruned).toEqual([5]);
  });

  it('renews snapshots of partitions that nobody reads', async () => {
    const { coordinator, time, log } = await started();
    await coordinator.initialize(t0, 4, 17);
    await time.advance(601_000);
    const records = written(log).map((record) => (record?.kind === 'snapshot' ? record.value : undefined));
    expect(records.map((value) => value?.snapshotEpoch)).toEqual([0, 1]);
    expect(records[1]).toMatchObject({ stateEpoch: 4, startOffset: 17, createTimestamp: records[0]?.createTimestamp });
    expect(await coordinator.readSummary(t0)).toMatchObject({ startOffset: 17, deliveryCompleteCount: 0 });
  });

  it('is told apart by group, topic and partition', () => {
    const id = topicIdOf('t');
    expect(parseShareKey(`a:b:${id}:3`)).toEqual({ groupId: 'a:b', topicId: id, partition: 3 });
    for (const key of ['', 'g', `g:${id}`, `:${id}:0`, `g:${id}:`, `g:${id}:-1`, `g:short:0`, `g:${id}:x`])
      expect(parseShareKey(key)).toBeUndefined();
  });
});

describe('share state', () => {
  const machine = shareStateMachine({ updatesPerSnapshot: 2, coldSnapshotIntervalMs: 60_000 });
  const ids = [0, 1].flatMap((partition) =>
    ['g', 'h'].map((groupId) => ({ groupId, topicId: topicIdOf('t'), partition })),
  );
  const batch = fc
    .tuple(fc.nat(40), fc.nat(5), fc.constantFrom(0, 2, 4), fc.integer({ min: 1, max: 3 }))
    .map(([firstOffset, length, deliveryState, deliveryCount]) => ({
      firstOffset,
      lastOffset: firstOffset + length,
      deliveryState,
      deliveryCount,
    }));
  const epoch = fc.integer({ min: -1, max: 2 });
  const asked = { id: fc.constantFrom(...ids), exists: fc.constantFrom(true, true, true, false) };
  const offset = fc.integer({ min: -1, max: 30 });
  const command = fc.oneof(
    fc.record({ kind: fc.constant('initialize' as const), ...asked, stateEpoch: epoch, startOffset: offset }),
    fc.record({ kind: fc.constant('read' as const), ...asked, leaderEpoch: epoch }),
    fc.record({
      kind: fc.constant('write' as const),
      ...asked,
      write: fc.record({
        stateEpoch: epoch,
        leaderEpoch: epoch,
        startOffset: offset,
        deliveryCompleteCount: fc.nat(9),
        stateBatches: fc.array(batch, { maxLength: 3 }),
      }),
    }),
    fc.record({ kind: fc.constant('delete' as const), ...asked }),
    fc.record({ kind: fc.constant('read-summary' as const), ...asked }),
    fc.constant({ kind: 'snapshot-cold' as const }),
    fc.constant({ kind: 'fail-appends' as const }),
  );

  const plain = (state: Readonly<ShareStates>) => ({
    partitions: [...state.partitions].sort(([a], [b]) => (a < b ? -1 : 1)),
    redundant: state.redundant.offset,
  });

  it('is the same live and loaded, and deciding leaves it alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
        const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
        const options = {
          name: 's',
          clock: time,
          timers: time,
          logger: new TestLogger(),
          appendLingerMs: -1,
          commitTimeoutMs: 5_000,
          loadBufferBytes: 512,
        };
        const log = new MemoryLog();
        const shard = new CoordinatorShard(machine, log, options);
        await shard.load();
        for (const next of commands) {
          if (next.kind === 'fail-appends') {
            log.failWith = log.failWith === undefined ? ErrorCode.NOT_ENOUGH_REPLICAS : undefined;
            continue;
          }
          const before = JSON.stringify(plain(shard.current));
          machine.decide(shard.current, { ...next, token: 0 } as ShareStateCommand, time.wallMs());
          expect(JSON.stringify(plain(shard.current))).toBe(before);
          const waiting = shard.submit((token) => ({ ...next, token }) as ShareStateCommand);
          await time.advance(20_000);
          if (log.failWith !== undefined && next.kind !== 'snapshot-cold') {
            await waiting;
            expect(JSON.stringify(plain(shard.current))).toBe(before);
          }
        }
        log.failWith = undefined;
        const again = new CoordinatorShard(machine, log, options);
        await again.load();
        expect(plain(again.current)).toEqual(plain(shard.current));
        shard.close();
        again.close();
      }),
      { numRuns: 150 },
    );
  });
});
