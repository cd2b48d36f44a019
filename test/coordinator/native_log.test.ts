import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../src/common/ids.js';
import { GroupCoordinator } from '../../src/coordinator/group_coordinator.js';
import { seededRandom } from '../../src/env/random.js';
import { systemClock, systemTimers } from '../../src/env/system_time.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { createNativeLogStore, emptyBatchInfo } from '../../src/storage/native_log.js';
import { testConfig } from '../scenarios/drivers.js';
import { TestLogger } from './support/logger.js';
import { TestMetadata } from './support/metadata.js';
import { SegmentCoordinatorLog } from './support/segment_log.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-groups-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function open() {
  const store = createNativeLogStore();
  const logs = await store.openDirectory(directory);
  const log = await SegmentCoordinatorLog.open(store, logs, '__consumer_offsets-0', emptyBatchInfo());
  const coordinator = new GroupCoordinator({
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(1),
    logger: new TestLogger(),
    config: testConfig,
    metadata: new TestMetadata({ __consumer_offsets: 1, t: 1 }),
  });
  await coordinator.startPartition(0, log);
  const close = async (): Promise<void> => {
    coordinator.close();
    await log.segments.close({ sync: false });
    await logs.close();
  };
  return { coordinator, log, logs, close };
}

const commit = (coordinator: GroupCoordinator, groupId: string, committedOffset: number) =>
  coordinator.commitOffsets({
    apiVersion: 9,
    groupId,
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [
      {
        name: 't',
        topicId: ZERO_UUID,
        partitions: [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: null }],
      },
    ],
  });

describe('GroupCoordinator on segment files', () => {
  it('has everything that it answered for after a restart, for few flushes', async () => {
    const first = await open();
    const requests = 2_000;
    const answers = await Promise.all(
      Array.from({ length: requests }, (_, i) => commit(first.coordinator, `g${i % 100}`, i)),
    );
    expect(answers.every(({ errorCode }) => errorCode === ErrorCode.NONE)).toBe(true);
    expect(first.log.highWatermark).toBe(requests);
    expect(first.logs.flushStatistics.flushes).toBeLessThan(20);
    await first.close();

    const second = await open();
    expect(second.coordinator.statistics()).toMatchObject({ groups: 100, offsets: 100 });
    const fetched = await second.coordinator.fetchOffsets({
      groupId: 'g42',
      memberId: null,
      memberEpoch: -1,
      requireStable: false,
      topics: null,
    });
    expect(fetched.topics[0]?.partitions[0]?.committedOffset).toBe(1_942);
    await second.close();
  });
});
