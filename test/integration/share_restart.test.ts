import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CONFIG_RESOURCE } from '../../src/config/index.js';
import { startBroker } from '../../src/index.js';
import type { DescribeShareGroupOffsetsResponse } from '../../src/protocol/api/describe_share_group_offsets.js';
import type { ShareAcknowledgeResponse } from '../../src/protocol/api/share_acknowledge.js';
import type { ShareFetchResponse } from '../../src/protocol/api/share_fetch.js';
import type { ShareGroupHeartbeatResponse } from '../../src/protocol/api/share_group_heartbeat.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { setConfigs } from '../support/set_configs.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce } from './produce_fetch.js';

// What a share group has read is there after a stop and a start: what was accepted and rejected does not come again, what was
// released does, one delivery more, and what nobody spoke of comes as if for the first time.

const dir = mkdtempSync(join(tmpdir(), 'millrace-share-restart-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const groupId = 'g';
const memberId = 'm';
const settings = { 'share.coordinator.state.topic.num.partitions': 3, 'group.share.assignment.interval.ms': 0 };

class Member {
  private epoch = 0;
  private sessionEpoch = 0;

  constructor(
    private readonly client: WireClient,
    private readonly topic: string,
  ) {}

  /** Beats until a partition is assigned; its topic's id. */
  async join(): Promise<string> {
    let topicId: string | undefined;
    await expect
      .poll(async () => {
        const answer = await this.client.send<ShareGroupHeartbeatResponse>(ApiKey.ShareGroupHeartbeat, 1, {
          groupId,
          memberId,
          memberEpoch: this.epoch,
          subscribedTopicNames: [this.topic],
        });
        // Right after the start the coordinator's topic is made or loaded.
        if (answer.errorCode !== 0) return false;
        this.epoch = answer.memberEpoch;
        topicId = answer.assignment?.topicPartitions[0]?.topicId;
        return topicId !== undefined;
      })
      .toBe(true);
    return topicId ?? '';
  }

  /** `0-4x1`: offsets and how often they were delivered. */
  async fetch(topicId: string): Promise<string> {
    const answer = await this.client.send<ShareFetchResponse>(ApiKey.ShareFetch, 2, {
      groupId,
      memberId,
      shareSessionEpoch: this.sessionEpoch,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 100,
      batchSize: 100,
      topics: this.sessionEpoch === 0 ? [{ topicId, partitions: [{ partitionIndex: 0 }] }] : [],
    });
    expect(answer.errorMessage).toBeNull();
    this.sessionEpoch += 1;
    return answer.responses
      .flatMap(({ partitions }) => partitions.flatMap(({ acquiredRecords }) => acquiredRecords))
      .map(({ firstOffset, lastOffset, deliveryCount }) => `${firstOffset}-${lastOffset}x${deliveryCount}`)
      .join(' ');
  }

  async acknowledge(topicId: string, ...batches: ReadonlyArray<readonly [number, number, number]>): Promise<void> {
    const acknowledgementBatches = batches.map(([firstOffset, lastOffset, type]) => ({
      firstOffset,
      lastOffset,
      acknowledgeTypes: [type],
    }));
    const answer = await this.client.send<ShareAcknowledgeResponse>(ApiKey.ShareAcknowledge, 2, {
      groupId,
      memberId,
      shareSessionEpoch: this.sessionEpoch,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }],
    });
    this.sessionEpoch += 1;
    expect(answer.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([0]);
  }
}

async function withBroker<T>(run: (client: WireClient) => Promise<T>): Promise<T> {
  const broker = await startBroker({ dataDirectory: dir, config: settings });
  const client = await WireClient.connect(broker.port);
  try {
    return await run(client);
  } finally {
    client.close();
    await broker.close();
  }
}

it('goes on where it was', async () => {
  await withBroker(async (client) => {
    await createTopic(client, 't', 1);
    await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId] });
    await setConfigs(client, CONFIG_RESOURCE.GROUP, groupId, { 'share.auto.offset.reset': 'earliest' });
    await produce(client, 't', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    const member = new Member(client, 't');
    const topicId = await member.join();
    expect(await member.fetch(topicId)).toBe('0-9x1');
    // Accepted, released, rejected; 8 and 9 stay with the member.
    await member.acknowledge(topicId, [0, 3, 1], [4, 5, 2], [6, 6, 3], [7, 7, 1]);
  });
  for (let restart = 0; restart < 2; restart += 1)
    await withBroker(async (client) => {
      const member = new Member(client, 't');
      const topicId = await member.join();
      expect(await member.fetch(topicId)).toBe('4-5x2 8-9x1');
    });
  await withBroker(async (client) => {
    const member = new Member(client, 't');
    const topicId = await member.join();
    expect(await member.fetch(topicId)).toBe('4-5x2 8-9x1');
    await member.acknowledge(topicId, [4, 5, 1], [8, 9, 1]);
    await produce(client, 't', ['10']);
    expect(await member.fetch(topicId)).toBe('10-10x1');
  });
  await withBroker(async (client) => {
    await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId] });
    await expect
      .poll(async () => {
        const { groups } = await client.send<DescribeShareGroupOffsetsResponse>(ApiKey.DescribeShareGroupOffsets, 1, {
          groups: [{ groupId, topics: null }],
        });
        return groups[0]?.topics[0]?.partitions.map(({ startOffset, lag }) => [startOffset, lag]);
      })
      // As in Kafka the start that is kept is that of before the last acknowledgement; the lag knows what is done behind it.
      .toEqual([[4, 1]]);
  });
});
