import { describe, expect, test } from 'vitest';
import { ClusterClient, type ClusterClientOptions, Producer, type ProducerOptions } from '../../src/client/index.js';
import { murmur2 } from '../../src/client/producer/murmur2.js';
import { decodeBatch, type RecordBatch } from '../../src/records/index.js';
import { FakeCluster, type FakeRequest } from './support/fake_broker.js';

function setUp(options: ProducerOptions = {}, clusterOptions: Partial<ClusterClientOptions> = {}) {
  const fake = new FakeCluster();
  fake.topics.set('t', { partitions: 1 });
  fake.on('InitProducerId', () => ({ producerId: 77, producerEpoch: 0 }));
  const cluster = new ClusterClient(fake.environment, {
    bootstrapServers: [{ host: 'fake', port: 9001 }],
    ...clusterOptions,
  });
  const producer = new Producer(cluster, { lingerMs: 0, ...options });
  const close = async () => {
    producer.abort();
    await cluster.close();
    expect(fake.time.pendingTimers).toBe(0);
  };
  return { fake, cluster, producer, close };
}

interface Written {
  readonly batch: RecordBatch;
  readonly values: readonly string[];
}

function batchesOf(request: FakeRequest): ReadonlyArray<Written & { readonly partition: number }> {
  const topics = request.body.topicData as ReadonlyArray<{
    readonly partitionData: ReadonlyArray<{ readonly index: number; readonly records: Uint8Array }>;
  }>;
  return topics.flatMap((topic) =>
    topic.partitionData.map(({ index, records }) => {
      const batch = decodeBatch(Buffer.from(records));
      return { partition: index, batch, values: batch.records.map((one) => Buffer.from(one.value ?? []).toString()) };
    }),
  );
}

/** A response with the same result for every partition of the request. */
function produced(request: FakeRequest, result: (written: Written) => Readonly<Record<string, unknown>>): object {
  const batches = batchesOf(request);
  return {
    responses: [
      {
        name: 't',
        partitionResponses: batches.map((one) => ({
          index: one.partition,
          errorCode: 0,
          baseOffset: 0,
          ...result(one),
        })),
      },
    ],
  };
}

/** A partition as an idempotent broker keeps it: the next sequence number it takes, and what was written. */
class FakePartition {
  readonly values: string[] = [];
  #expected = 0;
  #identity = '';
  readonly #written = new Map<string, number>();

  append({ batch, values }: Written): Readonly<Record<string, unknown>> {
    const identity = `${batch.producerId}/${batch.producerEpoch}`;
    if (identity !== this.#identity) {
      if (batch.baseSequence !== 0) return { errorCode: 45, baseOffset: -1 };
      this.#identity = identity;
      this.#expected = 0;
    }
    const known = this.#written.get(`${identity}/${batch.baseSequence}`);
    if (known !== undefined) return { baseOffset: known };
    if (batch.baseSequence !== this.#expected) return { errorCode: 45, baseOffset: -1 };
    const baseOffset = this.values.length;
    this.values.push(...values);
    this.#written.set(`${identity}/${batch.baseSequence}`, baseOffset);
    this.#expected = batch.baseSequence + values.length;
    return { baseOffset };
  }
}

const values = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `v${String(i).padStart(4, '0')}`);

