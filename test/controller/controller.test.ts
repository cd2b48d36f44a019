import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { BrokerConfig } from '../../src/config/index.js';
import { failure, isFailure } from '../../src/controller/assignments.js';
import { Controller } from '../../src/controller/controller.js';
import { ProducerIdAllocator } from '../../src/controller/producer_ids.js';
import { nodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import { EmbeddedMetadataStore } from '../../src/metadata/embedded/embedded_store.js';
import type { MetadataImage } from '../../src/metadata/image.js';
import { keys } from '../../src/metadata/keys.js';
import { StoreMetadataCache } from '../../src/metadata/metadata_cache.js';
import type { MetadataEntry } from '../../src/metadata/store.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { silentLogger } from '../../src/telemetry/index.js';
import { topicIdOf } from '../coordinator/support/metadata.js';
import { Prng } from '../support/prng.js';

let store: EmbeddedMetadataStore;
let cache: StoreMetadataCache;
let controller: Controller;
const applied: MetadataImage[] = [];
const time = new VirtualTime({ startWallMs: 1 });

async function controllerOf(nodeId: number): Promise<Controller> {
  return new Controller({
    nodeId,
    store,
    cache,
    random: seededRandom(nodeId),
    logger: silentLogger,
    session: await store.createSession(1000),
    config: () => BrokerConfig.defaults,
    applied: async (image) => void applied.push(image),
    leavesTraces: (id) => leavesTraces(id),
  });
}

let leavesTraces: (id: Uuid) => boolean;

beforeEach(async () => {
  applied.length = 0;
  leavesTraces = () => true;
  store = await EmbeddedMetadataStore.open({ files: nodeFileSystem, clock: time, timers: time }, undefined);
  cache = new StoreMetadataCache(store, (error) => {
    throw error;
  });
  for (const id of [1, 2])
    await store.txn(
      [{ key: keys.broker(id), version: 0 }],
      [{ put: keys.broker(id), value: '{"rack":null,"endpoints":{}}' }],
    );
  controller = await controllerOf(1);
  await controller.elect();
  await cache.refresh();
});
afterEach(async () => {
  await controller.idle();
  cache.close();
  await store.close();
});

const named = (name: string, numPartitions = 1) => ({
  name,
  numPartitions,
  replicationFactor: 1,
  assignments: [],
  configs: new Map<string, string>(),
});

async function create(name: string, numPartitions = 1): Promise<Uuid> {
  const decision = await controller.createTopic(named(name, numPartitions), false);
  if (isFailure(decision)) throw new Error(`${name}: ${decision.errorMessage}`);
  return decision.topicId;
}

/** Of topics that were deleted, whose files may not be gone. */
const notes = async () => (await store.list(keys.deletedTopics)).map(({ key }) => key);

const ofTopics = async () =>
  (await everything()).flatMap(({ key }) => (key.includes('topic') && !key.startsWith('/configs') ? [key] : []));

const everything = async (): Promise<readonly MetadataEntry[]> => store.list('/');

describe('the controller', () => {
  it('answers when the change is in the image and applied', async () => {
    const id = await create('t', 2);
    expect(cache.current().topicsByName.get('t')).toMatchObject({ id, partitions: [{}, {}] });
    expect(applied.at(-1)).toBe(cache.current());
    expect(await controller.deleteTopic(id)).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(applied.at(-1)?.topicsById.size).toBe(0);
    expect(await ofTopics()).toEqual([`/deleted_topics/${id}`]);
  });

  it('notes a deleted topic until nothing is left of its files', async () => {
    const [a, b, c] = [await create('a'), await create('b'), await create('c')];
    leavesTraces = (id) => id === b;
    await controller.deleteTopic(a);
    expect(await notes()).toEqual([keys.deletedTopic(a)]);
    await controller.deleteTopic(b);
    expect(await notes()).toEqual([keys.deletedTopic(b)]);
    await controller.deleteTopic(c);
    expect(new Set(await notes())).toEqual(new Set([keys.deletedTopic(b), keys.deletedTopic(c)]));
    await controller.forgetDeletedTopics();
    expect(await notes()).toEqual([]);
    // What is noted in memory and gone from the store does not get into the way.
    await controller.deleteTopic(await create('d'));
    expect(await notes()).toHaveLength(1);
  });

  it('writes nothing when it refuses or only validates', async () => {
    const id = await create('t', 2);
    const topic = cache.current().topicsById.get(id);
    if (topic === undefined) throw new Error('no topic');
    const before = await everything();
    const count = applied.length;
    expect(isFailure(await controller.createTopic(named('t'), false))).toBe(true);
    expect(isFailure(await controller.createTopic(named('u', 0), false))).toBe(true);
    expect(isFailure(await controller.createTopic(named('u', 3), true))).toBe(false);
    expect((await controller.createPartitions(topic, 2, null, false)).errorCode).toBe(ErrorCode.INVALID_PARTITIONS);
    expect((await controller.createPartitions(topic, 5, null, true)).errorCode).toBe(ErrorCode.NONE);
    expect((await controller.deleteTopic(topicIdOf('missing'))).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
    const key = keys.topicConfig(id);
    expect((await controller.changeConfigs(key, () => failure(ErrorCode.INVALID_CONFIG), false)).errorCode).toBe(
      ErrorCode.INVALID_CONFIG,
    );
    expect((await controller.changeConfigs(key, () => new Map([['a', 'b']]), true)).errorCode).toBe(ErrorCode.NONE);
    expect((await controller.changeConfigs(key, (current) => current, false)).errorCode).toBe(ErrorCode.NONE);
    expect(await everything()).toEqual(before);
    expect(applied.length).toBe(count);
  });

  it('decides one change after the other: of equal names only the first is made', async () => {
    const decisions = await Promise.all(
      ['a', 'a', 'a.b', 'a_b'].map((name) => controller.createTopic(named(name), false)),
    );
    expect(decisions.map((decision) => (isFailure(decision) ? decision.errorCode : 0))).toEqual([
      0,
      ErrorCode.TOPIC_ALREADY_EXISTS,
      0,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
    ]);
  });

  it('of two deletions of one topic does one', async () => {
    const id = await create('t');
    const results = await Promise.all([controller.deleteTopic(id), controller.deleteTopic(id)]);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_ID]);
  });

  it('adds partitions to the topic as it is now', async () => {
    const id = await create('t', 1);
    const topic = cache.current().topicsById.get(id);
    if (topic === undefined) throw new Error('no topic');
    const results = await Promise.all([
      controller.createPartitions(topic, 3, null, false),
      controller.createPartitions(topic, 2, null, false),
      controller.createPartitions(topic, 4, [[2]], false),
    ]);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.INVALID_PARTITIONS, 0]);
    expect(
      cache
        .current()
        .topicsByName.get('t')
        ?.partitions.map(({ partition }) => partition),
    ).toEqual([0, 1, 2, 3]);
    expect(cache.current().topicsByName.get('t')?.partitions[3]?.leader).toBe(2);
    await controller.deleteTopic(topic.id);
    expect((await controller.createPartitions(topic, 9, null, false)).errorCode).toBe(
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    );
  });

  it('that lost its seat changes nothing any more', async () => {
    const id = await create('t');
    const entry = await store.get(keys.controller);
    await store.txn([{ key: keys.controller, version: entry?.version ?? 0 }], [{ delete: keys.controller }]);
    const next = await controllerOf(2);
    expect(await next.elect()).toBe(true);
    expect(await (await controllerOf(3)).elect()).toBe(false);
    const before = await everything();
    expect((await controller.deleteTopic(id)).errorCode).toBe(ErrorCode.NOT_CONTROLLER);
    const refused = await controller.createTopic(named('u'), false);
    expect(isFailure(refused) && refused.errorCode).toBe(ErrorCode.NOT_CONTROLLER);
    expect(await everything()).toEqual(before);
    expect((await next.deleteTopic(id)).errorCode).toBe(ErrorCode.NONE);
  });

  it('refuses what is too large for the store, and goes on', async () => {
    const id = await create('t');
    const large = new Map([['leader.replication.throttled.replicas', 'x'.repeat(600 * 1024)]]);
    const refused = await controller.changeConfigs(keys.topicConfig(id), () => large, false);
    expect(refused).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST });
    expect(refused.errorMessage).toMatch(/600|bytes/);
    expect(await store.get(keys.topicConfig(id))).toBeUndefined();
    await create('u');
  });
});

