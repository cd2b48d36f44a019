import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import type { ShareGroupHeartbeatResponse } from '../../../src/protocol/api/share_group_heartbeat.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { type TestBroker, testBroker } from '../../client/support/broker.js';
import { createTopic, produce } from '../../integration/produce_fetch.js';
import { WireClient } from '../../support/wire_client.js';
import { chunks, FakeIo } from '../support/fake_io.js';

let broker: TestBroker;
let client: WireClient;
beforeAll(async () => {
  broker = await testBroker();
  client = await WireClient.connect(broker.port);
});
afterAll(async () => {
  client.close();
  await broker.close();
});

async function run(...args: readonly string[]) {
  const io = new FakeIo(chunks());
  const exitCode = await runCli(['-b', `${broker.host}:${broker.port}`, ...args], io);
  return { exitCode, out: io.output.text, err: io.errors.text };
}

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await run(...args, '--format', 'json')).out);

const topic = `share-cli-${process.pid}`;
const group = `share-group-${process.pid}`;
const memberId = 'member';

function heartbeat(memberEpoch: number): Promise<ShareGroupHeartbeatResponse> {
  const subscribedTopicNames = memberEpoch === -1 ? null : [topic];
  return client.send(ApiKey.ShareGroupHeartbeat, 1, { groupId: group, memberId, memberEpoch, subscribedTopicNames });
}

describe('millrace share-groups', () => {
  it('lists, describes, moves, forgets and deletes', { timeout: 60_000 }, async () => {
    await createTopic(client, topic, 2);
    await produce(client, topic, ['one', 'two', 'three'], { partition: 0 });
    // The client finds the coordinator, and makes its topic.
    expect((await run('share-groups', 'describe', group)).exitCode).toBe(3);
    let epoch = 0;
    await expect
      .poll(
        async () => {
          const answer = await heartbeat(epoch);
          expect(answer.errorMessage).toBeNull();
          epoch = answer.memberEpoch;
          return answer.assignment?.topicPartitions.flatMap(({ partitions }) => partitions).length ?? 0;
        },
        { timeout: 30_000 },
      )
      .toBe(2);

    expect((await run('share-groups', 'list', '-q')).out).toBe(`${group}\n`);
    expect(await json('share-groups', 'list')).toMatchObject([{ groupId: group, state: 'Stable', type: 'share' }]);
    expect(await json('share-groups', 'describe', group)).toMatchObject([
      {
        groupId: group,
        state: 'Stable',
        assignor: 'simple',
        members: [{ memberId, memberEpoch: epoch, subscribedTopics: [topic] }],
        partitions: [
          { topic, partition: 0, startOffset: null, lag: null },
          { topic, partition: 1, startOffset: null, lag: null },
        ],
      },
    ]);
    expect((await run('share-groups', 'describe', group)).out).toContain(`${topic}-0,${topic}-1`);
    const busy = await run('share-groups', 'delete', group);
    expect([busy.exitCode, busy.err]).toEqual([1, expect.stringContaining('has members; stop them first')]);
    expect((await run('share-groups', 'reset-offsets', group, '--all-topics', '--to-earliest')).exitCode).toBe(1);

    expect((await heartbeat(-1)).errorCode).toBe(0);
    const dry = await run('share-groups', 'reset-offsets', group, '--all-topics', '--to-latest', '--dry-run');
    expect([dry.exitCode, dry.err]).toEqual([0, expect.stringContaining('nothing was changed')]);
    const moved = await json('share-groups', 'reset-offsets', group, '-t', topic, '--to-latest');
    expect(moved).toEqual({
      group,
      dryRun: false,
      partitions: [
        { topic, partition: 0, from: null, to: 3 },
        { topic, partition: 1, from: null, to: 0 },
      ],
    });
    const back = await json('share-groups', 'reset-offsets', group, '--all-topics', '--to-earliest');
    expect(back).toMatchObject({ partitions: [{ from: 3, to: 0 }, { to: 0 }] });

    const forgotten = await run('share-groups', 'delete-offsets', group, '-t', topic);
    expect([forgotten.exitCode, forgotten.out]).toEqual([0, `share group ${group} has forgotten topic ${topic}\n`]);
    expect((await run('share-groups', 'delete-offsets', group, '-t', topic)).exitCode).toBe(3);
    expect(await json('share-groups', 'describe', group)).toMatchObject([{ state: 'Empty', partitions: [] }]);
    expect((await run('share-groups', 'delete', group)).out).toBe(`deleted share group ${group}\n`);
    expect((await run('share-groups', 'delete', group)).exitCode).toBe(3);
    expect((await run('share-groups', 'list')).err).toContain('no share groups');
  });

  it('leaves groups of other types alone', async () => {
    const offsets = { groupId: 'plain', generationIdOrMemberEpoch: -1, memberId: '' };
    await client.send(ApiKey.OffsetCommit, 9, {
      ...offsets,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
    });
    const refused = await run('share-groups', 'delete', 'plain');
    expect([refused.exitCode, refused.err]).toEqual([3, expect.stringContaining('plain: not a share group')]);
    expect((await run('groups', 'list', '-q')).out).toContain('plain\n');
    expect((await run('groups', 'list', '-q', '--type', 'classic')).out).toContain('plain\n');
    expect((await run('groups', 'list', '-q', '--type', 'share', '--state', 'empty')).out).not.toContain('plain\n');
    expect((await run('groups', 'list', '--type', 'odd')).err).toContain('Allowed choices are classic, consumer');
    expect((await run('groups', 'list', '--state', 'odd')).err).toContain('Allowed states are Stable');
  });
});
