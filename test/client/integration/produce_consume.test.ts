import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NoOffsetError, offsetSpec, ProtocolError } from '../../../src/client/index.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { compressions } from '../../../src/records/index.js';
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

describe('produce and consume', () => {
  test.each(compressions)('records come back as they were sent, with %s', async (compression) => {
    const topic = await clients.topic(`codec-${compression}`);
    const producer = clients.producer({ compression });
    const sent = Array.from({ length: 100 }, (_, i) => ({
      topic,
      key: i % 3 === 0 ? null : Buffer.from(`k${i}`),
      value: i % 7 === 0 ? null : Buffer.from(`value ${i} `.repeat(i)),
      headers:
        i % 5 === 0
          ? [
              { key: 'n', value: Buffer.from(String(i)) },
              { key: 'n', value: null },
            ]
          : [],
      timestampMs: 1_700_000_000_000 + i,
    }));
    const acknowledged = await Promise.all(sent.map((record) => producer.send(record)));
    expect(acknowledged.map((one) => one.offset)).toEqual(sent.map((_, i) => i));

    const consumer = clients.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign([{ topic, partition: 0 }]);
    const records = await read(consumer, sent.length);
    expect(
      records.map(({ offset, timestampMs, key, value, headers }) => ({
        offset,
        timestampMs,
        key: text(key),
        value: text(value),
        headers: headers.map((one) => [one.key, text(one.value)]),
      })),
    ).toEqual(
      sent.map(({ timestampMs, key, value, headers }, offset) => ({
        offset,
        timestampMs,
        key: text(key),
        value: text(value),
        headers: headers.map((one) => [one.key, text(one.value)]),
      })),
    );
  });

  test('many batches of one partition stay in order while several are in flight', async () => {
    const topic = await clients.topic('order');
    const producer = clients.producer({ batchBytes: 500, lingerMs: 0 });
    const count = 5_000;
    const offsets = await Promise.all(
      Array.from({ length: count }, (_, i) => producer.send({ topic, value: Buffer.from(String(i)) })),
    );
    expect(offsets.map((one) => one.offset)).toEqual(Array.from({ length: count }, (_, i) => i));
    const consumer = clients.consumer({ autoOffsetReset: 'earliest', maxPartitionBytes: 10_000 });
    consumer.assign([{ topic, partition: 0 }]);
    const seen: string[] = [];
    for await (const record of consumer) {
      seen.push(String(text(record.value)));
      if (seen.length === count) break;
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => String(i)));
  });

  test('keys go where Kafka puts them, records without one to every partition in time', async () => {
    const topic = await clients.topic('partitions', 5);
    const producer = clients.producer({ batchBytes: 200, lingerMs: 0 });
    // Partitions that Kafka's own producer chooses among five.
    const keyed = await Promise.all(
      ['a', 'b', 'key', 'millrace'].map((key) => producer.send({ topic, key: Buffer.from(key), value: null })),
    );
    const again = await Promise.all(
      ['a', 'b', 'key', 'millrace'].map((key) => producer.send({ topic, key: Buffer.from(key), value: null })),
    );
    expect(again.map((one) => one.partition)).toEqual(keyed.map((one) => one.partition));
    const plain = await Promise.all(
      Array.from({ length: 400 }, (_, i) => producer.send({ topic, value: Buffer.from(`x${i}`) })),
    );
    expect(new Set(plain.map((one) => one.partition)).size).toBe(5);
  });

  test.each([1, 0] as const)('acks %i', async (acks) => {
    const topic = await clients.topic(`acks-${acks}`);
    const producer = clients.producer({ acks });
    const sent = await Promise.all(['one', 'two'].map((value) => producer.send({ topic, value: Buffer.from(value) })));
    expect(sent.map((one) => one.offset)).toEqual(acks === 0 ? [-1, -1] : [0, 1]);
    const consumer = clients.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign([{ topic, partition: 0 }]);
    expect((await read(consumer, 2)).map((one) => text(one.value))).toEqual(['one', 'two']);
  });

  test('a record too large for the broker is refused with its reason, and the next one gets through', async () => {
    const topic = await clients.topic('large', 1, { 'max.message.bytes': '1000' });
    const producer = clients.producer();
    const refused = await producer.send({ topic, value: Buffer.alloc(5_000) }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProtocolError);
    expect((refused as ProtocolError).code).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    const after = await Promise.all(['a', 'b'].map((value) => producer.send({ topic, value: Buffer.from(value) })));
    expect(after.map((one) => one.offset)).toEqual([0, 1]);
  });

  test('a partition that does not exist is refused', async () => {
    const topic = await clients.topic('missing-partition');
    await expect(clients.producer().send({ topic, partition: 3, value: null })).rejects.toThrow(/no partition 3/);
  });

  test('a topic is created by the first record, as in Kafka', async () => {
    const topic = clients.name('auto-created');
    const { offset } = await clients.producer().send({ topic, value: Buffer.from('first') });
    expect(offset).toBe(0);
    await clients.admin.deleteTopics([topic]);
  });

  test('flush sends what lingers', async () => {
    const topic = await clients.topic('linger');
    const producer = clients.producer({ lingerMs: 600_000 });
    const sent = producer.send({ topic, value: Buffer.from('x') });
    await producer.flush();
    expect((await sent).offset).toBe(0);
  });

  test('a full buffer makes send wait, and nothing is lost', async () => {
    const topic = await clients.topic('buffer');
    const producer = clients.producer({ bufferBytes: 10_000, batchBytes: 2_000, lingerMs: 600_000 });
    const sending = Promise.all(
      Array.from({ length: 200 }, (_, i) => producer.send({ topic, value: Buffer.alloc(1_000, i) })),
    );
    await producer.flush();
    const sent = await sending;
    expect(sent.map((one) => one.offset)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });
});