describe('the image', () => {
  /** Everything but the version, which counts the changes a cache has seen. */
  const content = ({ version, ...rest }: MetadataImage) => rest;

  it('built step by step is the one that is built at once', async () => {
    const prng = new Prng(7);
    for (let step = 0; step < 150; step += 1) {
      const topics = [...cache.current().topicsById.values()];
      const choice = prng.below(10);
      const topic = topics.length === 0 ? undefined : prng.pick(topics);
      if (choice < 4 || topic === undefined)
        await controller.createTopic(named(`t${prng.below(30)}`, 1 + prng.below(3)), false);
      else if (choice < 6) await controller.deleteTopic(topic.id);
      else if (choice < 8) await controller.createPartitions(topic, 1 + prng.below(8), null, false);
      else
        await controller.changeConfigs(
          prng.below(3) === 0 ? keys.brokerConfig('') : keys.topicConfig(topic.id),
          (current) => (prng.below(3) === 0 ? new Map() : new Map([...current, [`c${prng.below(3)}`, String(step)]])),
          false,
        );
      const anew = new StoreMetadataCache(store, () => undefined);
      await anew.refresh();
      expect(content(cache.current())).toEqual(content(anew.current()));
      anew.close();
    }
    expect(cache.current().topicsById.size).toBeGreaterThan(3);
  });

  it('has everything that was committed before a refresh, whenever it is asked for', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const under = cache.refresh();
      // So many microtasks later, somewhere in the middle of the refresh or behind it.
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const key = keys.brokerConfig(String(turns));
      const committed = store.txn([{ key, version: 0 }], [{ put: key, value: '{"a":"b"}' }]);
      await committed;
      await cache.refresh();
      expect(cache.current().brokerConfigs.has(String(turns)), `after ${turns} microtasks`).toBe(true);
      await under;
    }
  });
});

