import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { CONFIG_RESOURCE } from '../../src/config/index.js';
import { NodeFileSystem, seededRandom, VirtualTime } from '../../src/env/index.js';
import { startBroker } from '../../src/index.js';
import { decodeBatches } from '../../src/records/index.js';
import { formatMetaProperties } from '../../src/storage/checkpoints.js';
import type { LogConfig } from '../../src/storage/log_config.js';
import { LogManager } from '../../src/storage/log_manager.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../../src/storage/producer_snapshot.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { createTopic } from '../integration/produce_fetch.js';
import { compactedConfig } from '../support/log_configs.js';
import { logManagerSettings } from '../support/log_manager_settings.js';
import { setConfigs } from '../support/set_configs.js';
import { committedView, fetchOnce, type View } from '../support/transaction_view.js';
import { writeTransactions } from '../support/transactions.js';
import { WireClient } from '../support/wire_client.js';

// A log with transactions that Apache Kafka 4.3.1 wrote, served and cleaned (recorded by ./record-transactions): its files are read and
// written again byte for byte, it is served with the same view, and cleaned to the same batches, records and index.

const golden = join(import.meta.dirname, '../golden/transactions');
const kafka = process.env.MILLRACE_TRANSACTIONS_KAFKA?.split(' ');
const compacted = [
  { name: 'keeps-markers', deleteRetentionMs: 86_400_000 },
  { name: 'drops-markers', deleteRetentionMs: 0 },
] as const;
const segmentBytes = 3000;

interface Cleaned {
  readonly recordedMs: number;
  readonly lines: readonly string[];
  /** Of each segment, base64. */
  readonly transactionIndexes: Readonly<Record<string, string>>;
}

const directories: string[] = [];
function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-txn-'));
  directories.push(directory);
  return directory;
}
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function copyLog(from: string, to: string, suffixes: readonly string[]): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from))
    if (suffixes.some((suffix) => name.endsWith(suffix))) cpSync(join(from, name), join(to, name));
}

function linesOf(bytes: Uint8Array): string[] {
  return [...decodeBatches(bytes)].flatMap((batch) => [
    `${batch.baseOffset}-${batch.lastOffset} ${batch.isTransactional ? 'T' : '-'}${batch.isControl ? 'C' : '-'} ${batch.producerId}/${batch.producerEpoch}/${batch.baseSequence} ${batch.recordCount}${batch.hasDeleteHorizon ? ' horizon' : ''} max ${batch.maxTimestampMs}`,
    ...batch.records.map(
      ({ offset, key, value }) =>
        `  ${offset} ${Buffer.from(key ?? []).toString(batch.isControl ? 'hex' : 'utf8')} ${value === null ? 'null' : Buffer.from(value).toString(batch.isControl ? 'hex' : 'utf8')}`,
    ),
  ]);
}

/** Everything in the segments of a directory, and their indexes of aborted transactions as far as they name any. */
function cleanedOf(directory: string, recordedMs: number): Cleaned {
  const names = readdirSync(directory).sort();
  const lines = names
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => linesOf(readFileSync(join(directory, name))));
  const indexes = names
    .filter((name) => name.endsWith('.txnindex'))
    .map((name) => [name, readFileSync(join(directory, name)).toString('base64')] as const)
    .filter(([, content]) => content !== '');
  return { recordedMs, lines, transactionIndexes: Object.fromEntries(indexes) };
}

const read = <T>(name: string) => JSON.parse(readFileSync(join(golden, name), 'utf8')) as T;

const activeBase = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => Number(name.slice(0, 20)))
    .reduce((a, b) => Math.max(a, b));

