import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import type { OffsetCommitResponse } from '../../src/protocol/api/offset_commit.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { createTopic } from '../integration/produce_fetch.js';
import { WireClient } from '../support/wire_client.js';
import { type AdminStep, findDrivers, run } from './drivers.js';

const expected: Readonly<Record<AdminStep, unknown>> = {
  created: true,
  listed: true,
  partitions: 5,
  retention: ['7654321', '1111111'],
  group: true,
  committed: 17,
  groupDeleted: true,
  deleted: true,
};

const drivers = (await findDrivers()).filter((driver) => driver.command !== undefined);
let broker: Broker;
let client: WireClient;
beforeAll(async () => {
  broker = await startBroker();
  client = await WireClient.connect(broker.port);
  // Makes the topic of offsets.
  await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['group'] });
});
afterAll(async () => {
  client.close();
  await broker.close();
});

describe('administration by', () => {
  it.each(drivers)('$name', async (driver) => {
    const topic = `admin-${driver.name}`;
    const group = `group-${driver.name}`;
    await createTopic(client, `${topic}-committed`);
    const committed = await client.send<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, {
      groupId: group,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: `${topic}-committed`, partitions: [{ partitionIndex: 0, committedOffset: 17 }] }],
    });
    expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(0);
    const result = await run(driver, ['admin', broker.bootstrapServers, topic, group], 50_000);
    expect(result.status, result.stderr).toBe(0);
    const line = result.stdout.split('\n').find((text) => text.startsWith('{'));
    expect(JSON.parse(line ?? '{}')).toEqual(Object.fromEntries(driver.admin.map((step) => [step, expected[step]])));
    const metadata = await client.send<MetadataResponse>(ApiKey.Metadata, 9, {
      topics: [{ name: topic }],
      allowAutoTopicCreation: false,
    });
    expect(metadata.topics[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });
});
