import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isFailure } from '../../src/controller/assignments.js';
import type { MetadataImage, PartitionImage, TopicImage } from '../../src/metadata/image.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { encodeBatch } from '../../src/records/index.js';
import { topicIdOf } from '../coordinator/support/metadata.js';
import { BrokerFixture } from '../support/broker_fixture.js';

let fixture: BrokerFixture;
const directories: string[] = [];
afterEach(async () => {
  await fixture.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const oneRecord = () =>
  encodeBatch({ records: [{ timestampMs: 1_700_000_000_000, key: null, value: Buffer.from('v'), headers: [] }] });

/** An image with these topics and nothing else; the version grows with every call. */
function image(version: number, topics: readonly TopicImage[]): MetadataImage {
  return {
    ...fixture.cache.current(),
    version,
    topicsByName: new Map(topics.map((topic) => [topic.name, topic])),
    topicsById: new Map(topics.map((topic) => [topic.id, topic])),
  };
}

function topic(name: string, leaders: readonly number[], more: Partial<TopicImage> = {}): TopicImage {
  const partitions: PartitionImage[] = leaders.map((leader, partition) => ({
    partition,
    leader,
    leaderEpoch: 0,
    replicas: [leader],
    isr: [leader],
    offlineReplicas: [],
  }));
  return { id: topicIdOf(name), name, partitions, configs: new Map(), internal: false, ...more };
}

const hosted = () => [...fixture.replicas.all()].map((one) => `${one.topic}-${one.partition}`).sort();
const inDirectory = () =>
  readdirSync(fixture.directory)
    .filter((name) => /-\d+/.test(name) && !name.includes('checkpoint'))
    .map((name) => name.replace(/\.[0-9A-Za-z]+-delete$/, '.deleted'))
    .sort();

describe('partitions follow the metadata', () => {
  it('are opened where this broker leads, and only there', async () => {
    fixture = await BrokerFixture.open();
    await fixture.replicas.apply(image(1, [topic('a', [1, 2, 1]), topic('b', [2])]));
    expect(hosted()).toEqual(['a-0', 'a-2']);
    expect(inDirectory()).toEqual(['a-0', 'a-2']);
    expect(fixture.replicas.get('a', 1)).toBeUndefined();
    expect(fixture.replicas.get('a', 7)).toBeUndefined();
    expect(fixture.replicas.get('b', 0)).toBeUndefined();
    expect(fixture.replicas.nameOf(topicIdOf('a'))).toBe('a');
    expect(fixture.replicas.idOf('a')).toBe(topicIdOf('a'));
    expect(fixture.replicas.getById(topicIdOf('a'), 2)).toBe(fixture.replicas.get('a', 2));
  });

  it('get what changed without losing their log', async () => {
    fixture = await BrokerFixture.open();
    await fixture.replicas.apply(image(1, [topic('a', [1])]));
    const partition = fixture.partition('a');
    const { log } = partition;
    const changed = { partition: 0, leader: 1, leaderEpoch: 3, replicas: [1, 2], isr: [1], offlineReplicas: [] };
    await fixture.replicas.apply(
      image(2, [topic('a', [1, 1], { partitions: [changed, { ...changed, partition: 1 }] })]),
    );
    expect(fixture.partition('a')).toBe(partition);
    expect(partition).toMatchObject({ leaderEpoch: 3, replicas: [1, 2], isr: [1] });
    expect(partition.log).toBe(log);
    expect(fixture.partition('a', 1)).toMatchObject({ leaderEpoch: 3 });
  });

  it('of a deleted topic go offline, tell who waits, and their files go after file.delete.delay.ms', async () => {
    fixture = await BrokerFixture.open();
    await fixture.replicas.apply(image(1, [topic('a', [1]), topic('b', [1])]));
    const partition = fixture.partition('a');
    const seen: boolean[] = [];
    partition.onHighWatermark(() => seen.push(partition.offline));
    await fixture.replicas.apply(image(2, [topic('b', [1])]));
    expect(seen).toEqual([true]);
    expect(hosted()).toEqual(['b-0']);
    expect(fixture.replicas.nameOf(topicIdOf('a'))).toBeUndefined();
    expect(partition.append(oneRecord(), 1, { nowMs: 1, produceVersion: 9 }).errorCode).toBe(
      ErrorCode.KAFKA_STORAGE_ERROR,
    );
    expect(inDirectory()).toEqual(['a-0.deleted', 'b-0']);
    await fixture.time.advance('61s');
    // Removed on a thread of the engine.
    await vi.waitFor(() => expect(inDirectory()).toEqual(['b-0']));
  });

  it('of a topic made anew begin empty, also when one image deletes and creates', async () => {
    fixture = await BrokerFixture.open();
    await fixture.replicas.apply(image(1, [topic('a', [1])]));
    fixture.partition('a').append(oneRecord(), 1, { nowMs: 1_700_000_000_000, produceVersion: 9 });
    const id = topicIdOf('another a');
    await fixture.replicas.apply(image(2, [topic('a', [1], { id })]));
    expect(fixture.replicas.idOf('a')).toBe(id);
    expect(fixture.replicas.getById(topicIdOf('a'), 0)).toBeUndefined();
    expect(fixture.partition('a').log?.log.logEndOffset).toBe(0);
    expect(inDirectory()).toEqual(['a-0', 'a-0.deleted']);
  });

  it('are changed in the order of the calls', async () => {
    fixture = await BrokerFixture.open();
    const done: number[] = [];
    const calls = [
      fixture.replicas.apply(image(1, [topic('a', [1, 1, 1])])).then(() => done.push(1)),
      fixture.replicas.apply(image(2, [])).then(() => done.push(2)),
      fixture.replicas.apply(image(3, [topic('a', [1], { id: topicIdOf('new') })])).then(() => done.push(3)),
    ];
    await Promise.all(calls);
    expect(done).toEqual([1, 2, 3]);
    expect(hosted()).toEqual(['a-0']);
    expect(fixture.replicas.idOf('a')).toBe(topicIdOf('new'));
  });

  it('take new configs at once', async () => {
    fixture = await BrokerFixture.open();
    const id = await fixture.createTopic('a');
    const before = fixture.partition('a').log?.config;
    expect(before).toMatchObject({ minInsyncReplicas: 1, groupFlush: true });
    const changed = await fixture.controller.changeConfigs(
      `/configs/topics/${id}`,
      () => new Map([['max.message.bytes', '1000']]),
      false,
    );
    expect(isFailure(changed) && changed.errorCode).toBe(ErrorCode.NONE);
    expect(fixture.partition('a').log?.config.maxMessageBytes).toBe(1000);
  });
});

describe('what cannot be opened', () => {
  it('is offline, with the reason in the log, and the others serve', async () => {
    fixture = await BrokerFixture.open();
    // A file where the directory of the log would be.
    writeFileSync(join(fixture.directory, 'bad-0'), '');
    await fixture.replicas.apply(image(1, [topic('bad', [1]), topic('good', [1])]));
    expect(fixture.partition('bad').offline).toBe(true);
    expect(fixture.partition('good').offline).toBe(false);
    expect(fixture.logger.messages('error').join()).toMatch(/bad-0 could not be opened and is offline/);
    expect(fixture.partition('bad').append(oneRecord(), 1, { nowMs: 1, produceVersion: 9 }).errorCode).toBe(
      ErrorCode.KAFKA_STORAGE_ERROR,
    );
    // It does not keep the broker from going on.
    await fixture.replicas.apply(image(2, [topic('good', [1]), topic('later', [1])]));
    expect(hosted()).toEqual(['good-0', 'later-0']);
  });

  it('a failed directory takes its partitions offline', async () => {
    fixture = await BrokerFixture.open();
    await fixture.replicas.apply(image(1, [topic('a', [1, 1])]));
    fixture.store.fail();
    expect([...fixture.replicas.all()].map((one) => one.offline)).toEqual([true, true]);
    expect(fixture.logger.messages('error').join()).toMatch(/failed and is offline: mend the disk/);
    // A topic that is made now has nowhere to go.
    await fixture.replicas.apply(image(2, [topic('a', [1, 1]), topic('b', [1])]));
    expect(fixture.partition('b').offline).toBe(true);
  });
});

describe('checkpoints', () => {
  it('that are asked for at once are written one after the other, the last state last', async () => {
    fixture = await BrokerFixture.open();
    await fixture.createTopic('a', 1, { 'millrace.flush.mode': 'os' });
    const partition = fixture.partition('a');
    for (let i = 0; i < 40; i += 1) partition.append(oneRecord(), 1, { nowMs: 1_700_000_000_000, produceVersion: 9 });
    const written: Promise<void>[] = [];
    for (let offset = 1; offset <= 40; offset += 1) {
      partition.deleteRecords(offset);
      written.push(fixture.logs.checkpoint());
    }
    await Promise.all(written);
    expect(existsSync(join(fixture.directory, 'log-start-offset-checkpoint.tmp'))).toBe(false);
    const { directory } = fixture;
    directories.push(directory);
    // As if the process had died now.
    await fixture.logs.abandon();
    const again = await BrokerFixture.open({}, { directory });
    const topicId = fixture.replicas.idOf('a');
    if (topicId === undefined) throw new Error('no topic');
    const config = partition.log?.config;
    if (config === undefined) throw new Error('no config');
    const log = await again.logs.openLog('a', 0, topicId, config, () => undefined);
    expect(log.log.logStartOffset).toBe(40);
    await fixture.metadataStore.close();
    fixture = again;
  });
});