describe('producer ids', () => {
  it('are given out once, whoever asks', async () => {
    const [one, other] = [new ProducerIdAllocator(store), new ProducerIdAllocator(store)];
    const ids = await Promise.all(Array.from({ length: 3000 }, (_, index) => (index % 2 === 0 ? one : other).next()));
    expect(new Set(ids).size).toBe(3000);
    // Another one after a restart: its block begins behind every id that was given out.
    const again = await new ProducerIdAllocator(store).next();
    expect(again).toBeGreaterThan(Math.max(...ids));
    expect(again % 1000).toBe(0);
  });

  it('are written off before the first is used', async () => {
    const allocator = new ProducerIdAllocator(store);
    expect(await allocator.next()).toBe(0);
    expect((await store.get(keys.producerIds))?.value).toBe('1000');
    for (let i = 1; i < 1000; i += 1) await allocator.next();
    expect((await store.get(keys.producerIds))?.value).toBe('1000');
    expect(await allocator.next()).toBe(1000);
    expect((await store.get(keys.producerIds))?.value).toBe('2000');
  });

  it('come again after the store failed', async () => {
    let failing = true;
    const flaky = new Proxy(store, {
      get: (target, key) => {
        if (key === 'txn' && failing) return () => Promise.reject(new Error('no disk'));
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...list: unknown[]): unknown => Reflect.apply(value, target, list);
      },
    });
    const allocator = new ProducerIdAllocator(flaky);
    await expect(allocator.next()).rejects.toThrow('no disk');
    failing = false;
    expect(await allocator.next()).toBe(0);
  });
});
