import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { type Broker, startBroker } from '../../src/index.js';
import type { OffsetCommitResponse } from '../../src/protocol/api/offset_commit.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { SmallDisk } from '../support/small_disk.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

let broker: Broker | undefined;
let client: WireClient;
let disk: SmallDisk | undefined;
let directory: string | undefined;
afterEach(async () => {
  client.close();
  disk?.free();
  await broker?.close();
  disk?.unmount();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  broker = undefined;
  disk = undefined;
  directory = undefined;
});

async function start(config: Record<string, string>, dataDirectory?: string): Promise<void> {
  broker = await startBroker({
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    config: { 'millrace.disk.check.interval.ms': '10', ...config },
  });
  client = await WireClient.connect(broker.port);
}

/** The first commit: until the coordinator is there. */
async function firstCommit(): Promise<void> {
  await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['group'] });
  while ((await commit(1)) !== ErrorCode.NONE) await sleep(5);
}

/** What a failure is to print of a value of 100,000 bytes. */
const brief = (value: string) => `${value.slice(0, 10)}${value.length}`;

/** As a retrying client does. */
async function produceUntilTaken(topic: string, value: string): Promise<void> {
  for (;;) {
    const { errorCode } = await produce(client, topic, [value]);
    if (errorCode === ErrorCode.NONE) return;
    expect(errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    await sleep(5);
  }
}

async function commit(offset: number): Promise<number | undefined> {
  const response = await client.send<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, {
    groupId: 'group',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    topics: [
      {
        name: 't',
        partitions: [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: '' }],
      },
    ],
  });
  return response.topics[0]?.partitions[0]?.errorCode;
}

async function setReserve(value: string): Promise<void> {
  const { responses } = await client.send<{ responses: Array<{ errorCode: number }> }>(
    ApiKey.IncrementalAlterConfigs,
    1,
    {
      resources: [
        {
          resourceType: 4,
          resourceName: '',
          configs: [{ name: 'millrace.disk.reserve.bytes', configOperation: 0, value }],
        },
      ],
      validateOnly: false,
    },
  );
  expect(responses[0]?.errorCode).toBe(0);
}

it('below the reserve refuses producers and goes on with everything else, and resumes by itself', async () => {
  await start({});
  await createTopic(client, 't');
  await produce(client, 't', ['before']);
  await firstCommit();
  // No disk has so much free.
  await setReserve(String(2 ** 60));
  const refused = await produce(client, 't', ['refused']);
  expect(refused).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, baseOffset: -1 });
  expect(refused.errorMessage).toMatch(/^The disk of .* is full/);
  expect(await readAll(client, 't')).toEqual(['before']);
  expect(await commit(2)).toBe(ErrorCode.NONE);
  await createTopic(client, 'another');
  const deleted = await client.send<{ responses: Array<{ errorCode: number }> }>(ApiKey.DeleteTopics, 5, {
    topicNames: ['another'],
    timeoutMs: 5000,
  });
  expect(deleted.responses[0]?.errorCode).toBe(0);
  const cut = await client.send<{ topics: Array<{ partitions: Array<{ lowWatermark: number; errorCode: number }> }> }>(
    ApiKey.DeleteRecords,
    2,
    { topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1 }] }], timeoutMs: 5000 },
  );
  expect(cut.topics[0]?.partitions[0]).toMatchObject({ lowWatermark: 1, errorCode: 0 });
  await setReserve('0');
  await produceUntilTaken('t', 'after');
  const { baseOffset } = await produce(client, 't', ['last']);
  expect(baseOffset).toBe(2);
});

it('on a disk without a single free byte leaves every file whole, and goes on when there is room', async (context) => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-small-disk-'));
  const mounted = SmallDisk.mount(directory, 16 * 1024 * 1024);
  if (typeof mounted === 'string') {
    console.log(`disk full: skipped, ${mounted}`);
    client = { close: () => {} } as WireClient;
    return context.skip(mounted);
  }
  disk = mounted;
  const data = join(directory, 'data');
  // Without a reserve the system's own refusal is what is met, by every kind of write.
  const config = { 'millrace.disk.reserve.bytes': '0', 'millrace.disk.resume.bytes': '4000000' };
  await start(config, data);
  await createTopic(client, 't', 1, { 'segment.bytes': '1048576' });
  await firstCommit();
  const values: string[] = [];
  const write = async (stopAtRefusal: boolean) => {
    for (let i = 0; i < 30; i += 1) {
      const value = `${values.length}-`.padEnd(100_000, 'x');
      const { errorCode } = await produce(client, 't', [value]);
      if (errorCode === ErrorCode.NONE) values.push(value);
      else if (stopAtRefusal) return errorCode;
    }
    return ErrorCode.NONE;
  };
  await write(false);
  disk.fill(150_000);
  expect(await write(true)).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  disk.fill(0);
  expect((await readAll(client, 't')).map(brief)).toEqual(values.map(brief));
  // A change of metadata waits for room, and is done then. (A small one finds room in the last page of the journal.)
  let created = false;
  const creating = (await WireClient.connect(broker?.port ?? 0)).send<{ topics: Array<{ errorCode: number }> }>(
    ApiKey.CreateTopics,
    7,
    { topics: [{ name: 'later', numPartitions: 300, replicationFactor: 1 }], timeoutMs: 5000 },
  );
  void creating.then(() => {
    created = true;
  });
  expect((await readAll(client, 't')).map(brief)).toEqual(values.map(brief));
  expect(created).toBe(false);
  disk.free();
  expect((await creating).topics[0]?.errorCode).toBe(0);
  await produceUntilTaken('t', 'after');
  expect((await readAll(client, 't')).map(brief)).toEqual([...values, 'after'].map(brief));
  disk.fill(0);
  client.close();
  await broker?.close();
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' });
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  // A full disk does not keep it from starting either.
  await start(config, data);
  await vi.waitFor(async () =>
    expect((await readAll(client, 't')).map(brief)).toEqual([...values, 'after'].map(brief)),
  );
  disk.free();
  await produceUntilTaken('t', 'last');
});
