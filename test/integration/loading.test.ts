import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BrokerConfig } from '../../src/config/index.js';
import {
  nodeDialer,
  nodeFileSystem,
  nodeHttpSender,
  nodeHttpServers,
  systemClock,
  systemRandom,
  systemTimers,
} from '../../src/env/index.js';
import { startBroker } from '../../src/index.js';
import { createNativeTransport } from '../../src/network/native_transport.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { BrokerServer } from '../../src/server/broker.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { HeldLogStore } from '../support/held_log_store.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

const cleanups: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Held {
  readonly server: BrokerServer;
  readonly store: HeldLogStore;
  readonly logger: MemoryLogger;
}

/** A broker whose logs are loaded when the test says so. */
async function startHeld(dataDirectory: string): Promise<Held> {
  const parsed = BrokerConfig.fromProperties({
    'node.id': 1,
    listeners: 'PLAINTEXT://127.0.0.1:0',
    'log.dirs': dataDirectory,
    'group.initial.rebalance.delay.ms': 0,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  const logger = new MemoryLogger();
  const store = new HeldLogStore();
  const server = new BrokerServer(
    {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      files: nodeFileSystem,
      store,
      transport: createNativeTransport({ clock: systemClock, timers: systemTimers }),
      http: nodeHttpServers,
      sender: nodeHttpSender,
      dialer: nodeDialer,
      logger,
      hostname: 'localhost',
    },
    parsed.config,
  );
  cleanups.push(() => server.close());
  await server.start();
  return { server, store, logger };
}

async function connect(port: number): Promise<WireClient> {
  const client = await WireClient.connect(port);
  cleanups.push(() => client.close());
  return client;
}

/** Two records in t-0, three in t-1, an offset of the group g; closed in an orderly way. */
async function prepare(dataDirectory: string): Promise<void> {
  const broker = await startBroker({ dataDirectory });
  const client = await connect(broker.port);
  await createTopic(client, 't', 2);
  await produce(client, 't', ['a', 'b']);
  await produce(client, 't', ['c', 'd', 'e'], { partition: 1 });
  await client.send(ApiKey.FindCoordinator, 3, { key: 'g', keyType: 0 });
  await client.send(ApiKey.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
  });
  client.close();
  await broker.close();
}

const fetchOffsets = (client: WireClient) =>
  client.send<{
    groups: Array<{ errorCode: number; topics: Array<{ partitions: Array<{ committedOffset: number }> }> }>;
  }>(ApiKey.OffsetFetch, 8, { groups: [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }] });

