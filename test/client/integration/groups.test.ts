import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AssignorName, Consumer } from '../../../src/client/index.js';
import { isUnknownGroup, ProtocolError } from '../../../src/client/index.js';
import type { TopicPartition } from '../../../src/common/ids.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { read, type TestBroker, TestClients, testBroker, text } from '../support/broker.js';

let broker: TestBroker;
let clients: TestClients;

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker.close());
beforeEach(() => {
  clients = new TestClients(broker);
});
afterEach(() => clients.close());

const member = { autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, sessionTimeoutMs: 6_000 } as const;

const names = (partitions: readonly TopicPartition[]): readonly string[] =>
  partitions.map((one) => `${one.topic}-${one.partition}`).sort();

/** Lets every member poll, at the same time, until `done`. Returns what they read. */
async function pollUntil(consumers: readonly Consumer[], done: () => boolean): Promise<readonly string[]> {
  const values: string[] = [];
  while (!done()) {
    const batches = await Promise.all(consumers.map((one) => one.poll({ timeoutMs: 100 })));
    for (const record of batches.flat()) values.push(String(text(record.value)));
  }
  return values;
}

describe.each([['range'], ['roundrobin'], ['cooperative-sticky']] as const)(
  'a group with %s',
  (assignor: AssignorName) => {
    test('members share the partitions, and take over those of one that leaves', async () => {
      const topic = await clients.topic('shared', 6);
      const groupId = clients.name('group');
      const revoked: string[] = [];
      const first = clients.consumer({ ...member, groupId, assignors: [assignor] });
      first.subscribe([topic], {
        onRevoked: (partitions) => {
          revoked.push(...names(partitions));
        },
      });
      await pollUntil([first], () => first.assignment().length === 6);
      const second = clients.consumer({ ...member, groupId, assignors: [assignor] });
      second.subscribe([topic]);
      await pollUntil([first, second], () => first.assignment().length === 3 && second.assignment().length === 3);
      expect(names([...first.assignment(), ...second.assignment()])).toEqual(
        [0, 1, 2, 3, 4, 5].map((p) => `${topic}-${p}`),
      );
      // Eager members give up everything, cooperative ones only what goes to the other.
      expect(revoked).toHaveLength(assignor === 'cooperative-sticky' ? 3 : 6);
      const producer = clients.producer();
      await Promise.all(
        Array.from({ length: 60 }, (_, i) => producer.send({ topic, partition: i % 6, value: Buffer.from(String(i)) })),
      );
      const seen: string[] = [];
      while (seen.length < 60)
        for (const one of await first
          .poll({ timeoutMs: 50 })
          .then(async (a) => [...a, ...(await second.poll({ timeoutMs: 50 }))]))
          seen.push(String(text(one.value)));
      expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));

      const [description] = await clients.admin.describeGroups([groupId]);
      expect(description).toMatchObject({ state: 'Stable', protocolType: 'consumer', protocol: assignor });
      expect(description?.members.map((one) => one.assignedPartitions.length)).toEqual([3, 3]);

      await second.close();
      await pollUntil([first], () => first.assignment().length === 6);
      // What the second had committed is not read again.
      expect(await first.poll({ timeoutMs: 300 })).toEqual([]);
    });
  },
);

