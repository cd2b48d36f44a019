import type { Body, Connections } from './connection.js';
import { produce } from './topics.js';

async function fromTheStart(on: Connections, group: string): Promise<void> {
  const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }];
  await on.until('admin', 'IncrementalAlterConfigs', 1, {
    resources: [{ resourceType: 32, resourceName: group, configs }],
    validateOnly: false,
  });
}

/** Beats until something is assigned. */
async function join(on: Connections, groupId: string, memberId: string, names: readonly string[]): Promise<void> {
  let memberEpoch = 0;
  await on.until(
    memberId,
    'ShareGroupHeartbeat',
    1,
    { groupId, memberId, memberEpoch, subscribedTopicNames: names },
    (answer) => {
      if (answer.errorCode !== 0) return false;
      memberEpoch = Number(answer.memberEpoch);
      return true;
    },
  );
  for (let round = 0; round < 100; round += 1) {
    const answer = await on.until(memberId, 'ShareGroupHeartbeat', 1, {
      groupId,
      memberId,
      memberEpoch,
      subscribedTopicNames: names,
    });
    memberEpoch = Number(answer.memberEpoch);
    const { topicPartitions = [] } = (answer.assignment ?? {}) as { topicPartitions?: unknown[] };
    if (topicPartitions.length === names.length) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${groupId}: nothing is assigned to ${memberId}`);
}

const acquired = (answer: Body): boolean => JSON.stringify(answer).includes('"deliveryCount":');

/** Share groups: one with records in every state, one set to an offset, one that has left. */
export async function buildShareGroups(on: Connections, ids: ReadonlyMap<string, string>): Promise<void> {
  const topicId = ids.get('b') ?? '';
  await produce(on, 'b', 0, 10);
  await produce(on, 'b', 0, 10);
  await fromTheStart(on, 'share-reading');
  await join(on, 'share-reading', 'h1', ['a', 'b']);
  await join(on, 'share-reading', 'h2', ['b']);
  const session = {
    groupId: 'share-reading',
    memberId: 'h1',
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1_000_000,
    maxRecords: 20,
  };
  // A group that reads for the first time may be told that there is nothing yet; each epoch of a session is asked once.
  let shareSessionEpoch = 0;
  for (let got = false; !got; shareSessionEpoch += 1) {
    if (shareSessionEpoch > 20) throw new Error('nothing to read');
    const asked = shareSessionEpoch === 0 ? [{ topicId, partitions: [{ partitionIndex: 0 }] }] : [];
    got = acquired(
      await on.send('h1', 'ShareFetch', 1, { ...session, batchSize: 20, shareSessionEpoch, topics: asked }),
    );
  }
  // Accepted, released, rejected, one by one; the rest stays with the member.
  const batches = [
    { firstOffset: 0, lastOffset: 3, acknowledgeTypes: [1] },
    { firstOffset: 4, lastOffset: 5, acknowledgeTypes: [2] },
    { firstOffset: 6, lastOffset: 6, acknowledgeTypes: [3] },
    { firstOffset: 8, lastOffset: 11, acknowledgeTypes: [1, 2, 1, 3] },
  ];
  await on.until('h1', 'ShareAcknowledge', 1, {
    ...{ groupId: 'share-reading', memberId: 'h1', shareSessionEpoch },
    topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: batches }] }],
  });

  await join(on, 'share-altered', 'h3', ['b']);
  await on.until('h3', 'ShareGroupHeartbeat', 1, { groupId: 'share-altered', memberId: 'h3', memberEpoch: -1 });
  const partitions = [{ partitionIndex: 0, startOffset: 7 }];
  await on.until('admin', 'AlterShareGroupOffsets', 0, {
    groupId: 'share-altered',
    topics: [{ topicName: 'b', partitions }],
  });

  await join(on, 'share-empty', 'h4', ['a', 'many-1']);
  await on.until('h4', 'ShareGroupHeartbeat', 1, { groupId: 'share-empty', memberId: 'h4', memberEpoch: -1 });
  await on.until('admin', 'DeleteShareGroupOffsets', 0, { groupId: 'share-empty', topics: [{ topicName: 'many-1' }] });
}
