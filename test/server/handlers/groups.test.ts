import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GroupCoordinator } from '../../../src/coordinator/group_coordinator.js';
import { seededRandom } from '../../../src/env/random.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { findCoordinatorHandler } from '../../../src/server/handlers/find_coordinator.js';
import { TestLogger } from '../../coordinator/support/logger.js';
import { MemoryLog } from '../../coordinator/support/memory_log.js';
import { TestMetadata, topicIdOf } from '../../coordinator/support/metadata.js';
import { apiNamed, type Body, callHandler, handlersOf, testConfig, testContext } from '../../scenarios/drivers.js';

let time: VirtualTime;
let metadata: TestMetadata;
let coordinator: GroupCoordinator;

beforeEach(() => {
  time = new VirtualTime({ startWallMs: 0 });
  metadata = new TestMetadata({ t: 2 });
  coordinator = new GroupCoordinator({
    clock: time,
    timers: time,
    random: seededRandom(1),
    logger: new TestLogger(),
    config: testConfig,
    metadata,
  });
});

afterEach(() => coordinator.close());

async function withTopic(): Promise<void> {
  metadata.add('__consumer_offsets', 1);
  await coordinator.startPartition(0, new MemoryLog());
}

const call = (api: string, version: number, body: Body): Promise<Body> =>
  callHandler(handlersOf(coordinator, metadata), 'app', api, version, body);

const nowhere = { partitionFor: () => 0 };
const placements = () => ({ coordinator, transactions: nowhere, shareCoordinator: nowhere, isOffline: () => false });

function versionsOf(api: string): number[] {
  const { minVersion, maxVersion } = apiNamed(api).request;
  return Array.from({ length: maxVersion - minVersion + 1 }, (_, i) => minVersion + i);
}

