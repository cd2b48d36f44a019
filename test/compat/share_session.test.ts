import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { differencesOf } from './session/compare.js';
import { play, type Transcript } from './session/play.js';
import { shareDifferences } from './share_session/differences.js';
import { shareSession } from './share_session/index.js';
import { creations } from './share_session/steps.js';

// MILLRACE_SHARE_SESSION_BROKER=port records the answers of the Apache Kafka at that port: see record-share-session.
const recordFrom = process.env.MILLRACE_SHARE_SESSION_BROKER;
const golden = join(import.meta.dirname, '../golden/session/share-kafka-4.3.1.json');

/** What both brokers are started with, so that the session takes seconds. */
const settings = {
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.share.min.record.lock.duration.ms': 1000,
  'group.share.assignment.interval.ms': 0,
};

async function record(port: number): Promise<void> {
  const transcript = await play(port, shareSession, 150);
  const lines = Object.entries(transcript).map(
    ([step, answer]) => `${JSON.stringify(step)}: ${JSON.stringify(answer)}`,
  );
  writeFileSync(golden, `{\n${lines.join(',\n')}\n}\n`);
}

if (recordFrom !== undefined)
  it('records what Apache Kafka answers', { timeout: 600_000 }, () => record(Number(recordFrom)));
else
  describe('the same session about share groups with Apache Kafka 4.3.1 and with Millrace', () => {
    // How topics are made is compared in session.test.ts.
    it('gives the same answers but for the deliberate differences', { timeout: 120_000 }, async () => {
      const theirs = JSON.parse(readFileSync(golden, 'utf8')) as Transcript;
      const broker = await startBroker({ config: settings });
      const asked = new Set(
        shareSession.filter((step) => !creations.some((one) => one === step)).map(({ name }) => name),
      );
      const recorded = Object.fromEntries(Object.entries(theirs).filter(([name]) => asked.has(name)));
      const found = await play(broker.port, shareSession)
        .then((ours) => differencesOf(recorded, ours).filter(({ step }) => asked.has(step)))
        .finally(() => broker.close());
      const used = new Set<number>();
      const unexplained = found.filter(({ step, path }) => {
        const known = shareDifferences.findIndex((one) => one.step.test(step) && one.path.test(path));
        if (known >= 0) used.add(known);
        return known < 0;
      });
      expect(unexplained).toEqual([]);
      expect(shareDifferences.filter((_, index) => !used.has(index))).toEqual([]);
    });
  });
