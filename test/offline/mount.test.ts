import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { ListOffsetsResponse } from '../../src/protocol/api/list_offsets.js';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import type { OffsetCommitResponse } from '../../src/protocol/api/offset_commit.js';
import type { OffsetFetchResponse } from '../../src/protocol/api/offset_fetch.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { WireClient } from '../support/wire_client.js';
import { batchesOnDisk, batchesServed, stoppedPartitions } from './broker_checks.js';
import { copyOf, fingerprint, golden, ports, temporary } from './support.js';

const policyViolation = 44;
const clusterMetadata = join('__cluster_metadata-0', '00000000000000000000.log');

async function mounted<T>(directory: string, use: (client: WireClient, broker: Broker) => Promise<T>): Promise<T> {
  const before = fingerprint(directory);
  const broker = await startBroker({ mount: directory });
  const client = await WireClient.connect(broker.port);
  try {
    return await use(client, broker);
  } finally {
    client.close();
    await broker.close();
    expect(fingerprint(directory)).toEqual(before);
  }
}

async function servesEverything(client: WireClient, directory: string): Promise<void> {
  for (const partition of stoppedPartitions) {
    const { start, batches } = await batchesServed(client, partition);
    expect(Buffer.concat(batches).toString('hex')).toBe(
      Buffer.concat(batchesOnDisk(directory, partition, start)).toString('hex'),
    );
  }
}