describe('offsets of a group', () => {
  async function filled(count: number, partitions = 1): Promise<string> {
    const topic = await clients.topic('offsets', partitions);
    const producer = clients.producer();
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        producer.send({ topic, partition: i % partitions, value: Buffer.from(String(i)) }),
      ),
    );
    return topic;
  }

  test('a commit is where the next member goes on', async () => {
    const topic = await filled(10);
    const groupId = clients.name('group');
    const first = clients.consumer({ ...member, groupId, enableAutoCommit: false });
    first.subscribe([topic]);
    for await (const record of first) if (record.offset === 3) break;
    await first.commit();
    expect(await first.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 4 }]);
    await first.close();
    const second = clients.consumer({ ...member, groupId });
    second.subscribe([topic]);
    expect((await read(second, 6)).map((one) => one.offset)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  test('auto commit covers what was handed out, at the close', async () => {
    const topic = await filled(10);
    const groupId = clients.name('group');
    const consumer = clients.consumer({ ...member, groupId });
    consumer.subscribe([topic]);
    for await (const record of consumer) if (record.offset === 6) break;
    await consumer.close();
    expect(await clients.admin.fetchGroupOffsets(groupId)).toMatchObject([{ topic, partition: 0, offset: 7 }]);
  });

  test('auto commit goes on by time', async () => {
    const topic = await filled(3);
    const groupId = clients.name('group');
    const consumer = clients.consumer({ ...member, groupId, autoCommitIntervalMs: 50 });
    consumer.subscribe([topic]);
    await read(consumer, 3);
    for (;;) {
      await consumer.poll({ timeoutMs: 60 });
      const [committed] = await clients.admin.fetchGroupOffsets(groupId);
      if (committed?.offset === 3) break;
    }
  });

  test('admin sets, deletes and lists them while nobody is a member', async () => {
    const topic = await filled(20, 2);
    const groupId = clients.name('group');
    const { admin } = clients;
    const moved = await admin.alterGroupOffsets(groupId, [
      { topic, partition: 0, offset: 5 },
      { topic, partition: 1, offset: 9, metadata: 'note' },
    ]);
    expect(moved.map((one) => one.error)).toEqual([undefined, undefined]);
    expect(
      (await admin.fetchGroupOffsets(groupId)).map(({ partition, offset, metadata }) => [partition, offset, metadata]),
    ).toEqual([
      [0, 5, ''],
      [1, 9, 'note'],
    ]);
    expect((await admin.listGroups()).find((one) => one.groupId === groupId)).toMatchObject({ state: 'Empty' });
    await admin.deleteGroupOffsets(groupId, [{ topic, partition: 0 }]);
    expect((await admin.fetchGroupOffsets(groupId)).map((one) => one.partition)).toEqual([1]);
    expect((await admin.deleteGroups([groupId])).map((one) => one.error)).toEqual([undefined]);
    expect(await admin.fetchGroupOffsets(groupId)).toEqual([]);
    const [gone] = await admin.deleteGroups([groupId]);
    expect(isUnknownGroup(gone?.error)).toBe(true);
  });

  test('a group with members refuses to be deleted or moved', async () => {
    const topic = await filled(1);
    const groupId = clients.name('group');
    const consumer = clients.consumer({ ...member, groupId });
    consumer.subscribe([topic]);
    await read(consumer, 1);
    const [deleted] = await clients.admin.deleteGroups([groupId]);
    expect(deleted?.error).toMatchObject({ code: ErrorCode.NON_EMPTY_GROUP });
    const refused = await clients.admin
      .alterGroupOffsets(groupId, [{ topic, partition: 0, offset: 0 }])
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProtocolError);
    expect(refused).toMatchObject({ code: ErrorCode.UNKNOWN_MEMBER_ID });
  });

  test('a consumer that was assigned its partitions commits without being a member', async () => {
    const topic = await filled(5);
    const groupId = clients.name('group');
    const consumer = clients.consumer({ groupId, autoOffsetReset: 'earliest', enableAutoCommit: false });
    consumer.assign([{ topic, partition: 0 }]);
    await read(consumer, 5);
    await consumer.commit();
    expect(await clients.admin.fetchGroupOffsets(groupId)).toMatchObject([{ offset: 5 }]);
  });
});

describe('subscriptions', () => {
  test('a pattern takes in the topics that match', async () => {
    const one = await clients.topic('pattern-yes');
    const two = await clients.topic('pattern-yes');
    await clients.topic('pattern-no');
    const consumer = clients.consumer({ ...member, groupId: clients.name('group') });
    consumer.subscribe(new RegExp(`^(${one}|${two})$`));
    await pollUntil([consumer], () => consumer.assignment().length === 2);
    expect(names(consumer.assignment())).toEqual([`${one}-0`, `${two}-0`].sort());
  });

  test('a topic that comes later is noticed', async () => {
    const topic = clients.name('later');
    const consumer = clients.consumer({ ...member, groupId: clients.name('group') });
    consumer.subscribe([topic]);
    expect(await consumer.poll({ timeoutMs: 200 })).toEqual([]);
    await clients.admin.createTopics([{ name: topic, numPartitions: 1, replicationFactor: 1 }]);
    await clients.admin.awaitTopics([topic]);
    await pollUntil([consumer], () => consumer.assignment().length === 1);
    await consumer.close();
    await clients.admin.deleteTopics([topic]);
  });

  test('a static member that comes back has its partitions without a rebalance', async () => {
    const topic = await clients.topic('static', 4);
    const groupId = clients.name('group');
    const other = clients.consumer({ ...member, groupId, groupInstanceId: 'other' });
    const assignments: number[] = [];
    other.subscribe([topic], {
      onAssigned: (partitions) => {
        assignments.push(partitions.length);
      },
    });
    const before = clients.consumer({ ...member, groupId, groupInstanceId: 'moving' });
    before.subscribe([topic]);
    await pollUntil([other, before], () => other.assignment().length === 2 && before.assignment().length === 2);
    const held = names(before.assignment());
    const rebalances = assignments.length;
    await before.close();
    const after = clients.consumer({ ...member, groupId, groupInstanceId: 'moving' });
    after.subscribe([topic]);
    await pollUntil([other, after], () => after.assignment().length === 2);
    expect(names(after.assignment())).toEqual(held);
    expect(assignments).toHaveLength(rebalances);
  });

  test('a member that was thrown out joins again and loses what it had', async () => {
    const topic = await clients.topic('thrown-out', 2);
    const groupId = clients.name('group');
    const consumer = clients.consumer({ ...member, groupId });
    const lost: string[] = [];
    consumer.subscribe([topic], {
      onLost: (partitions) => {
        lost.push(...names(partitions));
      },
    });
    await pollUntil([consumer], () => consumer.assignment().length === 2);
    const memberId = consumer.memberId;
    await clients
      .cluster()
      .callCoordinator(
        { kind: 'group', key: groupId },
        (await import('../../../src/client/calls.js')).calls.leaveGroup,
        { groupId, members: [{ memberId, groupInstanceId: null }] },
        (response) => response,
      );
    await pollUntil([consumer], () => lost.length === 2 && consumer.assignment().length === 2);
    expect(consumer.memberId).not.toBe(memberId);
  });
});
