import { expect, it } from 'vitest';
import { GroupCoordinator } from '../../../src/coordinator/group_coordinator.js';
import { seededRandom } from '../../../src/env/random.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { callHandler, handlersOf, testConfig } from '../../scenarios/drivers.js';
import { TestLogger } from '../support/logger.js';
import { MemoryLog } from '../support/memory_log.js';
import { TestMetadata } from '../support/metadata.js';

it('the log says why a group stays classic', async () => {
  const time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  const metadata = new TestMetadata({ __consumer_offsets: 1, t: 1 });
  const logger = new TestLogger();
  const ports = { clock: time, timers: time, random: seededRandom(1) };
  const coordinator = new GroupCoordinator({ ...ports, logger, config: testConfig, metadata });
  await coordinator.startPartition(0, new MemoryLog());
  const handlers = handlersOf(coordinator, metadata);
  const call = async (name: string, version: number, body: Record<string, unknown>) => {
    const answer = callHandler(handlers, 'client', name, version, { groupId: 'g', ...body });
    await time.advance(0);
    return answer;
  };
  const timeouts = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 };
  const protocols = [{ name: 'p', metadata: Buffer.from('?') }];
  const joined = await call('JoinGroup', 3, { memberId: '', protocolType: 'connect', protocols, ...timeouts });
  expect(joined.errorCode).toBe(ErrorCode.NONE);
  const asked = { memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 30_000, topicPartitions: [] };
  const answer = await call('ConsumerGroupHeartbeat', 1, { ...asked, subscribedTopicNames: ['t'] });
  expect(answer.errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  const why = 'group g stays classic: the group does not use the consumer embedded protocol';
  expect(logger.lines.filter((line) => line.includes(why))).toHaveLength(1);
  coordinator.close();
});