describe('a read-only mount', () => {
  it("serves a stopped Kafka's directory and changes nothing of it", () =>
    mounted(join(golden, 'stopped'), (client) => servesEverything(client, join(golden, 'stopped'))));

  it('serves a killed one, without its torn tail and with indexes made anew in memory', async () => {
    const directory = copyOf('killed');
    const tail = join(directory, 'killed-0/00000000000000000048.log');
    const whole = batchesOnDisk(directory, 'killed-0');
    appendFileSync(tail, readFileSync(tail).subarray(0, 100));
    for (const name of ['00000000000000000000.index', '00000000000000000024.timeindex'])
      rmSync(join(directory, 'killed-0', name));
    await mounted(directory, async (client) => {
      const { batches } = await batchesServed(client, 'killed-0');
      expect(Buffer.concat(batches).toString('hex')).toBe(Buffer.concat(whole).toString('hex'));
    });
  });

  it('makes damaged indexes of sealed segments anew beside the directory, not in it', async () => {
    const directory = copyOf('stopped');
    const stem = join(directory, 'segments-0', '00000000000000000015');
    for (const suffix of ['.index', '.timeindex'])
      writeFileSync(`${stem}${suffix}`, Buffer.alloc(readFileSync(`${stem}${suffix}`).length));
    const lastMs = (segment: string) =>
      Number(readFileSync(join(golden, 'stopped/segments-0', `${segment}.timeindex`)).readBigInt64BE(0));
    await mounted(directory, async (client) => {
      await servesEverything(client, directory);
      const timestamp = lastMs('00000000000000000015');
      const listed = await client.send<ListOffsetsResponse>(ApiKey.ListOffsets, 7, {
        replicaId: -1,
        topics: [{ name: 'segments', partitions: [{ partitionIndex: 0, timestamp }] }],
      });
      const { offset } = listed.topics[0]?.partitions[0] ?? {};
      expect(offset).toBeGreaterThanOrEqual(15);
      expect(offset).toBeLessThan(30);
    });
  });

  it('serves a directory of Millrace', async () => {
    const data = join(temporary(), 'data');
    const { cli } = await import('./support.js');
    expect((await cli('log', 'import', join(golden, 'stopped'), '-o', data)).code).toBe(0);
    await mounted(data, (client) => servesEverything(client, data));
  });

  it('is refused while a broker runs on the directory, and keeps brokers away', async () => {
    const directory = copyOf('stopped');
    const held = ports.locks.take(directory, 'exclusive');
    await expect(startBroker({ mount: directory })).rejects.toThrow(`a broker is running on ${directory}`);
    held.release();
    await mounted(directory, async () => {
      expect(() => ports.locks.take(directory, 'exclusive')).toThrow(/LOCKED/);
    });
    ports.locks.take(directory, 'exclusive').release();
  });

  it('leaves nothing in the temporary directory', async () => {
    const mounts = () => readdirSync(tmpdir()).filter((name) => name.startsWith('millrace-mount-'));
    const before = mounts();
    await mounted(join(golden, 'killed'), async () => {
      expect(mounts().length).toBe(before.length + 1);
    });
    expect(mounts()).toEqual(before);
    await expect(startBroker({ mount: join(golden, 'dumps') })).rejects.toThrow('it is no log directory');
    expect(mounts()).toEqual(before);
  });

  it('refuses every write with the policy error, and creates no topic that is asked for', () =>
    mounted(join(golden, 'stopped'), async (client) => {
      const records = batchesOnDisk(join(golden, 'stopped'), 'codecs-0')[0] ?? Buffer.alloc(0);
      const produced = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'codecs', partitionData: [{ index: 0, records }] }],
      });
      expect(produced.responses[0]?.partitionResponses[0]).toMatchObject({
        errorCode: policyViolation,
        errorMessage: expect.stringContaining('--mount') as string,
      });
      const committed = await client.send<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, {
        groupId: 'readers',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: [{ name: 'codecs', partitions: [{ partitionIndex: 0, committedOffset: 3 }] }],
      });
      expect(committed.topics[0]?.partitions[0]).toMatchObject({ partitionIndex: 0, errorCode: policyViolation });
      const codes = async (key: number, version: number, body: object) =>
        [...JSON.stringify(await client.send(key, version, body)).matchAll(/"errorCode":(\d+)/g)].map(([, code]) =>
          Number(code),
        );
      const config = { resourceType: 2, resourceName: 'codecs', configs: [] };
      const refused = [
        codes(ApiKey.CreateTopics, 7, { topics: [{ name: 'new', numPartitions: 1, replicationFactor: 1 }] }),
        codes(ApiKey.DeleteTopics, 5, { topicNames: ['codecs'], timeoutMs: 1000 }),
        codes(ApiKey.DeleteTopics, 6, { topics: [{ name: 'codecs' }], timeoutMs: 1000 }),
        codes(ApiKey.CreatePartitions, 3, { topics: [{ name: 'codecs', count: 2 }] }),
        codes(ApiKey.DeleteRecords, 2, {
          topics: [{ name: 'codecs', partitions: [{ partitionIndex: 0, offset: 1 }] }],
        }),
        codes(ApiKey.IncrementalAlterConfigs, 1, { resources: [config] }),
        codes(ApiKey.AlterConfigs, 2, { resources: [config] }),
        codes(ApiKey.DeleteGroups, 2, { groupsNames: ['readers'] }),
        codes(ApiKey.InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 }),
        codes(ApiKey.OffsetDelete, 0, {
          groupId: 'readers',
          topics: [{ name: 'codecs', partitions: [{ partitionIndex: 0 }] }],
        }),
      ];
      for (const answer of await Promise.all(refused)) {
        expect(answer.length).toBeGreaterThan(0);
        expect(new Set(answer)).toEqual(new Set([policyViolation]));
      }
      const { topics } = await client.send<MetadataResponse>(ApiKey.Metadata, 12, {
        topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: 'asked-for' }],
        allowAutoTopicCreation: true,
      });
      expect(topics[0]).toMatchObject({ name: 'asked-for', errorCode: 3 });
    }));

  it('tells where groups of the directory stand, and lets consumers join', () =>
    mounted(join(golden, 'stopped'), async (client) => {
      const { groups } = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
        groups: [{ groupId: 'readers', topics: [{ name: 'codecs', partitionIndexes: [0] }] }],
        requireStable: false,
      });
      expect(groups[0]?.topics[0]?.partitions[0]).toMatchObject({ committedOffset: 37, metadata: 'halfway' });
      const joined = await client.send<{ errorCode: number; generationId: number }>(ApiKey.JoinGroup, 3, {
        groupId: 'visitors',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
      });
      expect(joined).toMatchObject({ errorCode: 0, generationId: 1 });
    }));

  it('works on a directory that the system mounted read-only', async (context) => {
    const directory = copyOf('stopped');
    const point = join(temporary(), 'point');
    mkdirSync(point);
    const run = (...args: readonly string[]) => spawnSync(args[0] ?? '', args.slice(1)).status === 0;
    const isMounted = run('mount', '--bind', directory, point) && run('mount', '-o', 'remount,ro,bind', point);
    if (!isMounted) {
      run('umount', point);
      console.log('offline: a directory mounted read-only is skipped, this user may not mount');
      context.skip();
      return;
    }
    try {
      expect(existsSync(join(point, clusterMetadata))).toBe(true);
      await mounted(point, (client) => servesEverything(client, directory));
    } finally {
      run('umount', point);
    }
  });
});
