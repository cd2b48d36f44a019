import { describe, expect, test } from 'vitest';
import { ClusterClient, ConnectionError, OperationTimeoutError } from '../../src/client/index.js';
import { MetadataCache } from '../../src/client/metadata.js';
import { ZERO_UUID } from '../../src/common/ids.js';
import { MetadataResponse } from '../../src/protocol/api/metadata.js';
import { Reader } from '../../src/protocol/reader.js';
import { Writer } from '../../src/protocol/writer.js';
import { FakeCluster } from './support/fake_broker.js';

/** As it comes from the wire, with every default. */
function response(body: Parameters<typeof MetadataResponse.encode>[2]) {
  const writer = new Writer();
  MetadataResponse.encode(writer, 12, body);
  return MetadataResponse.decode(new Reader(writer.bytes()), 12);
}

const broker = { nodeId: 1, host: 'h', port: 1 };
const topic = (leaderId: number, leaderEpoch: number, name = 't') => ({
  name,
  topicId: ZERO_UUID,
  partitions: [{ partitionIndex: 0, leaderId, leaderEpoch, replicaNodes: [1], isrNodes: [1] }],
});

describe('what is known of the cluster', () => {
  test('an older leader epoch does not replace a newer one', () => {
    const cache = new MetadataCache();
    cache.update(response({ brokers: [broker], topics: [topic(2, 5)] }), 0, false);
    cache.update(response({ brokers: [broker], topics: [topic(1, 4)] }), 1, false);
    expect(cache.partition({ topic: 't', partition: 0 })).toMatchObject({ leaderId: 2, leaderEpoch: 5 });
    cache.update(response({ brokers: [broker], topics: [topic(1, 6)] }), 2, false);
    expect(cache.partition({ topic: 't', partition: 0 })).toMatchObject({ leaderId: 1, leaderEpoch: 6 });
  });

  test('a response of all topics forgets those it does not name', () => {
    const cache = new MetadataCache();
    cache.update(response({ brokers: [broker], topics: [topic(1, 0, 'a'), topic(1, 0, 'b')] }), 0, true);
    cache.update(response({ brokers: [broker], topics: [topic(1, 0, 'b')] }), 0, true);
    expect([...cache.topics()].map((one) => one.name)).toEqual(['b']);
  });

  test('a topic with an error is gone, and its error kept', () => {
    const cache = new MetadataCache();
    cache.update(response({ brokers: [broker], topics: [topic(1, 0)] }), 0, false);
    cache.update(response({ brokers: [broker], topics: [{ name: 't', errorCode: 3 }] }), 0, false);
    expect(cache.topic('t')).toBeUndefined();
    expect(cache.errorOf('t')).toBe(3);
  });

  test('a leader named by a produce or fetch response counts if it is newer and known', () => {
    const cache = new MetadataCache();
    cache.update(response({ brokers: [broker, { ...broker, nodeId: 2 }], topics: [topic(1, 3)] }), 0, false);
    const at = { topic: 't', partition: 0 };
    expect(cache.updateLeader(at, 2, 3)).toBe(false);
    expect(cache.updateLeader(at, 9, 4)).toBe(false);
    expect(cache.updateLeader(at, 2, 4)).toBe(true);
    expect(cache.partition(at)).toMatchObject({ leaderId: 2, leaderEpoch: 4 });
  });
});

describe('the connections to a cluster', () => {
  function clientOf(fake: FakeCluster, ports: readonly number[] = [9001]) {
    return new ClusterClient(fake.environment, {
      bootstrapServers: ports.map((port) => ({ host: 'fake', port })),
      apiTimeoutMs: 5_000,
    });
  }

  test('any bootstrap server that answers will do', async () => {
    const fake = new FakeCluster();
    const cluster = clientOf(fake, [9999, 9998, 9001]);
    expect((await cluster.anyConnection()).address).toBe('fake:9001');
    await cluster.close();
  });

  test('when none answers, the reasons are named', async () => {
    const cluster = clientOf(new FakeCluster(), [9999, 9998]);
    await expect(cluster.anyConnection()).rejects.toThrow(/fake:9999: ECONNREFUSED; .*fake:9998: ECONNREFUSED/);
    await expect(cluster.connectionTo(5)).rejects.toBeInstanceOf(ConnectionError);
    await cluster.close();
  });

  test('calls are tried again until they succeed or the time is over', async () => {
    const fake = new FakeCluster();
    fake.refusing.add(9001);
    const cluster = clientOf(fake);
    const calling = cluster.retry('a call', () => cluster.refreshMetadata('all'));
    fake.time.after(1_000, () => fake.refusing.delete(9001));
    await fake.time.advance(4_000);
    await calling;
    await cluster.close();
    const unreachable = clientOf(fake, [9999]);
    const failed = expect(unreachable.retry('a call', () => unreachable.refreshMetadata('all'))).rejects.toBeInstanceOf(
      OperationTimeoutError,
    );
    await fake.time.advance(6_000);
    await failed;
    await unreachable.close();
    expect(fake.time.pendingTimers).toBe(0);
  });

  test('closing ends what waits', async () => {
    const fake = new FakeCluster();
    fake.refusing.add(9001);
    const cluster = clientOf(fake);
    const failed = expect(cluster.retry('a call', () => cluster.refreshMetadata('all'))).rejects.toThrow(/closed/);
    await fake.time.advance(50);
    await cluster.close();
    await failed;
    expect(fake.time.pendingTimers).toBe(0);
  });
});
