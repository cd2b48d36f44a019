import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CONFIG_RESOURCE } from '../../src/config/index.js';
import type { DescribeShareGroupOffsetsResponse } from '../../src/protocol/api/describe_share_group_offsets.js';
import type { ShareGroupDescribeResponse } from '../../src/protocol/api/share_group_describe.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { kafkaJars } from '../compat/drivers.js';
import { createTopic, produce } from '../integration/produce_fetch.js';
import { BrokerProcess } from '../support/broker_process.js';
import { setConfigs } from '../support/set_configs.js';
import { TalkingProcess } from '../support/talking_process.js';
import { untilTrue } from '../support/until.js';
import { WireClient } from '../support/wire_client.js';

// Two members of Apache Kafka's own Java client read a topic together, while the broker is killed (dist must be built).

const jars = kafkaJars();
if (jars === undefined)
  console.log('compat: the Java share consumer is skipped, not installed: needs java and real-kafka');
const topic = 'shared';
const partitions = [0, 1];
const perRound = 150;
const settings = {
  'offsets.topic.num.partitions': '1',
  'share.coordinator.state.topic.num.partitions': '3',
  'group.share.min.record.lock.duration.ms': '1000',
  'group.share.assignment.interval.ms': '0',
};

class ShareMember {
  /** Deliveries by record, as they came. */
  readonly got: Array<{ readonly name: string; readonly count: number; readonly order: number }> = [];
  readonly done = new Map<string, number>();
  /** The broker went away before it answered: it may have done it, or give the record to somebody again. */
  readonly unknown = new Set<string>();
  readonly process: TalkingProcess;
  private static order = 0;

  constructor(port: number, group: string, mode: string) {
    const program = join(import.meta.dirname, '../compat/drivers/ShareMember.java');
    const java = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=off', '-cp', `${jars}/*`, program];
    const args = [...java, `127.0.0.1:${port}`, topic, group, mode];
    this.process = new TalkingProcess('java', args, (said) => this.hear(said as Said));
  }

  private hear(said: Said): void {
    ShareMember.order += 1;
    const [partition, offset, count = 0] = said.got ?? said.done ?? said.unknown ?? [];
    const name = `${partition}/${offset}`;
    if (said.got !== undefined) this.got.push({ name, count, order: ShareMember.order });
    else if (said.done !== undefined) this.done.set(name, ShareMember.order);
    else this.unknown.add(name);
  }
}

type Said = Partial<Record<'got' | 'done' | 'unknown', readonly number[]>>;

let broker: BrokerProcess | undefined;
const members: ShareMember[] = [];
const directory = mkdtempSync(join(tmpdir(), 'millrace-share-'));
afterEach(async () => {
  for (const member of members.splice(0)) member.process.kill();
  await broker?.end('SIGKILL');
  broker = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const seen = () =>
    members.map(({ got, done, process }) => `${got.length} got, ${done.size} done, ${process.errors.slice(-2000)}`);
  return untilTrue(what, condition, { forMs: 90_000, everyMs: 100, seen });
}

const values = (first: number) => Array.from({ length: perRound }, (_, i) => `value ${first + i}`);

describe.skipIf(jars === undefined)('members of a share group, Java clients', () => {
  it.each(['implicit', 'explicit'])(
    '%s acknowledgement, the broker killed twice',
    { timeout: 300_000 },
    async (mode) => {
      broker = await BrokerProcess.start(directory, settings);
      const { port } = broker;
      let client = await WireClient.connect(port);
      await createTopic(client, topic, partitions.length);
      const group = `members-${mode}`;
      await setConfigs(client, CONFIG_RESOURCE.GROUP, group, {
        'share.auto.offset.reset': 'earliest',
        'share.record.lock.duration.ms': '2000',
      });
      let produced = 0;
      const round = async () => {
        for (const partition of partitions) await produce(client, topic, values(produced), { partition });
        produced += perRound;
      };
      const all = () => partitions.flatMap((p) => Array.from({ length: produced }, (_, offset) => `${p}/${offset}`));
      const isDone = (name: string) => members.some(({ done, unknown }) => done.has(name) || unknown.has(name));

      await round();
      members.push(new ShareMember(port, group, mode), new ShareMember(port, group, mode));
      await until('both are members', async () => {
        const described = await client.send<ShareGroupDescribeResponse>(ApiKey.ShareGroupDescribe, 1, {
          groupIds: [group],
        });
        return described.groups[0]?.members.length === 2;
      });
      await until('all of the first round is done', () => all().every(isDone));
      for (let kill = 0; kill < 2; kill += 1) {
        await round();
        const before = members.reduce((sum, { done }) => sum + done.size, 0);
        await until('some of it is done', () => members.reduce((sum, { done }) => sum + done.size, 0) > before);
        client.close();
        await broker.end('SIGKILL');
        broker = await BrokerProcess.start(directory, settings, port);
        client = await WireClient.connect(port);
        await round();
        await until('all is done', () => all().every(isDone));
      }

      const doneAt = new Map<string, number>();
      for (const { done } of members)
        for (const [name, order] of done) doneAt.set(name, Math.min(order, doneAt.get(name) ?? order));
      const late = members
        .flatMap(({ got }) => got)
        .filter(({ name, order }) => order > (doneAt.get(name) ?? Number.POSITIVE_INFINITY));
      expect(late).toEqual([]);
      expect(members.every(({ got }) => got.length > 0)).toBe(true);
      if (mode === 'explicit') {
        const again = members
          .flatMap(({ got }) => got)
          .filter(({ name, count }) => count > 1 && Number(name.slice(2)) % 5 === 0);
        expect(again.length).toBeGreaterThan(produced / 5);
      }

      await until('nothing is left', async () => {
        const { groups } = await client.send<DescribeShareGroupOffsetsResponse>(ApiKey.DescribeShareGroupOffsets, 1, {
          groups: [{ groupId: group, topics: null }],
        });
        const found = groups[0]?.topics.flatMap((one) => one.partitions.map(({ lag }) => lag)) ?? [];
        return found.length === partitions.length && found.every((lag) => lag === 0);
      });
      for (const member of members) member.process.leave();
      expect(await Promise.all(members.map(({ process }) => process.ended))).toEqual([0, 0]);
      const described = await client.send<ShareGroupDescribeResponse>(ApiKey.ShareGroupDescribe, 1, {
        groupIds: [group],
      });
      expect(described.groups[0]).toMatchObject({ errorCode: 0, groupState: 'Empty', members: [] });
      client.close();
    },
  );
});
