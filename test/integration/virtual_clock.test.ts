import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Broker, type StartBrokerOptions, startBroker } from '../../src/index.js';
import type { DescribeGroupsResponse } from '../../src/protocol/api/describe_groups.js';
import type { FetchResponse } from '../../src/protocol/api/fetch.js';
import type { JoinGroupResponse } from '../../src/protocol/api/join_group.js';
import type { OffsetCommitResponse } from '../../src/protocol/api/offset_commit.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import type { SyncGroupResponse } from '../../src/protocol/api/sync_group.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

// Nothing here waits: with a clock that stood still these requests would not be answered at all, and with the system's they would
// take from seconds to days.
let broker: Broker;
const clients: WireClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await broker.close();
});

async function start(options: StartBrokerOptions = {}): Promise<WireClient> {
  const config = { 'connections.max.idle.ms': -1, ...options.config };
  broker = await startBroker({ clock: 'virtual', ...options, config });
  return connect();
}

async function connect(): Promise<WireClient> {
  const client = await WireClient.connect(broker.port);
  clients.push(client);
  return client;
}

/** Resolves with true when `promise` is still open after a round trip of its own connection's broker. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const other = await connect();
  const open = Symbol('open');
  let answered: unknown = open;
  void promise.then((answer) => {
    answered = answer;
  });
  for (let i = 0; i < 3; i += 1) await other.send(ApiKey.ApiVersions, 0, {});
  return answered === open;
}

const joinBody = (memberId: string, more: object = {}) => ({
  groupId: 'group',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  memberId,
  groupInstanceId: null,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  reason: null,
  ...more,
});

/** A member of the group `group`, as a new client joins: its first join is refused with the id to use. */
async function joinGroup(
  client: WireClient,
): Promise<{ readonly memberId: string; joined: Promise<JoinGroupResponse> }> {
  await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['group'] });
  const { memberId } = await client.send<JoinGroupResponse>(ApiKey.JoinGroup, 9, joinBody(''));
  return { memberId, joined: client.send<JoinGroupResponse>(ApiKey.JoinGroup, 9, joinBody(memberId)) };
}

async function stateOf(client: WireClient): Promise<string | undefined> {
  const described = await client.send<DescribeGroupsResponse>(ApiKey.DescribeGroups, 5, { groups: ['group'] });
  return described.groups[0]?.groupState;
}

describe('virtual time moves', () => {
  it('long polls', async () => {
    const client = await start();
    await createTopic(client, 'empty');
    const polled = client.send<FetchResponse>(ApiKey.Fetch, 12, {
      maxWaitMs: 30_000,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic: 'empty', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
    });
    expect(await isOpen(polled)).toBe(true);
    await broker.clock.advance('29s');
    expect(await isOpen(polled)).toBe(true);
    await broker.clock.advance('1s');
    expect((await polled).responses[0]?.partitions[0]?.errorCode).toBe(0);
  });

  it('the delay of the first rebalance, and the session of a member that went silent', async () => {
    const client = await start({ config: { 'group.initial.rebalance.delay.ms': 3000 } });
    const { memberId, joined } = await joinGroup(client);
    expect(await isOpen(joined)).toBe(true);
    await broker.clock.advance('3s');
    const { generationId } = await joined;
    const synced = await client.send<SyncGroupResponse>(ApiKey.SyncGroup, 5, {
      groupId: 'group',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [{ memberId, assignment: Buffer.from('all') }],
    });
    expect(synced.errorCode).toBe(0);
    const heartbeat = () =>
      client.send<{ errorCode: number }>(ApiKey.Heartbeat, 4, { groupId: 'group', generationId, memberId });
    for (let i = 0; i < 5; i += 1) {
      await broker.clock.advance('9s');
      expect((await heartbeat()).errorCode).toBe(0);
    }
    expect(await stateOf(client)).toBe('Stable');
    await broker.clock.advance('11s');
    expect(await stateOf(client)).toBe('Empty');
    expect((await heartbeat()).errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it('the rebalance timeout: a member that does not come back is left out', async () => {
    const client = await start();
    const first = await joinGroup(client);
    await first.joined;
    const other = await connect();
    const second = await joinGroup(other);
    expect(await isOpen(second.joined)).toBe(true);
    await broker.clock.advance('61s');
    expect((await second.joined).members.map(({ memberId }) => memberId)).toEqual([second.memberId]);
  });

  it('the expiry of committed offsets', async () => {
    const client = await start();
    await createTopic(client, 'topic');
    await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['alone'] });
    const committed = await client.send<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, {
      groupId: 'alone',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 'topic', partitions: [{ partitionIndex: 0, committedOffset: 5 }] }],
    });
    expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(0);
    const fetched = async () =>
      (
        await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
          groups: [{ groupId: 'alone', topics: [{ name: 'topic', partitionIndexes: [0] }] }],
        })
      ).groups[0]?.topics[0]?.partitions[0]?.committedOffset;
    await broker.clock.advance('6d');
    expect(await fetched()).toBe(5);
    await broker.clock.advance('25h');
    expect(await fetched()).toBe(-1);
  });

  it('segment.ms, retention.ms and file.delete.delay.ms, down to the files', async () => {
    const client = await start();
    const configs = { 'segment.ms': '3600000', 'retention.ms': '86400000', 'file.delete.delay.ms': '60000' };
    await createTopic(client, 'rolling', 1, configs);
    const described = await client.send<{ results: Array<{ logDir: string }> }>(ApiKey.DescribeLogDirs, 4, {
      topics: null,
    });
    const directory = join(described.results[0]?.logDir ?? '', 'rolling-0');
    const files = () =>
      readdirSync(directory)
        .filter((name) => /\.log(\.deleted)?$/.test(name))
        .sort();
    for (let hour = 0; hour < 3; hour += 1) {
      await produce(client, 'rolling', [`hour ${hour}`], { timestampMs: broker.clock.now() });
      await broker.clock.advance('61m');
    }
    await produce(client, 'rolling', ['last'], { timestampMs: broker.clock.now() });
    expect(files()).toEqual([0, 1, 2, 3].map((base) => `${base}.log`.padStart(24, '0')));
    await broker.clock.advance('23h');
    expect(await readAll(client, 'rolling').catch(() => 'the start is gone')).toBe('the start is gone');
    // Files are unlinked on a thread of their own.
    await expect.poll(() => files().length, { timeout: 20_000 }).toBeLessThan(4);
    await broker.clock.advance('3h');
    // Whatever is left is one empty segment, and nothing waits for its deletion.
    await expect.poll(files, { timeout: 20_000 }).toEqual(['00000000000000000004.log']);
  });
});
