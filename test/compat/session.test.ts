import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { differencesOf } from './session/compare.js';
import { session } from './session/index.js';
import { play, type Transcript } from './session/play.js';

// MILLRACE_SESSION_BROKER=port records the answers of an Apache Kafka at that port (test/compat/record-session starts one).
const recordFrom = process.env.MILLRACE_SESSION_BROKER;
const golden = join(import.meta.dirname, '../golden/session/kafka-4.3.1.json');
const listed = join(import.meta.dirname, 'session/differences.txt');
const documented = join(import.meta.dirname, 'DIFFERENCES.md');

/** What both brokers are started with, so that the session takes seconds. */
const settings = {
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 100,
};

it.skipIf(recordFrom === undefined)('records Apache Kafka', { timeout: 600_000 }, async () => {
  const transcript = await play(Number(recordFrom), session, 150);
  writeFileSync(
    golden,
    `{\n${Object.entries(transcript)
      .map(([name, answer]) => `${JSON.stringify(name)}: ${JSON.stringify(answer)}`)
      .join(',\n')}\n}\n`,
  );
});

it('answers the session as Apache Kafka 4.3.1 does, but for the listed differences', { timeout: 120_000 }, async () => {
  const theirs = JSON.parse(readFileSync(golden, 'utf8')) as Transcript;
  const broker = await startBroker({ config: settings });
  let ours: Transcript;
  try {
    ours = await play(broker.port, session);
  } finally {
    await broker.close();
  }
  if (process.env.MILLRACE_SESSION_OUT !== undefined)
    writeFileSync(process.env.MILLRACE_SESSION_OUT, differencesOf(theirs, ours).join('\n'));
  const known = existsSync(listed)
    ? readFileSync(listed, 'utf8')
        .split('\n')
        .filter((line) => line.includes(' | '))
    : [];
  expect(differencesOf(theirs, ours).sort()).toEqual(known.sort());
  expect(documented).toBeTruthy();
});
