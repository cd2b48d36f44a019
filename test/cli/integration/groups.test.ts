import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import { type Broker, startBroker } from '../../../src/index.js';
import type { ConsumerGroupHeartbeatResponse } from '../../../src/protocol/api/consumer_group_heartbeat.js';
import type { ShareGroupHeartbeatResponse } from '../../../src/protocol/api/share_group_heartbeat.js';
import type { StreamsGroupHeartbeatResponse } from '../../../src/protocol/api/streams_group_heartbeat.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { createTopic } from '../../integration/produce_fetch.js';
import { WireClient } from '../../support/wire_client.js';
import { chunks, FakeIo } from '../support/fake_io.js';

// `millrace groups` on one group of each type; what share groups have more is in share_groups.test.ts.
let broker: Broker;
let client: WireClient;
beforeAll(async () => {
  broker = await startBroker({
    config: { 'offsets.topic.num.partitions': 1, 'group.streams.initial.rebalance.delay.ms': 0 },
  });
  client = await WireClient.connect(broker.port);
  await createTopic(client, 'orders', 2);
  // The client finds the coordinator, and makes its topic.
  expect((await run('groups', 'describe', 'consumer')).code).toBe(3);
  await commit('classic', 3);
  await join(async (memberEpoch) => {
    const answer = await consumerHeartbeat(memberEpoch);
    return [answer.memberEpoch, answer.assignment?.topicPartitions.length ?? 0];
  });
  await join(async (memberEpoch) => {
    const answer = await client.send<ShareGroupHeartbeatResponse>(ApiKey.ShareGroupHeartbeat, 1, {
      groupId: 'share',
      memberId: 'share-member',
      memberEpoch,
      subscribedTopicNames: ['orders'],
    });
    return [answer.memberEpoch, answer.assignment?.topicPartitions.length ?? 0];
  });
  await join(async (memberEpoch) => {
    const answer = await streamsHeartbeat(memberEpoch);
    return [answer.memberEpoch, answer.activeTasks?.length ?? 0];
  });
});
afterAll(async () => {
  client.close();
  await broker.close();
});

async function run(...args: readonly string[]) {
  const io = new FakeIo(chunks());
  const code = await runCli(['-b', `127.0.0.1:${broker.port}`, ...args], io);
  return { code, out: io.output.text, err: io.errors.text };
}

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await run(...args, '--format', 'json')).out);

/** Heartbeats until the member has partitions. */
async function join(heartbeat: (memberEpoch: number) => Promise<[memberEpoch: number, parts: number]>): Promise<void> {
  let epoch = 0;
  await vi.waitFor(
    async () => {
      const [memberEpoch, parts] = await heartbeat(epoch);
      epoch = memberEpoch;
      expect(parts).toBeGreaterThan(0);
    },
    { timeout: 30_000 },
  );
}

const consumerHeartbeat = (memberEpoch: number) =>
  client.send<ConsumerGroupHeartbeatResponse>(ApiKey.ConsumerGroupHeartbeat, 1, {
    groupId: 'consumer',
    memberId: 'consumer-member',
    memberEpoch,
    rebalanceTimeoutMs: 1000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
  });

const streamsHeartbeat = (memberEpoch: number) =>
  client.send<StreamsGroupHeartbeatResponse>(ApiKey.StreamsGroupHeartbeat, 0, {
    groupId: 'streams',
    memberId: 'streams-member',
    memberEpoch,
    endpointInformationEpoch: 0,
    rebalanceTimeoutMs: 1000,
    topology:
      memberEpoch === 0
        ? {
            epoch: 0,
            subtopologies: [
              {
                subtopologyId: '0',
                sourceTopics: ['orders'],
                sourceTopicRegex: [],
                stateChangelogTopics: [],
                repartitionSinkTopics: [],
                repartitionSourceTopics: [],
                copartitionGroups: [],
              },
            ],
          }
        : null,
    activeTasks: [],
    standbyTasks: [],
    warmupTasks: [],
    processId: 'p',
    clientTags: [],
  });

async function commit(groupId: string, committedOffset: number): Promise<void> {
  await client.send(ApiKey.OffsetCommit, 9, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] }],
  });
}

describe('millrace groups', () => {
  it('lists and describes groups of every type', async () => {
    expect(await json('groups', 'list')).toMatchObject([
      { groupId: 'classic', type: 'classic', state: 'Empty' },
      { groupId: 'consumer', type: 'consumer' },
      { groupId: 'share', type: 'share', state: 'Stable' },
      { groupId: 'streams', type: 'streams' },
    ]);
    const types = ['classic', 'consumer', 'share', 'streams'];
    const described = await json('groups', 'describe', ...types);
    expect(described).toMatchObject([
      { groupId: 'classic', type: 'classic', members: [] },
      { groupId: 'consumer', type: 'consumer', members: [{ memberId: 'consumer-member' }] },
      { groupId: 'streams', type: 'streams', members: [{ memberId: 'streams-member' }] },
      { groupId: 'share', type: 'share', members: [{ memberId: 'share-member', assignedPartitions: [{}, {}] }] },
    ]);
    const text = await run('groups', 'describe', ...types, 'nosuch');
    for (const line of ['group classic (classic', 'group streams (streams', 'share group share (Stable'])
      expect(text.out).toContain(line);
    expect([text.code, text.err]).toEqual([3, 'millrace: group nosuch does not exist\n']);
  });

  it('moves offsets of groups without members only, and says where those of share groups are moved', async () => {
    const reset = (group: string, ...which: readonly string[]) =>
      run('groups', 'reset-offsets', group, ...which, '--to-earliest');
    for (const group of ['consumer', 'streams'])
      expect(await reset(group, '-t', 'orders')).toEqual({
        code: 1,
        out: '',
        err: `millrace: group ${group} has members; stop them first\n`,
      });
    for (const which of [['--all-topics'], ['-t', 'orders']])
      expect(await reset('share', ...which)).toEqual({
        code: 1,
        out: '',
        err: 'millrace: share is a share group; millrace share-groups reset-offsets moves it\n',
      });
    const share = await run('share-groups', 'reset-offsets', 'share', '--all-topics', '--to-earliest');
    expect([share.code, share.err]).toEqual([1, 'millrace: share group share has members; stop them first\n']);
    expect((await reset('classic', '--all-topics')).out).toMatch(/orders +0 +3 +0/);
  });

  it('forgets offsets of topics that no member reads', async () => {
    await commit('classic', 2);
    const forget = (group: string, ...more: readonly string[]) => run('groups', 'delete-offsets', group, ...more);
    expect(await forget('classic', '-t', 'orders', '-p', '0')).toEqual({
      code: 0,
      out: 'group classic has forgotten its offset of orders-0\n',
      err: '',
    });
    expect(await forget('classic', '-t', 'orders')).toEqual({
      code: 3,
      out: '',
      err: 'millrace: group classic has no offsets of orders\n',
    });
    expect(await forget('nosuch', '-t', 'orders')).toEqual({
      code: 3,
      out: '',
      err: 'millrace: group nosuch does not exist\n',
    });
    expect((await forget('classic')).code).toBe(2);
    await client.send(ApiKey.OffsetCommit, 9, {
      groupId: 'consumer',
      generationIdOrMemberEpoch: (await consumerHeartbeat(0)).memberEpoch,
      memberId: 'consumer-member',
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 1, committedOffset: 1, committedMetadata: '' }] }],
    });
    const busy = await forget('consumer', '-t', 'orders');
    expect([busy.code, busy.err]).toEqual([
      1,
      'millrace: offset of group consumer for orders-1: members of the group read it; stop them first\n',
    ]);
  });
});