async function record(port: number, data: string, classpath: string): Promise<void> {
  const client = await WireClient.connect(port);
  const write = (topic: string, phase: number, ...more: string[]) =>
    execFileSync(
      'java',
      [
        '-cp',
        classpath,
        join(import.meta.dirname, 'drivers/WriteTransactions.java'),
        `127.0.0.1:${port}`,
        topic,
        String(phase),
        ...more,
      ],
      { stdio: ['ignore', 'inherit', 'ignore'] },
    );
  const common = { 'internal.segment.bytes': String(segmentBytes), 'retention.ms': '-1', 'cleanup.policy': 'delete' };
  await createTopic(client, 'transactions', 1, common);
  write('transactions', 1, 'open');
  writeFileSync(join(golden, 'view.json'), `${JSON.stringify(await committedView(client, 'transactions'), null, 1)}\n`);
  for (const { name, deleteRetentionMs } of compacted) {
    const more = { 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': String(deleteRetentionMs) };
    await createTopic(client, name, 1, { ...common, ...more });
    const directory = join(data, `${name}-0`);
    for (const phase of [1, 2]) {
      await setConfigs(client, CONFIG_RESOURCE.TOPIC, name, { 'cleanup.policy': 'delete' });
      write(name, phase);
      copyLog(directory, join(golden, `${name}-${phase}`), ['.log', '.txnindex', '.snapshot', 'epoch-checkpoint']);
      await setConfigs(client, CONFIG_RESOURCE.TOPIC, name, { 'cleanup.policy': 'compact' });
      const checkpoint = () =>
        new RegExp(`^${name} 0 (\\d+)$`, 'm').exec(readFileSync(join(data, 'cleaner-offset-checkpoint'), 'utf8'))?.[1];
      for (let tries = 0; Number(checkpoint()) !== activeBase(directory); tries += 1) {
        if (tries > 300) throw new Error(`${name} is not cleaned`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const text = JSON.stringify(cleanedOf(directory, Date.now()), null, 1);
      writeFileSync(join(golden, `${name}-${phase}.json`), `${text}\n`);
    }
  }
  client.close();
}

const store = createNativeLogStore();
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;

interface Opened {
  readonly log: PartitionLog;
  readonly manager: LogManager;
  readonly time: VirtualTime;
}

/** Opens `<directory>/<name>-0` without a network, at `nowMs`. Closed by the caller. */
async function open(
  directory: string,
  name: string,
  nowMs: number,
  cleaner: boolean,
  config: Partial<LogConfig> = {},
): Promise<Opened> {
  const files = new NodeFileSystem();
  const time = new VirtualTime({ startWallMs: nowMs });
  const meta = formatMetaProperties({ clusterId: 'cluster', nodeId: 1, directoryId: topicId });
  writeFileSync(join(directory, 'meta.properties'), meta);
  const logger = new MemoryLogger();
  const manager = await LogManager.open(
    { clock: time, timers: time, random: seededRandom(1), files, store, logger },
    logManagerSettings(directory, {
      cleaner: cleaner
        ? () => ({
            threads: 1,
            dedupeBufferBytes: 1 << 20,
            dedupeBufferLoadFactor: 0.9,
            ioBufferBytes: 512 << 10,
            maxIoBytesPerSecond: Number.MAX_VALUE,
            backoffMs: 100,
          })
        : undefined,
    }),
  );
  time.holdWhile(() => manager.busy || files.pending > 0);
  const log = await manager.openLog(name, 0, topicId, compactedConfig({ segmentBytes, ...config }), () => {});
  log.stableOffset = () => Math.min(log.log.logEndOffset, log.producers.transactions.firstUnstableOffset);
  await log.log.flush();
  log.producers.transactions.highWatermarkReached(log.log.logEndOffset);
  return { log, manager, time };
}

const filesOf = (directory: string, suffix: string) =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => [name, readFileSync(join(directory, name)).toString('base64')]),
  );

const byId = (bytes: Uint8Array) =>
  decodeProducerSnapshot(bytes)?.sort((one, other) => one.producerId - other.producerId);

describe('a log with transactions', () => {
  it.runIf(kafka !== undefined)('is recorded from Kafka', { timeout: 240_000 }, async () => {
    const [port, data = '', classpath = ''] = kafka ?? [];
    await record(Number(port), data, classpath);
  });

  it('has producer snapshots that are written again byte for byte', () => {
    let open = 0;
    let markers = 0;
    for (const directory of readdirSync(golden, { recursive: true, encoding: 'utf8' })) {
      if (!directory.endsWith('.snapshot')) continue;
      const bytes = readFileSync(join(golden, directory));
      const entries = decodeProducerSnapshot(bytes) ?? [];
      open += entries.filter(({ currentTxnFirstOffset }) => currentTxnFirstOffset >= 0).length;
      markers += entries.filter(({ coordinatorEpoch }) => coordinatorEpoch >= 0).length;
      expect(Buffer.from(encodeProducerSnapshot(entries)).equals(bytes)).toBe(true);
    }
    expect(open).toBeGreaterThan(10);
    expect(markers).toBeGreaterThan(10);
  });

  it.each(['nothing but the log', 'everything'])('has its indexes made anew byte for byte from %s', async (what) => {
    const directory = temporary();
    const copy = join(directory, 'transactions-0');
    const whole = what === 'everything';
    copyLog(join(golden, 'served'), copy, whole ? ['.log', '.txnindex', '.snapshot'] : ['.log']);
    const { manager } = await open(directory, 'transactions', Date.now(), false, { compact: false });
    const indexes = filesOf(join(golden, 'served'), '.txnindex');
    expect(Object.keys(indexes).length).toBeGreaterThan(4);
    expect(filesOf(copy, '.txnindex')).toEqual(indexes);
    await manager.close();
    // What an orderly stop leaves of producers is what Kafka left, be it from a snapshot or from all the headers.
    const last = readdirSync(join(golden, 'served'))
      .filter((name) => name.endsWith('.snapshot'))
      .sort()
      .at(-1);
    const kept = readFileSync(join(copy, last ?? ''));
    expect(byId(kept)).toEqual(byId(readFileSync(join(golden, 'served', last ?? ''))));
  });

  it('is served with the view that Kafka gave', { timeout: 60_000 }, async () => {
    const dataDirectory = temporary();
    const config = { 'millrace.flush.mode': 'os' };
    const first = await startBroker({ dataDirectory, config });
    const creating = await WireClient.connect(first.port);
    await createTopic(creating, 'transactions', 1, { 'retention.ms': '-1' });
    creating.close();
    await first.close();
    const directory = join(dataDirectory, 'transactions-0');
    for (const name of readdirSync(directory)) if (/^\d/.test(name)) rmSync(join(directory, name));
    cpSync(join(golden, 'served'), directory, { recursive: true });
    const broker = await startBroker({ dataDirectory, config });
    const client = await WireClient.connect(broker.port);
    try {
      const wanted = read<View>('view.json');
      const found = await committedView(client, 'transactions');
      expect(found.records).toEqual(wanted.records);
      expect({ ...found, records: [], aborted: [] }).toEqual({ ...wanted, records: [], aborted: [] });
      expect(found.lastStableOffset).toBeLessThan(found.highWatermark);
      // Kafka rounds the end of what is read up to its index, and may name more than overlaps.
      expect(found.aborted.length).toBeGreaterThan(10);
      for (const one of found.aborted) expect(wanted.aborted).toContain(one);
      for (let offset = 0; offset < wanted.lastStableOffset; offset += 13) {
        const answer = await fetchOnce(client, 'transactions', offset);
        expect(answer.lastStableOffset).toBe(wanted.lastStableOffset);
        expect(answer.records?.length).toBeGreaterThan(0);
      }
    } finally {
      client.close();
      await broker.close();
    }
  });

  for (const { name, deleteRetentionMs } of compacted)
    it.each([1, 2])(`${name} is cleaned to the same batches and index, round %i`, async (phase) => {
      const directory = temporary();
      const copy = join(directory, `${name}-0`);
      copyLog(join(golden, `${name}-${phase}`), copy, ['.log', '.txnindex', '.snapshot', 'epoch-checkpoint']);
      const golden1 = read<Cleaned>(`${name}-${phase}.json`);
      // Stopped in an orderly way: of a cleaned log the index cannot be made anew as it was.
      writeFileSync(join(directory, '.kafka_cleanshutdown'), '');
      writeFileSync(join(directory, 'recovery-point-offset-checkpoint'), `0\n1\n${name} 0 1\n`);
      // The second round begins where the first one ended.
      if (phase === 2) {
        const before = read<Cleaned>(`${name}-1.json`);
        expect(before.lines.length).toBeGreaterThan(50);
        const clean = readdirSync(join(golden, `${name}-1`)).filter((file) => file.endsWith('.log')).length;
        const base = readdirSync(join(golden, `${name}-2`)).filter((file) => file.endsWith('.log'))[clean - 1];
        writeFileSync(join(directory, 'cleaner-offset-checkpoint'), `0\n1\n${name} 0 ${Number(base?.slice(0, 20))}\n`);
      }
      const { log, manager, time } = await open(directory, name, golden1.recordedMs, true, {
        deleteRetentionMs,
        minCleanableDirtyRatio: 0.01,
      });
      for (let tries = 0; log.cleanedOffset !== log.log.activeBaseOffset && tries < 50; tries += 1)
        await time.advance(100);
      expect(log.cleanedOffset).toBe(log.log.activeBaseOffset);
      await manager.close();
      const found = cleanedOf(copy, golden1.recordedMs);
      expect(found.lines).toEqual(golden1.lines);
      expect(found.transactionIndexes).toEqual(golden1.transactionIndexes);
    });
});

describe('what Millrace writes of transactions', () => {
  it('is kept for DumpLogSegments', async () => {
    const kept = process.env.MILLRACE_TRANSACTIONS_KEEP;
    const directory = kept ?? temporary();
    const { log, manager } = await open(directory, 'written', Date.now(), false, { compact: false });
    writeTransactions(log, 300, 5);
    await manager.close();
    const names = readdirSync(join(directory, 'written-0'));
    expect(names.filter((name) => name.endsWith('.txnindex')).length).toBeGreaterThan(5);
    expect(names.filter((name) => name.endsWith('.snapshot')).length).toBeGreaterThan(5);
  });
});