describe('FindCoordinator', () => {
  const find = (version: number, keyType: number, keys: string[]) =>
    call('FindCoordinator', version, {
      ...(version >= 1 ? { keyType } : {}),
      ...(version >= 4 ? { coordinatorKeys: keys } : { key: keys[0] }),
    });

  it('answers the broker of a group in every version', async () => {
    metadata.add('__consumer_offsets', 3);
    const where = { nodeId: 1, host: 'broker.test', port: 9092, errorCode: 0 };
    for (const version of versionsOf('FindCoordinator')) {
      const answer = await find(version, 0, ['g', '']);
      if (version < 4) expect(answer).toMatchObject(where);
      else
        expect(answer.coordinators).toEqual([
          { key: 'g', errorMessage: '', ...where },
          { key: '', errorMessage: '', ...where },
        ]);
    }
    expect(await find(3, 0, ['g'])).toMatchObject({ errorMessage: 'NONE' });
  });

  it('answers the address of the listener the request came in on', async () => {
    metadata.add('__consumer_offsets', 3);
    const handler = findCoordinatorHandler({ ...placements(), metadata, topics: { ensure: () => Promise.resolve() } });
    const context = { ...testContext, apiKey: 10, apiVersion: 3, listenerName: 'OTHER' };
    const request = { key: 'g', keyType: 0, coordinatorKeys: [] };
    expect(await handler(request, context)).toMatchObject({ host: 'other.test', port: 9093 });
    expect(await handler(request, { ...context, listenerName: 'NONE' })).toMatchObject({
      errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    });
  });

  it('has the topic made when it is not there, once asked for', async () => {
    const asked: string[] = [];
    const ensure = async (topic: string): Promise<void> => {
      asked.push(topic);
      if (asked.length === 2) metadata.add(topic, 3);
    };
    const handlers = new Map([
      ['FindCoordinator', findCoordinatorHandler({ ...placements(), metadata, topics: { ensure } })],
    ]);
    const ask = (version: number, keyType: number) =>
      callHandler(
        handlers,
        'app',
        'FindCoordinator',
        version,
        version < 4 ? { key: 'g', keyType } : { coordinatorKeys: ['g'], keyType },
      );
    expect(await ask(3, 0)).toMatchObject({
      errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
      errorMessage: 'The coordinator is not available.',
      nodeId: -1,
      host: '',
      port: -1,
    });
    expect(await ask(3, 0)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(await ask(3, 0)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(asked).toEqual(['__consumer_offsets', '__consumer_offsets']);
    expect(await ask(3, 1)).toMatchObject({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
    expect(asked[2]).toBe('__transaction_state');
  });

  it('says what it cannot find', async () => {
    metadata.add('__consumer_offsets', 3);
    for (const keyType of [2, 9]) {
      expect(await find(3, keyType, ['x'])).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, nodeId: -1 });
      const answer = await find(6, keyType, ['x']);
      expect(answer.coordinators).toMatchObject([{ key: 'x', errorCode: ErrorCode.INVALID_REQUEST }]);
    }
  });
});

describe('group handlers', () => {
  const bodies: Record<string, (version: number) => Body> = {
    JoinGroup: () => ({
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      memberId: 'm',
      protocolType: 'consumer',
      protocols: [],
    }),
    SyncGroup: (v) => ({
      groupId: 'g',
      memberId: 'm',
      ...(v >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
    }),
    Heartbeat: () => ({ groupId: 'g', memberId: 'm' }),
    LeaveGroup: (v) => ({ groupId: 'g', ...(v >= 3 ? { members: [{ memberId: 'm' }] } : { memberId: 'm' }) }),
    OffsetCommit: (v) => ({
      groupId: 'g',
      topics: [
        {
          ...(v >= 10 ? { topicId: topicIdOf('t') } : { name: 't' }),
          partitions: [{ partitionIndex: 1, committedOffset: 4, committedMetadata: null }],
        },
      ],
    }),
    OffsetFetch: (v) => {
      const topics = [{ ...(v >= 10 ? { topicId: topicIdOf('t') } : { name: 't' }), partitionIndexes: [1] }];
      return v >= 8 ? { groups: [{ groupId: 'g', topics }] } : { groupId: 'g', topics };
    },
    OffsetDelete: () => ({ groupId: 'g', topics: [{ name: 't', partitions: [{ partitionIndex: 1 }] }] }),
    ListGroups: () => ({}),
    DescribeGroups: () => ({ groups: ['g'] }),
    DeleteGroups: () => ({ groupsNames: ['g'] }),
  };

  it.each(Object.keys(bodies))('%s answers in every version, here and where there is no coordinator', async (api) => {
    for (const version of versionsOf(api)) {
      const body = bodies[api]?.(version) ?? {};
      const elsewhere = JSON.stringify(await call(api, version, body));
      if (api !== 'ListGroups') expect(elsewhere).toContain(`"errorCode":${ErrorCode.NOT_COORDINATOR}`);
    }
    await withTopic();
    for (const version of versionsOf(api)) {
      const answer = JSON.stringify(await call(api, version, bodies[api]?.(version) ?? {}));
      expect(answer).toContain('"errorCode"');
      expect(answer).not.toContain(`"errorCode":${ErrorCode.NOT_COORDINATOR}`);
    }
  });

  it('answers a failed OffsetFetch 1 per partition, for want of another place', async () => {
    const answer = await call('OffsetFetch', 1, { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }] });
    const partition = { committedOffset: -1, metadata: '', errorCode: ErrorCode.NOT_COORDINATOR };
    expect(answer.topics).toMatchObject([
      {
        name: 't',
        partitions: [
          { ...partition, partitionIndex: 0 },
          { ...partition, partitionIndex: 1 },
        ],
      },
    ]);
  });

  it('tells what one may do with a group, only when asked, only of groups that are there', async () => {
    await withTopic();
    await call('OffsetCommit', 9, bodies.OffsetCommit?.(9) ?? {});
    const describeGroups = async (version: number, includeAuthorizedOperations: boolean) =>
      (await call('DescribeGroups', version, { groups: ['g', 'x'], includeAuthorizedOperations })).groups;
    const none = -2_147_483_648;
    expect(await describeGroups(6, true)).toMatchObject([
      { groupState: 'Empty', authorizedOperations: 3400, errorMessage: null },
      {
        groupState: 'Dead',
        authorizedOperations: none,
        errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
        errorMessage: 'Group x not found.',
      },
    ]);
    expect(await describeGroups(5, true)).toMatchObject([
      { authorizedOperations: 3400 },
      { groupState: 'Dead', authorizedOperations: 3400, errorCode: ErrorCode.NONE },
    ]);
    expect(await describeGroups(6, false)).toMatchObject([
      { authorizedOperations: none },
      { authorizedOperations: none },
    ]);
  });
});