describe('batches', () => {
  test('records sent in one turn travel together, and lingering is timed', async () => {
    const { fake, producer, close } = setUp({ lingerMs: 100 });
    fake.on('Produce', (request) => produced(request, () => ({ baseOffset: 40 })));
    const sent = Promise.all(values(3).map((value) => producer.send({ topic: 't', value: Buffer.from(value) })));
    await fake.time.advance(99);
    expect(fake.sent('Produce')).toHaveLength(0);
    await fake.time.advance(1);
    expect((await sent).map((one) => one.offset)).toEqual([40, 41, 42]);
    expect(
      fake
        .sent('Produce')
        .flatMap(batchesOf)
        .map((one) => one.values),
    ).toEqual([values(3)]);
    await close();
  });

  test('a record too large for a request is refused at once', async () => {
    const { fake, producer, close } = setUp({ maxRequestBytes: 1_000 });
    await expect(producer.send({ topic: 't', value: Buffer.alloc(2_000) })).rejects.toThrow(
      /larger than maxRequestBytes/,
    );
    expect(fake.sent('Produce')).toHaveLength(0);
    await close();
  });

  test('the broker says which record of a batch it does not take', async () => {
    const { fake, producer, close } = setUp();
    fake.on('Produce', (request) =>
      produced(request, () => ({
        errorCode: 87,
        errorMessage: 'one has no key',
        recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: 'it has no key' }],
      })),
    );
    const results = await Promise.allSettled(
      values(2).map((value) => producer.send({ topic: 't', value: Buffer.from(value) })),
    );
    const reasons = results.map((one) => (one.status === 'rejected' ? String(one.reason.message) : ''));
    expect(reasons[0]).toMatch(/another record of its batch/);
    expect(reasons[1]).toMatch(/it has no key/);
    await close();
  });
});

describe('retries', () => {
  test('what failed for a passing reason goes again to the new leader', async () => {
    const { fake, producer, close } = setUp();
    fake.nodes.set(2, 9002);
    fake.on('Produce', (request) => {
      if (request.port === 9001) {
        fake.topics.set('t', { partitions: 1, leaders: [2], epoch: 1 });
        return produced(request, () => ({ errorCode: 6, baseOffset: -1 }));
      }
      return produced(request, () => ({ baseOffset: 5 }));
    });
    const sent = producer.send({ topic: 't', value: Buffer.from('x') });
    await fake.time.advance(2_000);
    expect((await sent).offset).toBe(5);
    expect(fake.sent('Produce').map((one) => one.port)).toEqual([9001, 9002]);
    await close();
  });

  test('a lost answer is not written twice', async () => {
    const { fake, producer, close } = setUp();
    const partition = new FakePartition();
    let first = true;
    fake.on('Produce', (request) => {
      const answer = produced(request, (one) => partition.append(one));
      if (!first) return answer;
      first = false;
      return 'drop';
    });
    const sent = producer.send({ topic: 't', value: Buffer.from('once') });
    await fake.time.advance(2_000);
    expect((await sent).offset).toBe(0);
    expect(partition.values).toEqual(['once']);
    await close();
  });

  test.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    'order and uniqueness hold whatever fails (history %i)',
    async (seed) => {
      const { fake, producer, close } = setUp({ batchBytes: 150, maxInFlight: 5 });
      const partition = new FakePartition();
      let state = seed * 2_654_435_761;
      const chance = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
        return (state >>> 8) / 2 ** 24;
      };
      fake.on('Produce', (request) => {
        const luck = chance();
        if (luck < 0.1) return 'drop';
        if (luck < 0.2) return produced(request, () => ({ errorCode: 6, baseOffset: -1 }));
        const answer = produced(request, (one) => partition.append(one));
        return luck < 0.3 ? 'drop' : answer;
      });
      const expected = values(300);
      const sent = Promise.all(expected.map((value) => producer.send({ topic: 't', value: Buffer.from(value) })));
      await fake.time.advance(100_000);
      const offsets = (await sent).map((one) => one.offset);
      expect(partition.values).toEqual(expected);
      expect(offsets).toEqual(expected.map((_, i) => i));
      await close();
    },
  );

  test('after a refused batch the rest goes on in a new epoch', async () => {
    const { fake, producer, close } = setUp({ batchBytes: 150 });
    const partition = new FakePartition();
    fake.on('Produce', (request) =>
      produced(request, (one) =>
        one.values.includes('v0000') ? { errorCode: 10, baseOffset: -1 } : partition.append(one),
      ),
    );
    const all = values(50);
    const settled = Promise.allSettled(all.map((value) => producer.send({ topic: 't', value: Buffer.from(value) })));
    await fake.time.advance(20_000);
    const failed = (await settled).filter((one) => one.status === 'rejected').length;
    expect(failed).toBeGreaterThan(0);
    expect(partition.values).toEqual(all.slice(failed));
    const epochs = new Set(
      fake
        .sent('Produce')
        .flatMap(batchesOf)
        .map((one) => one.batch.producerEpoch),
    );
    expect([...epochs]).toEqual([0, 1]);
    await close();
  });

  test('delivery ends in a failure when the time is over', async () => {
    const { fake, producer, close } = setUp({ deliveryTimeoutMs: 5_000 });
    fake.on('Produce', (request) => produced(request, () => ({ errorCode: 7, baseOffset: -1 })));
    const sent = expect(producer.send({ topic: 't', value: Buffer.from('x') })).rejects.toThrow(
      /not acknowledged within 5000 ms/,
    );
    await fake.time.advance(6_000);
    await sent;
    await close();
  });

  test('a topic that does not come into being fails the send', async () => {
    const { fake, producer, close } = setUp({ maxBlockMs: 3_000 });
    const sent = expect(producer.send({ topic: 'nope', value: null })).rejects.toThrow(/UNKNOWN_TOPIC_OR_PARTITION/);
    await fake.time.advance(4_000);
    await sent;
    expect(fake.sent('Metadata').length).toBeGreaterThan(3);
    await close();
  });

  test('without idempotence batches carry no producer', async () => {
    const { fake, producer, close } = setUp({ enableIdempotence: false });
    fake.on('Produce', (request) => produced(request, () => ({})));
    await producer.send({ topic: 't', value: Buffer.from('x') });
    expect(fake.sent('InitProducerId')).toHaveLength(0);
    expect(fake.sent('Produce').flatMap(batchesOf)[0]?.batch).toMatchObject({ producerId: -1, baseSequence: -1 });
    await close();
  });
});

