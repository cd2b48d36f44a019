import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { WireClient } from '../support/wire_client.js';

// What administrators set is there after a stop and a start.
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-admin-restart-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function withBroker<T>(
  run: (client: WireClient) => Promise<T>,
  config: Readonly<Record<string, string>> = {},
): Promise<T> {
  const broker = await startBroker({ dataDirectory: dir, config });
  const client = await WireClient.connect(broker.port);
  try {
    return await run(client);
  } finally {
    client.close();
    await broker.close();
  }
}

const describeQuotas = (client: WireClient) =>
  client.send<{ entries: Array<{ entity: unknown; values: unknown }> }>(ApiKey.DescribeClientQuotas, 1, {
    components: [],
    strict: false,
  });
const describeScram = (client: WireClient) =>
  client.send<{ results: unknown }>(ApiKey.DescribeUserScramCredentials, 0, { users: null });

it('keeps quotas and credentials, in every kind of entity', async () => {
  const entities = [
    [{ entityType: 'user', entityName: 'a/b ü' }],
    [{ entityType: 'user', entityName: null }],
    [
      { entityType: 'user', entityName: 'x' },
      { entityType: 'client-id', entityName: null },
    ],
    [{ entityType: 'ip', entityName: '::1' }],
  ];
  const set = await withBroker(async (client) => {
    await client.send(ApiKey.AlterClientQuotas, 1, {
      entries: entities.map((entity) => ({
        entity,
        ops: [
          {
            key: entity[0]?.entityType === 'ip' ? 'connection_creation_rate' : 'producer_byte_rate',
            value: 1000,
            remove: false,
          },
        ],
      })),
      validateOnly: false,
    });
    await client.send(ApiKey.AlterUserScramCredentials, 0, {
      deletions: [],
      upsertions: [1, 2].map((mechanism) => ({
        name: `user ${mechanism}`,
        mechanism,
        iterations: 4096,
        salt: Buffer.from('salt'),
        saltedPassword: Buffer.alloc(32, mechanism),
      })),
    });
    return [await describeQuotas(client), await describeScram(client)] as const;
  });
  expect(set[0].entries.map(({ entity }) => entity)).toHaveLength(entities.length);
  expect(await withBroker(async (client) => [await describeQuotas(client), await describeScram(client)])).toEqual(set);
});

it('keeps the level of features', async () => {
  const show = (client: WireClient) =>
    client.send<{ finalizedFeatures: unknown; finalizedFeaturesEpoch: number }>(ApiKey.ApiVersions, 4, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    });
  const before = await withBroker(async (client) => {
    const answer = await client.send(ApiKey.UpdateFeatures, 1, {
      timeoutMs: 1000,
      featureUpdates: [{ feature: 'metadata.version', maxVersionLevel: 30, upgradeType: 1 }],
      validateOnly: false,
    });
    expect(answer).toMatchObject({ errorCode: 0 });
    return show(client);
  });
  const after = await withBroker(show);
  expect(after.finalizedFeatures).toEqual(before.finalizedFeatures);
  expect(after.finalizedFeaturesEpoch).toBe(before.finalizedFeaturesEpoch);
});

const authorizing = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};
const everything = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};

it('keeps access rules, more than fit in one transaction of the store, and acts on them', async () => {
  const acl = (resourceName: string, principal: string) => ({
    resourceType: 2,
    resourceName,
    resourcePatternType: 3,
    principal,
    host: '*',
    operation: 3,
    permissionType: 3,
  });
  const topics = Array.from({ length: 250 }, (_, index) => `topic ü ${index}`);
  await withBroker(async (client) => {
    const creations = topics.map((name) => acl(name, 'User:alice'));
    const { results } = await client.send<{ results: Array<{ errorCode: number }> }>(ApiKey.CreateAcls, 3, {
      creations: [...creations, acl('group-only', 'User:ANONYMOUS')],
    });
    expect(results.every(({ errorCode }) => errorCode === 0)).toBe(true);
  }, authorizing);
  await withBroker(async (client) => {
    const { resources } = await client.send<{ resources: Array<{ resourceName: string }> }>(
      ApiKey.DescribeAcls,
      3,
      everything,
    );
    expect(resources.map(({ resourceName }) => resourceName).sort()).toEqual([...topics, 'group-only'].sort());
    const asked = [topics[0], 'group-only', 'unnamed'].map((name) => ({ name }));
    const answer = await client.send<{ topics: Array<{ name: string; errorCode: number }> }>(ApiKey.Metadata, 9, {
      topics: asked,
      allowAutoTopicCreation: false,
    });
    expect(Object.fromEntries(answer.topics.map(({ name, errorCode }) => [name, errorCode]))).toEqual({
      'topic ü 0': 29,
      'group-only': 3,
      unnamed: 3,
    });
    const { filterResults } = await client.send<{ filterResults: Array<{ matchingAcls: unknown[] }> }>(
      ApiKey.DeleteAcls,
      3,
      { filters: [everything] },
    );
    expect(filterResults[0]?.matchingAcls).toHaveLength(topics.length + 1);
  }, authorizing);
  await withBroker(async (client) => {
    expect(await client.send(ApiKey.DescribeAcls, 3, everything)).toMatchObject({ resources: [] });
  }, authorizing);
});
