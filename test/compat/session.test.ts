import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { WireClient } from '../support/wire_client.js';
import { differencesOf, type Found } from './session/compare.js';
import { deliberate } from './session/differences.js';
import { session } from './session/index.js';
import { play, type Transcript } from './session/play.js';

// MILLRACE_SESSION_BROKER=port records the answers of the Apache Kafka at that port: see record-session.
const recordFrom = process.env.MILLRACE_SESSION_BROKER;
const golden = join(import.meta.dirname, '../golden/session/kafka-4.3.1.json');

/** What both brokers are started with, so that the session takes seconds. */
const settings = {
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.num.partitions': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 100,
};

/** Reasons that say they are seen in the session. */
function documentedRows(): string[] {
  const text = readFileSync(join(import.meta.dirname, 'DIFFERENCES.md'), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, row = '', seen = ''] = line.split('|').map((cell) => cell.trim());
    return seen === '●' ? [row] : [];
  });
}

/** `API version` for all that the broker at `port` advertises; what no codec knows (Produce below 3) is refused by name. */
async function offered(port: number): Promise<string[]> {
  const client = await WireClient.connect(port);
  const answer = await client.send<{
    readonly apiKeys: ReadonlyArray<{
      readonly apiKey: number;
      readonly minVersion: number;
      readonly maxVersion: number;
    }>;
  }>(ApiKey.ApiVersions, 0, {});
  client.close();
  return answer.apiKeys.flatMap(({ apiKey, minVersion, maxVersion }) => {
    const api = apiByKey(apiKey);
    const first = Math.max(minVersion, api?.request.minVersion ?? 0);
    return Array.from({ length: maxVersion - first + 1 }, (_, index) => `${api?.name} ${first + index}`);
  });
}

async function record(port: number): Promise<void> {
  const settleMs = 150;
  const transcript = await play(port, session, settleMs);
  const lines = Object.entries(transcript).map(
    ([step, answer]) => `${JSON.stringify(step)}: ${JSON.stringify(answer)}`,
  );
  writeFileSync(golden, `{\n${lines.join(',\n')}\n}\n`);
}

if (recordFrom !== undefined)
  it('records what Apache Kafka answers', { timeout: 600_000 }, () => record(Number(recordFrom)));
else
  describe('the same session with Apache Kafka 4.3.1 and with Millrace', () => {
    it('gives the same answers but for the deliberate differences', { timeout: 120_000 }, async () => {
      const theirs = JSON.parse(readFileSync(golden, 'utf8')) as Transcript;
      const broker = await startBroker({ config: settings });
      let found: readonly Found[];
      try {
        found = differencesOf(theirs, await play(broker.port, session));
      } finally {
        await broker.close();
      }
      const used = new Set<number>();
      const unexplained = found.filter(({ step, path, kafka }) => {
        const known = deliberate.findIndex(
          (one) => one.step.test(step) && one.path.test(path) && (one.kafka === undefined || one.kafka.test(kafka)),
        );
        if (known >= 0) used.add(known);
        return known < 0;
      });
      expect(unexplained).toEqual([]);
      expect(deliberate.filter((_, index) => !used.has(index))).toEqual([]);
    });

    it('has a reason for each deliberate difference, and no other reasons', () => {
      expect([...new Set(deliberate.map(({ row }) => row))].sort()).toEqual(documentedRows().sort());
    });

    it('asks for each API that Kafka and Millrace both offer, in every version', async () => {
      const asked = new Set(session.flatMap((step) => ('raw' in step ? [] : [`${step.api} ${step.version}`])));
      const broker = await startBroker({ config: settings });
      const missing = await offered(broker.port).finally(() => broker.close());
      expect(missing.filter((one) => !asked.has(one))).toEqual([]);
    });
  });