describe('limits', () => {
  test('no more requests are in flight than allowed', async () => {
    const { fake, producer, close } = setUp({ batchBytes: 100, maxInFlight: 2 });
    const partition = new FakePartition();
    let open = 0;
    let most = 0;
    fake.on('Produce', async (request) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => fake.time.after(10, () => resolve(undefined)));
      open -= 1;
      return produced(request, (one) => partition.append(one));
    });
    const sent = Promise.all(values(40).map((value) => producer.send({ topic: 't', value: Buffer.from(value) })));
    await fake.time.advance(5_000);
    await sent;
    expect(most).toBe(2);
    expect(partition.values).toEqual(values(40));
    await close();
  });

  test('sends wait while the buffer is full, and fail when it stays so', async () => {
    const { fake, producer, close } = setUp({ bufferBytes: 100, maxBlockMs: 1_000 });
    fake.on('Produce', () => 'hold');
    const first = Promise.allSettled([producer.send({ topic: 't', value: Buffer.alloc(200) })]);
    await fake.time.advance(1);
    const second = expect(producer.send({ topic: 't', value: Buffer.from('x') })).rejects.toThrow(/stayed full/);
    await fake.time.advance(1_100);
    await second;
    await close();
    expect((await first)[0].status).toBe('rejected');
  });

  test('closing waits for what was sent and refuses what comes after', async () => {
    const { fake, producer, close } = setUp({ lingerMs: 60_000 });
    fake.on('Produce', (request) => produced(request, () => ({ baseOffset: 3 })));
    const sent = producer.send({ topic: 't', value: Buffer.from('x') });
    await producer.close();
    expect((await sent).offset).toBe(3);
    await expect(producer.send({ topic: 't', value: null })).rejects.toThrow(/closed/);
    await close();
  });
});

test('keys hash as in Kafka', () => {
  const known: ReadonlyArray<readonly [string, number]> = [
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ];
  for (const [key, hash] of known) expect(murmur2(Buffer.from(key))).toBe(hash);
});
