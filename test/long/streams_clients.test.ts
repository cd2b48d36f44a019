import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { StreamsGroupDescribeResponse } from '../../src/protocol/api/streams_group_describe.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { kafkaJars } from '../compat/drivers.js';
import { JavaPrograms } from '../compat/group_members.js';
import { createTopic, produce } from '../integration/produce_fetch.js';
import { BrokerProcess } from '../support/broker_process.js';
import { committedValues } from '../support/committed_values.js';
import { TalkingProcess } from '../support/talking_process.js';
import { untilTrue } from '../support/until.js';
import { WireClient } from '../support/wire_client.js';

// Kafka Streams with group.protocol=streams (KIP-1071): a topology with a repartition topic and a changelog, in several instances,
// one closed, one killed, the broker killed too. Exactly once: of each word the counts 1, 2, 3, ... are there, each once and in order.

const settings = {
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'group.streams.initial.rebalance.delay.ms': '0',
  'group.streams.min.heartbeat.interval.ms': '200',
  'group.streams.heartbeat.interval.ms': '200',
  'group.streams.min.session.timeout.ms': '1000',
  'group.streams.session.timeout.ms': '3000',
  'group.streams.assignment.interval.ms': '0',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
};
const application = 'words';
const partitions = [0, 1, 2];
const words = Array.from({ length: 20 }, (_, n) => `word${n}`);
const java = new JavaPrograms();
const command = kafkaJars() === undefined ? undefined : java.command('StreamsCount.java');
if (command === undefined) console.log('compat: Kafka Streams is skipped, not installed: needs java and real-kafka');

const directory = mkdtempSync(join(tmpdir(), 'millrace-streams-'));

class Instance {
  tasks: readonly string[] = [];
  readonly process: TalkingProcess;
  private static started = 0;

  constructor(port: number) {
    const [file = '', ...first] = command ?? [];
    Instance.started += 1;
    const state = join(directory, `state-${Instance.started}`);
    const args = [...first, `127.0.0.1:${port}`, application, 'lines', 'counts', 'exactly_once_v2', state];
    this.process = new TalkingProcess(file, args, (said) => {
      this.tasks = (said as { tasks: readonly string[] }).tasks;
    });
  }

  async leave(): Promise<void> {
    this.process.leave();
    expect(await this.process.ended, this.process.errors).toBe(0);
  }
}

let broker: BrokerProcess;
let client: WireClient;
const instances: Instance[] = [];
/** How often each word was written. */
const written = new Map<string, number>();

afterEach(async () => {
  for (const { process } of instances) process.kill();
  await Promise.all(instances.map(({ process }) => process.ended));
});
afterAll(async () => {
  java.remove();
  rmSync(directory, { recursive: true, force: true });
});

function start(): Instance {
  const instance = new Instance(broker.port);
  instances.push(instance);
  return instance;
}

function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const seen = () => instances.map(({ tasks, process }) => `${tasks.join()} ${process.errors.slice(-1500)}`);
  return untilTrue(what, condition, { forMs: 60_000, everyMs: 100, seen });
}

/** Two subtopologies, each with a task per partition. */
const allTasks = ['0_0', '0_1', '0_2', '1_0', '1_1', '1_2'];
const untilShared = (...among: Instance[]) =>
  until(`${among.length} instances share the tasks`, () => {
    const held = among.flatMap(({ tasks }) => tasks).sort();
    return among.every(({ tasks }) => tasks.length > 0) && held.join() === allTasks.join();
  });

async function write(lines: number): Promise<void> {
  for (const partition of partitions) {
    const values = Array.from({ length: lines }, (_, line) =>
      [3, 7, 11].map((step) => words[(line * step + partition) % words.length] ?? ''),
    );
    await produce(
      client,
      'lines',
      values.map((line) => line.join(' ')),
      { partition },
    );
    for (const word of values.flat()) written.set(word, (written.get(word) ?? 0) + 1);
  }
}

async function counts(): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (const partition of partitions)
    for (const value of await committedValues(client, 'counts', partition)) {
      const [word = '', count] = value.split(' ');
      found.set(word, [...(found.get(word) ?? []), Number(count)]);
    }
  return found;
}

async function allCounted(): Promise<void> {
  const last = async () => {
    const found = await counts();
    return [...written].every(([word, times]) => found.get(word)?.includes(times));
  };
  await until('all words are counted', last);
  for (const [word, found] of await counts())
    expect(`${word} ${found.join()}`).toBe(
      `${word} ${Array.from({ length: written.get(word) ?? 0 }, (_, n) => n + 1).join()}`,
    );
}

async function describeGroup() {
  const { groups } = await client.send<StreamsGroupDescribeResponse>(ApiKey.StreamsGroupDescribe, 0, {
    groupIds: [application],
  });
  return groups[0];
}

describe.skipIf(command === undefined)('Kafka Streams in a streams group', () => {
  it('counts each word exactly once while instances and the broker come and go', async () => {
    broker = await BrokerProcess.start(directory, settings);
    client = await WireClient.connect(broker.port);
    for (const topic of ['lines', 'counts']) await createTopic(client, topic, partitions.length);
    await write(50);
    const [first, second] = [start(), start()];
    await untilShared(first, second);
    await allCounted();
    const described = await describeGroup();
    expect(described).toMatchObject({ errorCode: 0, groupState: 'Stable' });
    const subtopologies = described?.topology?.subtopologies ?? [];
    expect(
      subtopologies.map(({ sourceTopics, stateChangelogTopics }) => [
        sourceTopics.length,
        stateChangelogTopics.map(({ name }) => name),
      ]),
    ).toEqual([
      [1, []],
      [0, ['words-counts-changelog']],
    ]);

    await write(50);
    await first.leave();
    await untilShared(second);
    await write(50);
    await allCounted();

    const third = start();
    await untilShared(second, third);
    await write(50);
    client.close();
    await broker.end('SIGKILL');
    broker = await BrokerProcess.start(directory, settings, broker.port);
    client = await WireClient.connect(broker.port);
    await write(50);
    await allCounted();

    await write(50);
    second.process.kill();
    await second.process.ended;
    await untilShared(third);
    await write(50);
    await allCounted();
    await third.leave();
    expect(await describeGroup()).toMatchObject({ groupState: 'Empty', members: [] });
    client.close();
    expect(await broker.end('SIGTERM')).toBe(0);
  });
});