async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a broker whose logs are still being loaded', () => {
  it('answers, tells clients to try again, and serves each partition once it is there', async () => {
    const dataDirectory = temporary();
    await prepare(dataDirectory);
    const { server, store, logger } = await startHeld(dataDirectory);
    expect(store.held).toContain('__consumer_offsets-0');
    // A crash from here on must not look like a clean stop.
    expect(existsSync(join(dataDirectory, '.kafka_cleanshutdown'))).toBe(false);
    expect(logger.messages('info').some((line) => line.includes('loading logs: 0 of 52 are open'))).toBe(true);
    const client = await connect(server.address.port);

    const metadata = await client.send<{
      topics: Array<{ partitions: Array<{ errorCode: number; leaderId: number }> }>;
    }>(ApiKey.Metadata, 12, { topics: [{ name: 't' }] });
    expect(metadata.topics[0]?.partitions[0]).toMatchObject({
      errorCode: ErrorCode.LEADER_NOT_AVAILABLE,
      leaderId: -1,
    });
    expect(await produce(client, 't', ['early'])).toMatchObject({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    await expect(readAll(client, 't')).rejects.toThrow(`fetch: ${ErrorCode.NOT_LEADER_OR_FOLLOWER}`);
    const listed = await client.send<{ topics: Array<{ partitions: Array<{ errorCode: number }> }> }>(
      ApiKey.ListOffsets,
      7,
      { replicaId: -1, topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }] },
    );
    expect(listed.topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const found = await client.send<{ errorCode: number }>(ApiKey.FindCoordinator, 3, { key: 'g', keyType: 0 });
    expect(found.errorCode).toBe(ErrorCode.NONE);
    expect((await fetchOffsets(client)).groups[0]?.errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    const groups = await client.send<{ errorCode: number }>(ApiKey.ListGroups, 4, {});
    expect(groups.errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);

    // What is new does not wait for what is being recovered.
    await createTopic(client, 'fresh');
    await produce(client, 'fresh', ['now']);
    expect(await readAll(client, 'fresh')).toEqual(['now']);

    store.release();
    await eventually(async () => (await produce(client, 't', ['late'])).errorCode === 0);
    await eventually(async () => (await fetchOffsets(client)).groups[0]?.errorCode === 0);
    expect(await readAll(client, 't')).toEqual(['a', 'b', 'late']);
    expect(await readAll(client, 't', 1)).toEqual(['c', 'd', 'e']);
    expect((await fetchOffsets(client)).groups[0]?.topics[0]?.partitions[0]?.committedOffset).toBe(1);
  });

  it('loads the logs of its own topics first', async () => {
    const dataDirectory = temporary();
    await prepare(dataDirectory);
    const { store } = await startHeld(dataDirectory);
    expect(store.held.length).toBeGreaterThan(0);
    expect(store.held.every((name) => name.startsWith('__'))).toBe(true);
  });

  it('is stopped: nothing is lost of logs it did not load, and the stop is no clean one', async () => {
    const dataDirectory = temporary();
    await prepare(dataDirectory);
    const pointsFile = join(dataDirectory, 'recovery-point-offset-checkpoint');
    const before = readFileSync(pointsFile, 'utf8').split('\n').sort();
    const { server, store, logger } = await startHeld(dataDirectory);
    store.release('__consumer_offsets-0');
    await server.close();
    expect(existsSync(join(dataDirectory, '.kafka_cleanshutdown'))).toBe(false);
    expect(readFileSync(pointsFile, 'utf8').split('\n').sort()).toEqual(before);
    expect(logger.messages('error')).toEqual([]);
    const again = await startBroker({ dataDirectory });
    cleanups.push(() => again.close());
    const client = await connect(again.port);
    await eventually(async () => (await produce(client, 't', ['on'])).errorCode === 0);
    expect(await readAll(client, 't')).toEqual(['a', 'b', 'on']);
    await eventually(async () => (await fetchOffsets(client)).groups[0]?.errorCode === 0);
    await again.close();
    expect(existsSync(join(dataDirectory, '.kafka_cleanshutdown'))).toBe(true);
  });

  it.each([
    ['wait for their turn', () => undefined],
    ['are being loaded', (store: HeldLogStore) => releaseOwn(store)],
  ])('deletes a topic without waiting for its logs, which %s, and makes one of the same name', async (_, until) => {
    const dataDirectory = temporary();
    await prepare(dataDirectory);
    const { server, store, logger } = await startHeld(dataDirectory);
    await until(store);
    const client = await connect(server.address.port);
    const deleted = await client.send<{ responses: Array<{ errorCode: number }> }>(ApiKey.DeleteTopics, 5, {
      topicNames: ['t'],
      timeoutMs: 30_000,
    });
    expect(deleted.responses[0]?.errorCode).toBe(0);
    expect(readdirSync(dataDirectory).filter((name) => /^t-\d+$/.test(name))).toEqual([]);
    expect(readdirSync(dataDirectory).filter((name) => name.endsWith('-delete'))).toHaveLength(2);
    await createTopic(client, 't', 1);
    await produce(client, 't', ['anew']);
    expect(await readAll(client, 't')).toEqual(['anew']);
    store.release();
    await eventually(async () => (await fetchOffsets(client)).groups[0]?.errorCode === 0);
    expect(await readAll(client, 't')).toEqual(['anew']);
    expect(logger.messages('error')).toEqual([]);
    await server.close();
    const again = await startBroker({ dataDirectory });
    cleanups.push(() => again.close());
    expect(await readAll(await connect(again.port), 't')).toEqual(['anew']);
  });
});

