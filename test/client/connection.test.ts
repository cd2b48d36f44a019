import { describe, expect, test } from 'vitest';
import { calls } from '../../src/client/calls.js';
import {
  Connection,
  ConnectionError,
  MalformedResponseError,
  RequestTimeoutError,
  UnsupportedVersionError,
} from '../../src/client/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { apiVersions, FakeCluster, responseFrame } from './support/fake_broker.js';

function open(cluster: FakeCluster, changes: { readonly port?: number; readonly maxResponseBytes?: number } = {}) {
  return Connection.open({
    host: 'fake',
    port: 9001,
    dialer: cluster.dialer,
    timers: cluster.time,
    clientId: 'test',
    softwareVersion: '1',
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 30_000,
    maxResponseBytes: 1 << 20,
    ...changes,
  });
}

const describeCluster = { clusterId: 'c', controllerId: 1, brokers: [] };

describe('opening a connection', () => {
  test('agrees on the highest version both speak', async () => {
    const cluster = new FakeCluster().on('ApiVersions', () => apiVersions({ [ApiKey.DescribeCluster]: [0, 1] }));
    cluster.on('DescribeCluster', () => describeCluster);
    const connection = await open(cluster);
    expect((await connection.send(calls.describeCluster, {})).version).toBe(1);
    connection.close();
  });

  test('steps down when the broker does not know the version of ApiVersions', async () => {
    const cluster = new FakeCluster();
    const api = apiByKey(ApiKey.ApiVersions)!;
    let correlationId = 0;
    cluster.on('ApiVersions', ({ version }) => {
      correlationId += 1;
      if (version === 0) return apiVersions();
      return responseFrame(api, 0, correlationId, {
        errorCode: 35,
        apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 0 }],
      });
    });
    const connection = await open(cluster);
    expect(cluster.sent('ApiVersions').map((one) => one.version)).toEqual([4, 0]);
    expect(connection.offeredVersions(ApiKey.Produce)).toEqual({ min: 0, max: 13 });
    connection.close();
  });

  test('fails with the reason when nobody listens or the answer is garbage', async () => {
    const cluster = new FakeCluster();
    cluster.refusing.add(9001);
    await expect(open(cluster)).rejects.toBeInstanceOf(ConnectionError);
    const garbage = new FakeCluster().on('ApiVersions', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(open(garbage)).rejects.toBeInstanceOf(MalformedResponseError);
    expect(garbage.connections[0]?.isOpen).toBe(false);
    expect(garbage.time.pendingTimers).toBe(0);
  });
});

describe('requests', () => {
  test('an API or version the broker does not have is refused before anything is sent', async () => {
    const cluster = new FakeCluster().on('ApiVersions', () => ({
      apiKeys: [
        { apiKey: 18, minVersion: 0, maxVersion: 4 },
        { apiKey: ApiKey.Metadata, minVersion: 0, maxVersion: 2 },
      ],
    }));
    const connection = await open(cluster);
    await expect(connection.send(calls.describeCluster, {})).rejects.toThrow(/does not offer DescribeCluster/);
    await expect(connection.send(calls.metadata, {})).rejects.toBeInstanceOf(UnsupportedVersionError);
    expect(connection.isOpen).toBe(true);
    connection.close();
  });

  test('many may be in flight', async () => {
    const cluster = new FakeCluster().on('DescribeCluster', () => describeCluster);
    const connection = await open(cluster);
    const answers = await Promise.all(Array.from({ length: 20 }, () => connection.send(calls.describeCluster, {})));
    expect(answers).toHaveLength(20);
    expect(connection.inFlight).toBe(0);
    connection.close();
    expect(cluster.time.pendingTimers).toBe(0);
  });

  test('one that is not answered in time ends the connection and fails the others', async () => {
    const cluster = new FakeCluster().on('DescribeCluster', () => 'hold').on('ListGroups', () => 'hold');
    const connection = await open(cluster);
    const first = connection.send(calls.describeCluster, {}, { timeoutMs: 500 });
    const second = connection.send(calls.listGroups, {});
    const failures = Promise.allSettled([first, second]);
    await cluster.time.advance(499);
    expect(connection.isOpen).toBe(true);
    await cluster.time.advance(1);
    const reasons = (await failures).map((one): unknown => (one.status === 'rejected' ? one.reason : undefined));
    expect(reasons[0]).toBeInstanceOf(RequestTimeoutError);
    expect(reasons[1]).toBeInstanceOf(RequestTimeoutError);
    await expect(connection.send(calls.describeCluster, {})).rejects.toBeInstanceOf(RequestTimeoutError);
    expect(cluster.time.pendingTimers).toBe(0);
  });

  test('a connection that breaks fails what is in flight, once', async () => {
    const cluster = new FakeCluster().on('DescribeCluster', () => 'drop');
    const connection = await open(cluster);
    const ends: string[] = [];
    connection.onClose((error) => ends.push(error.name));
    await expect(connection.send(calls.describeCluster, {})).rejects.toBeInstanceOf(ConnectionError);
    expect(ends).toEqual(['ConnectionError']);
    connection.onClose((error) => ends.push(error.name));
    expect(ends).toHaveLength(2);
  });

  test.each([
    ['a length beyond the limit', Buffer.from([0x7f, 0, 0, 0])],
    ['a negative length', Buffer.from([0xff, 0, 0, 0])],
    ['a length without room for an id', Buffer.from([0, 0, 0, 3])],
    ['an id that was not asked for', Buffer.from([0, 0, 0, 4, 0, 0, 9, 9])],
    ['a body that ends too soon', Buffer.from([0, 0, 0, 6, 0, 0, 0, 2, 0, 0])],
  ])('%s ends the connection', async (_name, bytes) => {
    const cluster = new FakeCluster().on('DescribeCluster', () => bytes);
    const connection = await open(cluster);
    await expect(connection.send(calls.describeCluster, {})).rejects.toBeInstanceOf(MalformedResponseError);
    expect(connection.isOpen).toBe(false);
    expect(cluster.time.pendingTimers).toBe(0);
  });

  test('answers may come in pieces of any size', async () => {
    for (const size of [1, 3, 7, 64]) {
      const cluster = new FakeCluster();
      const connection = await open(cluster);
      const stream = cluster.connections[0]!;
      const sent = connection.send(calls.describeCluster, {});
      const again = connection.send(calls.describeCluster, {});
      cluster.on('DescribeCluster', () => 'hold');
      await cluster.time.advance(0);
      const api = apiByKey(ApiKey.DescribeCluster)!;
      const bytes = Buffer.concat(
        [2, 3].map((id) => responseFrame(api, 2, id, { ...describeCluster, clusterId: `c${id}` })),
      );
      for (let at = 0; at < bytes.length; at += size) stream.deliver(bytes.subarray(at, at + size));
      expect((await sent).response.clusterId).toBe('c2');
      expect((await again).response.clusterId).toBe('c3');
      connection.close();
    }
  });
});
