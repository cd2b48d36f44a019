import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { type Broker, startBroker } from '../../src/index.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { chunks, FakeIo } from '../cli/support/fake_io.js';

const { Kafka, logLevel } = kafkajs;

let root: string;
let broker: Broker;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-test-jbod-'));
});
afterEach(async () => {
  await broker.close();
  rmSync(root, { recursive: true, force: true });
});

const start = async (config: Record<string, string> = {}, logger = new MemoryLogger()) => {
  const logDirs = ['a', 'b', 'c'].map((name) => join(root, name)).join(',');
  broker = await startBroker({ dataDirectory: root, config: { 'log.dirs': logDirs, ...config }, logger });
  return broker;
};

async function run(...args: readonly string[]) {
  return runWith('', ...args);
}

async function runWith(input: string, ...args: readonly string[]) {
  const io = new FakeIo(chunks(input));
  const exitCode = await runCli(['-b', broker.bootstrapServers, ...args], io);
  return { exitCode, out: io.output.text, err: io.errors.text };
}

/** What was moved away is there, marked, until `file.delete.delay.ms` is over. */
const inDirectory = (name: string) =>
  readdirSync(join(root, name)).filter((one) => one.startsWith('moved-') && !one.endsWith('-delete'));

describe('several log directories', () => {
  it('let a partition be moved and moved again while kafkajs writes and reads it', async () => {
    await start({ 'replica.alter.log.dirs.io.max.bytes.per.second': '8000000' });
    expect((await run('topics', 'create', 'moved', '-p', '1')).exitCode).toBe(0);
    const kafka = new Kafka({ clientId: 'jbod', brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    const consumer = kafka.consumer({ groupId: 'jbod', maxWaitTimeInMs: 50 });
    await producer.connect();
    await consumer.connect();
    await consumer.subscribe({ topics: ['moved'], fromBeginning: true });
    const read: string[] = [];
    await consumer.run({
      eachBatch: async ({ batch }) => {
        for (const { value } of batch.messages) read.push((value ?? '').toString().slice(0, 8));
      },
    });
    const sent: string[] = [];
    let writing = true;
    const payload = 'x'.repeat(2000);
    const written = (async () => {
      while (writing) {
        const values = Array.from({ length: 20 }, (_, i) => String(sent.length + i).padStart(8, '0'));
        const messages = values.map((value) => ({ value: value + payload, partition: 0 }));
        const [answer] = await producer.send({ topic: 'moved', messages, acks: -1 });
        expect(Number(answer?.baseOffset)).toBe(sent.length);
        sent.push(...values);
        // Well below the rate of the moves: at that rate and above each of them ends with a log many times as long as it began.
        await delay(20);
      }
    })();
    const [, b, c] = ['a', 'b', 'c'].map((name) => join(root, name));
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(1000), 30_000);
    for (const target of [b, c, b]) {
      const moved = await run('log-dirs', 'move', 'moved', target ?? '', '--wait');
      expect(moved).toMatchObject({ exitCode: 0, err: '', out: `moved-0 is in ${target}\n` });
    }
    writing = false;
    await written;
    await vi.waitFor(() => expect(read.length).toBeGreaterThanOrEqual(sent.length), 30_000);
    expect(read).toEqual(sent);
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
    expect(inDirectory('b')).toEqual(['moved-0']);
    const described = JSON.parse((await run('log-dirs', 'describe', '-t', 'moved', '--format', 'json')).out) as Array<{
      readonly path: string;
      readonly partitions: ReadonlyArray<{ readonly topic: string; readonly isFuture: boolean }>;
    }>;
    expect(described.map(({ path, partitions }) => [path, partitions.length])).toEqual([
      [join(root, 'a'), 0],
      [b, 1],
      [c, 0],
    ]);
    // Where it already is it is not on its way.
    expect((await run('log-dirs', 'move', 'moved', b ?? '')).out).toBe(`moved-0 is in ${b}\n`);
    expect((await run('log-dirs', 'move', 'moved', '/nowhere')).err).toContain('no such log directory');
    expect((await run('log-dirs', 'move', 'nothing', b ?? '')).exitCode).not.toBe(0);
    await broker.close();
    await start();
    expect(inDirectory('b')).toEqual(['moved-0']);
    const again = await run('consume', 'moved', '--exit', '-f', '%s\\n');
    expect(
      again.out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.slice(0, 8)),
    ).toEqual(sent);
  }, 120_000);

  it('lose the partitions of one that vanishes, and the broker with the one that has its metadata', async () => {
    const logger = new MemoryLogger();
    // Whoever decides about partitions sees the failure in the turn in which it happens: a broker that must report it within 1 ms goes on.
    const config = { 'log.flush.offset.checkpoint.interval.ms': '100', 'log.dir.failure.timeout.ms': '1' };
    await start(config, logger);
    await run('topics', 'create', 'spread', '-p', '3');
    const produce = (partition: number) => runWith('v\n', 'produce', 'spread', '-p', String(partition));
    expect(await produce(1)).toMatchObject({ exitCode: 0 });
    rmSync(join(root, 'b'), { recursive: true });
    // Its file is still open: written or not, depending on whether a checkpoint has met the missing directory by then.
    await runWith('v\n', '--timeout', '2s', 'produce', 'spread', '-p', '1');
    const offline = /the log directory .*\/b failed and is offline/;
    await vi.waitFor(() => expect(logger.messages('error').join()).toMatch(offline), 20_000);
    const { out } = await run('log-dirs', 'describe', '--format', 'json');
    const described = JSON.parse(out) as Array<{
      readonly error: string | null;
      readonly partitions: readonly unknown[];
    }>;
    expect(described.map(({ error, partitions }) => [error !== null, partitions.length])).toEqual([
      [false, 1],
      [true, 0],
      [false, 1],
    ]);
    expect(await produce(0)).toMatchObject({ exitCode: 0 });
    expect(await produce(2)).toMatchObject({ exitCode: 0 });
    expect(logger.messages('fatal')).toEqual([]);
    rmSync(join(root, 'a'), { recursive: true });
    await runWith('v\n', '--timeout', '2s', 'produce', 'spread', '-p', '0');
    const stops = /the broker stops because .*\/a has failed, which holds its metadata/;
    await vi.waitFor(() => expect(logger.messages('fatal').join()).toMatch(stops), 20_000);
  }, 60_000);
});