describe('positions', () => {
  async function filled(count: number): Promise<string> {
    const topic = await clients.topic('positions');
    const producer = clients.producer();
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        producer.send({ topic, value: Buffer.from(String(i)), timestampMs: 1_700_000_000_000 + i * 1_000 }),
      ),
    );
    return topic;
  }

  test('seek, times, begin and end', async () => {
    const topic = await filled(20);
    const at = { topic, partition: 0 };
    const consumer = clients.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign([at]);
    expect(text((await read(consumer, 1))[0]?.value)).toBe('0');
    consumer.seek(at, 15);
    expect((await read(consumer, 5)).map((one) => one.offset)).toEqual([15, 16, 17, 18, 19]);
    await consumer.seekToTime([at], 1_700_000_007_500);
    expect((await read(consumer, 1))[0]?.offset).toBe(8);
    await consumer.seekToBeginning();
    expect((await read(consumer, 1))[0]?.offset).toBe(0);
    await consumer.seekToEnd();
    expect(consumer.position(at)).toBe(20);
    expect(await consumer.endOffsets([at])).toEqual(new Map([[`${topic}-0`, 20]]));
    expect(await consumer.beginningOffsets([at])).toEqual(new Map([[`${topic}-0`, 0]]));
    const [latest] = await clients.admin.listOffsets([{ ...at, timestampMs: offsetSpec.maxTimestamp }]);
    expect(latest?.value).toMatchObject({ offset: 19, timestampMs: 1_700_000_019_000 });
  });

  test('a position that is gone follows the reset policy', async () => {
    const topic = await filled(10);
    const at = { topic, partition: 0 };
    expect((await clients.admin.deleteRecords([{ ...at, beforeOffset: 6 }]))[0]?.value).toBe(6);
    const consumer = clients.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign([at]);
    await consumer.poll({ timeoutMs: 0 });
    consumer.seek(at, 2);
    expect((await read(consumer, 4)).map((one) => one.offset)).toEqual([6, 7, 8, 9]);
    const strict = clients.consumer({ autoOffsetReset: 'none' });
    strict.assign([at]);
    await expect(strict.poll()).rejects.toBeInstanceOf(NoOffsetError);
  });

  test('a paused partition gives nothing until it is resumed', async () => {
    const topic = await filled(3);
    const at = { topic, partition: 0 };
    const consumer = clients.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign([at]);
    consumer.pause([at]);
    expect(await consumer.poll({ timeoutMs: 200 })).toEqual([]);
    expect(consumer.paused()).toEqual([at]);
    consumer.resume([at]);
    expect(await read(consumer, 3)).toHaveLength(3);
  });

  test('records written later wake a waiting poll', async () => {
    const topic = await clients.topic('wake');
    const consumer = clients.consumer({ autoOffsetReset: 'earliest' });
    consumer.assign([{ topic, partition: 0 }]);
    const waiting = consumer.poll();
    await clients.producer().send({ topic, value: Buffer.from('late') });
    expect(text((await waiting)[0]?.value)).toBe('late');
  });
});
