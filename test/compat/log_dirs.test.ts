import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import type { AlterReplicaLogDirsResponse } from '../../src/protocol/api/alter_replica_log_dirs.js';
import type { DescribeLogDirsResponse } from '../../src/protocol/api/describe_log_dirs.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { createTopic, produce } from '../integration/produce_fetch.js';
import { WireClient } from '../support/wire_client.js';

// AlterReplicaLogDirs and DescribeLogDirs answer as Apache Kafka 4.3.1 on two log directories did (recorded by ./record-log-dirs).
// MILLRACE_LOG_DIRS_KAFKA="PORT DIRECTORY" records what that broker answers, whose log directories are DIRECTORY/a and DIRECTORY/b.

const goldenPath = join(import.meta.dirname, '../golden/log-dirs-kafka-4.3.1.json');
const kafka = process.env.MILLRACE_LOG_DIRS_KAFKA?.split(' ');

type Places = ReadonlyArray<readonly [path: string, topics: Readonly<Record<string, readonly number[]>>]>;
type Wanted = ReadonlyArray<{ readonly topic: string; readonly partitions: readonly number[] }> | null;

/** Answers by step, with the directories named a and b, in one order. */
class Conversation {
  readonly answers: Record<string, string> = {};

  constructor(
    private readonly client: WireClient,
    private readonly root: string,
  ) {}

  async alter(name: string, places: Places, version = 2): Promise<void> {
    const dirs = places.map(([path, topics]) => ({
      path: path.replace('ROOT', this.root),
      topics: Object.entries(topics).map(([topic, partitions]) => ({ name: topic.split('/')[0], partitions })),
    }));
    const answer = await this.client.send<AlterReplicaLogDirsResponse>(ApiKey.AlterReplicaLogDirs, version, { dirs });
    this.note(`alter: ${name} v${version}`, {
      ...answer,
      results: [...answer.results]
        .sort((one, other) => (one.topicName < other.topicName ? -1 : 1))
        .map((one) => ({
          ...one,
          partitions: [...one.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex),
        })),
    });
  }

  async describe(name: string, topics: Wanted, version = 4): Promise<void> {
    this.note(`describe: ${name} v${version}`, await this.look(topics, version));
  }

  /** Until all logs are there and nothing is on its way any more. */
  async settled(logs: number): Promise<void> {
    for (;;) {
      const { results } = await this.look(null, 4);
      const all = results.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions));
      if (all.length === logs && !all.some(({ isFutureKey }) => isFutureKey)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async look(topics: Wanted, version: number): Promise<DescribeLogDirsResponse> {
    const answer = await this.client.send<DescribeLogDirsResponse>(ApiKey.DescribeLogDirs, version, { topics });
    return {
      ...answer,
      results: [...answer.results]
        .sort((one, other) => (one.logDir < other.logDir ? -1 : 1))
        .map((one) => ({
          ...one,
          topics: one.topics
            .filter((topic) => !topic.name.startsWith('__'))
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .map((topic) => ({
              ...topic,
              partitions: [...topic.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex),
            })),
        })),
    };
  }

  private note(step: string, answer: object): void {
    const isRoom = (key: string) => key === 'totalBytes' || key === 'usableBytes';
    const text = JSON.stringify(answer, (key, value: unknown) =>
      isRoom(key) && typeof value === 'number' && value > 0 ? 'some' : value,
    );
    this.answers[step] = text.replaceAll(this.root, 'ROOT');
  }
}

async function errorsOf(talk: Conversation, version: number): Promise<void> {
  await talk.alter('unknown topic', [['ROOT/a', { missing: [0] }]], version);
  await talk.alter('unknown partition', [['ROOT/a', { t: [9, -1] }]], version);
  await talk.alter('unknown directory', [['/nowhere', { t: [0, 9], missing: [0] }]], version);
  for (const path of ['a', './a', 'ROOT/a/', 'ROOT/a/../a', 'ROOT//a', ''])
    await talk.alter(`to '${path}'`, [[path, { t: [0] }]], version);
  await talk.alter('where it is', [['ROOT/a', { t: [0, 1] }]], version);
}

async function namesOf(talk: Conversation): Promise<void> {
  await talk.alter('bad names', [['ROOT/a', { 'a b': [0], '': [0], '..': [0] }]]);
  for (const length of [209, 210, 249]) await talk.alter(`${length}`, [['ROOT/a', { ['x'.repeat(length)]: [0, 10] }]]);
  await talk.alter('internal', [['ROOT/a', { __cluster_metadata: [0] }]]);
  await talk.alter('a partition twice', [['ROOT/a', { u: [0, 0] }]]);
  await talk.alter('a topic twice', [['ROOT/a', { 'u/1': [0], 'u/2': [0] }]]);
  await talk.alter('a directory twice', [
    ['ROOT/a', { u: [0] }],
    ['ROOT/a', { t: [0] }],
  ]);
  await talk.alter('nowhere, then a directory', [
    ['/nowhere', { u: [0] }],
    ['ROOT/a', { u: [0] }],
  ]);
  await talk.alter('a directory, then nowhere', [
    ['ROOT/a', { u: [0] }],
    ['/nowhere', { u: [0] }],
  ]);
  await talk.alter('no topics', [['ROOT/a', {}]]);
  await talk.alter('no partitions', [['ROOT/a', { t: [] }]]);
  await talk.alter('nothing', []);
}

async function converse(port: number, root: string): Promise<Record<string, string>> {
  const client = await WireClient.connect(port);
  const talk = new Conversation(client, root);
  try {
    await createTopic(client, 't', 3);
    await createTopic(client, 'u', 1);
    await talk.settled(4);
    await talk.alter('all to one', [['ROOT/a', { t: [0, 1, 2], u: [0] }]]);
    await talk.settled(4);
    for (const partition of [0, 1, 2]) await produce(client, 't', ['some', 'records'], { partition });
    for (const version of [1, 2, 3, 4, 5]) await talk.describe('all', null, version);
    for (const version of [1, 2]) await errorsOf(talk, version);
    await namesOf(talk);
    await talk.alter('a move', [['ROOT/b', { t: [1, 2] }]]);
    await talk.settled(4);
    await talk.describe('after the move', null);
    await talk.describe('one', [{ topic: 't', partitions: [1] }]);
    await talk.describe('unknown ones', [
      { topic: 'missing', partitions: [1] },
      { topic: 't', partitions: [9] },
    ]);
    await talk.describe('one twice', [{ topic: 't', partitions: [1, 1] }]);
    await talk.describe('a topic twice', [
      { topic: 't', partitions: [0] },
      { topic: 't', partitions: [1] },
    ]);
    await talk.describe('none', []);
    return talk.answers;
  } finally {
    client.close();
  }
}

const [kafkaPort, kafkaRoot] = kafka ?? [];
if (kafkaPort !== undefined && kafkaRoot !== undefined)
  it('is recorded', async () => {
    writeFileSync(goldenPath, `${JSON.stringify(await converse(Number(kafkaPort), kafkaRoot), null, 1)}\n`);
  }, 60_000);
else
  it('moves partitions between log directories, describes them and refuses as Kafka does', async () => {
    const root = mkdtempSync(join(tmpdir(), 'millrace-test-compat-dirs-'));
    const broker = await startBroker({
      dataDirectory: root,
      config: { 'log.dirs': `${join(root, 'a')},${join(root, 'b')}` },
    });
    try {
      expect(await converse(broker.port, root)).toEqual(JSON.parse(readFileSync(goldenPath, 'utf8')));
    } finally {
      await broker.close();
      rmSync(root, { recursive: true, force: true });
    }
  }, 30_000);