/** Until only the logs of topics wait. */
async function releaseOwn(store: HeldLogStore): Promise<void> {
  await eventually(() => {
    for (const name of store.held) if (name.startsWith('__')) store.release(name);
    return store.held.includes('t-0') && store.held.includes('t-1');
  });
}

describe('a log with damage', () => {
  /** After a crash: no marker, nothing checkpointed. */
  function crash(dataDirectory: string): void {
    rmSync(join(dataDirectory, '.kafka_cleanshutdown'), { force: true });
    rmSync(join(dataDirectory, 'recovery-point-offset-checkpoint'), { force: true });
    for (const suffix of ['index', 'timeindex'])
      rmSync(join(dataDirectory, `t-0/00000000000000000000.${suffix}`), { force: true });
  }

  it('is offline alone, named with offsets, file and position, and left as it is', async () => {
    const dataDirectory = temporary();
    await prepare(dataDirectory);
    const first = await startBroker({ dataDirectory });
    const writer = await connect(first.port);
    for (const value of ['x', 'y']) await produce(writer, 't', [value.repeat(1000)]);
    await first.close();
    crash(dataDirectory);
    const path = join(dataDirectory, 't-0/00000000000000000000.log');
    const bytes = readFileSync(path);
    const at = 12 + bytes.readInt32BE(8) + 200;
    bytes[at] = (bytes[at] ?? 0) ^ 0x20;
    writeFileSync(path, bytes);

    const { server, store, logger } = await startHeld(dataDirectory);
    store.release();
    const client = await connect(server.address.port);
    await eventually(async () => (await produce(client, 't', ['f'], { partition: 1 })).errorCode === 0);
    await eventually(async () => (await produce(client, 't', ['x'])).errorCode === ErrorCode.KAFKA_STORAGE_ERROR);
    await expect(readAll(client, 't')).rejects.toThrow(`fetch: ${ErrorCode.KAFKA_STORAGE_ERROR}`);
    expect(await readAll(client, 't', 1)).toEqual(['c', 'd', 'e', 'f']);
    const [line = ''] = logger.messages('error');
    expect(line).toContain('t-0 could not be opened and is offline');
    expect(line).toMatch(
      /00000000000000000000\.log.*bytes \d+ to \d+ hold no valid batch, offsets 2 to 2 cannot be read/,
    );
    expect(line).toContain('millrace log repair');
    await server.close();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    // The next start looks again.
    expect(existsSync(join(dataDirectory, '.kafka_cleanshutdown'))).toBe(false);
  });

  it('below the recovery point is an error for who reads it, never a gap', async () => {
    const dataDirectory = temporary();
    await prepare(dataDirectory);
    const first = await startBroker({ dataDirectory });
    const writer = await connect(first.port);
    expect((await produce(writer, 't', ['x'])).errorCode).toBe(0);
    await first.close();
    const path = join(dataDirectory, 't-0/00000000000000000000.log');
    const bytes = readFileSync(path);
    bytes[16] = 9;
    writeFileSync(path, bytes);
    // A clean stop: nobody looks at batches in front of the last index entry.
    const index = Buffer.alloc(8);
    index.writeInt32BE(2, 0);
    index.writeInt32BE(12 + bytes.readInt32BE(8), 4);
    writeFileSync(join(dataDirectory, 't-0/00000000000000000000.index'), index);
    const { server, store, logger } = await startHeld(dataDirectory);
    store.release();
    const client = await connect(server.address.port);
    await eventually(async () => (await produce(client, 't', ['y'])).errorCode === 0);
    await expect(readAll(client, 't')).rejects.toThrow(`fetch: ${ErrorCode.CORRUPT_MESSAGE}`);
    expect(logger.messages('error')[0]).toContain('offset 0 cannot be read');
    expect(logger.messages('error')[0]).toContain('no valid batch at position 0');
  });
});
