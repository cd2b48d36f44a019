import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import {
  type LogDirectory,
  LogStoreError,
  type OpenLogOptions,
  type SegmentedLog,
} from '../../src/common/ports/index.js';
import { createNativeLogStore, emptyBatchInfo, releaseRegion } from '../../src/storage/native_log.js';
import { makeBatch } from '../support/batches.js';
import { canEvict, evictFiles } from '../support/page_cache.js';

const store = createNativeLogStore();
let path: string;
let directory: LogDirectory;
const flushes: number[] = [];

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  directory = await store.openDirectory(path);
  flushes.length = 0;
});
afterEach(async () => {
  await directory.close();
  rmSync(path, { recursive: true, force: true });
});

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value;
  return bytes;
}

const defaults: OpenLogOptions = {
  segmentBytes: 1 << 20,
  indexIntervalBytes: 4096,
  segmentIndexBytes: 1 << 20,
  recoveryPoint: 0,
  logStartOffset: 0,
  cleanShutdown: false,
  onFlushed: (offset) => flushes.push(offset),
};

function open(more: Partial<OpenLogOptions> = {}): Promise<SegmentedLog> {
  return directory.openLog('topic-0', { ...defaults, ...more });
}

/** Appends a batch of `count` records and returns its base offset. */
function append(log: SegmentedLog, count = 1, more: Parameters<typeof makeBatch>[0] = {}): number {
  const baseOffset = log.logEndOffset;
  const bytes = makeBatch({ count, ...more });
  expect(store.inspectBatch(bytes, emptyBatchInfo())).toBe('ok');
  log.append(bytes, { baseOffset, leaderEpoch: 3, appendTimeMs: -1, rollFirst: false });
  return baseOffset;
}

const everything = (log: SegmentedLog): number[] =>
  log.scanBatches(log.logStartOffset, 100_000).map((batch) => batch.baseOffset);

describe('inspectBatch', () => {
  const info = emptyBatchInfo();
  const good = makeBatch({ count: 3, producerId: 12, producerEpoch: 4, baseSequence: 9, timestampMs: 77 });
  it('reads the header', () => {
    expect(store.inspectBatch(good, info)).toBe('ok');
    expect(info).toMatchObject({
      sizeBytes: good.length,
      lastOffsetDelta: 2,
      recordCount: 3,
      producerId: 12,
      baseSequence: 9,
      maxTimestampMs: 77,
    });
  });
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['too-short', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['too-short', (bytes) => bytes.subarray(0, 20)],
    ['more-than-one', (bytes) => Buffer.concat([bytes, bytes])],
    ['unsupported-magic', (bytes) => withByte(bytes, 16, 1)],
    ['bad-crc', (bytes) => withByte(bytes, 70, 99)],
  ])('%s', (status, damage) => {
    expect(store.inspectBatch(damage(Buffer.from(good)), info)).toBe(status);
  });
  it('refuses counts and codecs that make no sense', () => {
    const wrongCount = makeBatch({ count: 2 });
    wrongCount.writeInt32BE(5, 57);
    expect(store.inspectBatch(wrongCount, info)).toBe('bad-crc');
    expect(store.inspectBatch(makeBatch({ attributes: 6 }), info)).toBe('bad-codec');
  });
});

describe('segmented log', () => {
  it('appends, reads whole batches and reports where to go on', async () => {
    const log = await open();
    for (let i = 0; i < 10; i += 1) append(log, 5);
    expect(log.logEndOffset).toBe(50);
    const size = makeBatch({}).length;
    const copy = log.readCopy(12, size * 2, 50);
    expect(copy.length).toBe(size * 2);
    expect(Buffer.from(copy).readBigInt64BE(0)).toBe(10n);
    expect(Buffer.from(copy).readInt32BE(12)).toBe(3);
    const read = log.read(12, size * 2 + 10, 50, false);
    expect(read).toMatchObject({ nextOffset: 20, region: { sizeBytes: size * 2 } });
    if (read !== undefined) releaseRegion(read.region);
    expect(log.read(12, 10, 50, false)).toBeUndefined();
    const first = log.read(12, 10, 50, true);
    expect(first?.region.sizeBytes).toBe(size);
    if (first !== undefined) releaseRegion(first.region);
    expect(log.read(50, 1000, 50, true)).toBeUndefined();
    const bounded = log.read(12, 1 << 20, 30, true);
    expect(bounded?.region.sizeBytes).toBe(size * 4);
    if (bounded !== undefined) releaseRegion(bounded.region);
    expect(log.availableBytes(0, 50, 1 << 30)).toBe(size * 10);
    expect(log.availableBytes(10, 30, 1 << 30)).toBe(size * 4);
    await log.close({ sync: true });
  });

  it('flushes in groups and says how far', async () => {
    const log = await open();
    append(log, 4);
    append(log, 4);
    await log.flush();
    expect(log.flushedOffset).toBe(8);
    expect(flushes.at(-1)).toBe(8);
    for (let i = 0; i < 100; i += 1) {
      append(log);
      log.requestFlush();
    }
    await log.flush();
    expect(log.flushedOffset).toBe(108);
    const { flushes: syncs, requests, groupRequests, groupBytes, syncUs } = directory.flushStatistics;
    expect(syncs).toBeLessThan(requests);
    const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
    for (const { counts } of [groupRequests, groupBytes, syncUs]) expect(total(counts)).toBe(syncs);
    expect(groupRequests.sum).toBe(requests);
    expect(groupBytes.sum).toBe(log.sizeBytes);
    expect(syncUs.sum).toBeGreaterThan(0);
    await log.close({ sync: true });
  });

  it('gives one sync to everything that is appended in one go', async () => {
    const log = await open();
    append(log);
    await log.flush();
    const before = directory.flushStatistics;
    for (let i = 0; i < 50; i += 1) {
      append(log);
      log.requestFlush();
    }
    await log.flush();
    const { flushes: syncs, requests } = directory.flushStatistics;
    expect(syncs - before.flushes).toBe(1);
    expect(requests - before.requests).toBe(51);
    await log.close({ sync: true });
  });

  it('rolls by size, finds every offset across segments, and deletes the oldest', async () => {
    const log = await open({ segmentBytes: 2000, indexIntervalBytes: 100 });
    for (let i = 0; i < 200; i += 1) append(log, 3, { timestampMs: 1000 + i });
    const segments = log.segments();
    expect(segments.length).toBeGreaterThan(8);
    for (let offset = 0; offset < 600; offset += 1) {
      const copy = Buffer.from(log.readCopy(offset, 1, 600));
      expect(Number(copy.readBigInt64BE(0))).toBe(offset - (offset % 3));
    }
    expect(log.findBatchByTimestamp(1100, 600)).toMatchObject({ baseOffset: 300, maxTimestampMs: 1100 });
    expect(log.findBatchByTimestamp(5000, 600)).toBeUndefined();
    expect(log.findBatchOfMaxTimestamp(600)).toMatchObject({ baseOffset: 597 });
    expect(log.findBatchOfMaxTimestamp(300)).toMatchObject({ baseOffset: 297 });
    const pinned = log.read(0, 500, 600, true);
    log.deleteSegments(segments.slice(0, 4).map((segment) => segment.baseOffset));
    expect(log.logStartOffset).toBe(segments[4]?.baseOffset);
    await log.deletePending();
    expect(readdirSync(join(path, 'topic-0')).filter((name) => name.endsWith('.deleted'))).toEqual([]);
    if (pinned !== undefined) releaseRegion(pinned.region);
    expect(() => log.deleteSegments([segments[6]?.baseOffset ?? 0])).toThrow(/oldest/);
    await log.close({ sync: true });
  });

  it('comes back the same after a clean close and after a crash', async () => {
    const log = await open({ segmentBytes: 3000 });
    for (let i = 0; i < 100; i += 1) append(log, 2);
    const before = everything(log);
    await log.close({ sync: true });
    const clean = await open({ segmentBytes: 3000, cleanShutdown: true });
    expect(everything(clean)).toEqual(before);
    expect(clean.flushedOffset).toBe(200);
    append(clean, 2);
    // A crash: the files are opened again without a close. The lock is this process's, so the same directory object is used.
    const crashed = await open({ segmentBytes: 3000, recoveryPoint: 50 });
    expect(everything(crashed)).toEqual([...before, 200]);
    expect(crashed.logEndOffset).toBe(202);
    await crashed.close({ sync: true });
  });

  it('cuts a torn tail off at every byte', async () => {
    const log = await open();
    for (let i = 0; i < 3; i += 1) append(log, 2, { payload: Buffer.alloc(10, i) });
    await log.close({ sync: true });
    const file = join(path, 'topic-0', '00000000000000000000.log');
    const bytes = readFileSync(file);
    const size = bytes.length / 3;
    for (let length = bytes.length - 1; length >= 0; length -= 1) {
      writeFileSync(file, bytes.subarray(0, length));
      const torn = await open();
      expect(torn.logEndOffset).toBe(Math.floor(length / size) * 2);
      expect(statSync(file).size).toBe(Math.floor(length / size) * size);
      expect(append(torn)).toBe(Math.floor(length / size) * 2);
      await torn.close({ sync: false });
      rmSync(join(path, 'topic-0', '00000000000000000000.index'), { force: true });
    }
  });

  it('refuses damage in the middle and names the place', async () => {
    const log = await open();
    for (let i = 0; i < 5; i += 1) append(log, 2);
    await log.close({ sync: true });
    const file = join(path, 'topic-0', '00000000000000000000.log');
    const fd = openSync(file, 'r+');
    const size = statSync(file).size / 5;
    writeSync(fd, Buffer.from([1, 2, 3]), 0, 3, size * 2 + 70);
    await expect(open()).rejects.toMatchObject({ name: 'LogStoreError', kind: 'CORRUPT' });
    await expect(open()).rejects.toThrow(/bytes \d+ to \d+ hold no valid batch, offsets 4 to 5/);
    // Before the recovery point nothing is verified, and a clean stop trusts everything.
    const trusted = await open({ cleanShutdown: true });
    expect(trusted.logEndOffset).toBe(10);
    await trusted.close({ sync: false });
  });

  it('rebuilds an index that is missing or nonsense', async () => {
    const log = await open({ indexIntervalBytes: 100 });
    for (let i = 0; i < 50; i += 1) append(log, 2);
    await log.close({ sync: true });
    const index = join(path, 'topic-0', '00000000000000000000.index');
    const wanted = readFileSync(index);
    expect(wanted.length).toBeGreaterThan(100);
    for (const damage of [
      () => rmSync(index),
      () => writeFileSync(index, Buffer.alloc(80, 0xee)),
      () => truncateSync(index, 13),
    ]) {
      damage();
      const again = await open({ indexIntervalBytes: 100, cleanShutdown: true });
      expect(everything(again).length).toBe(50);
      await again.close({ sync: true });
      expect(readFileSync(index).equals(wanted)).toBe(true);
    }
  });

  it('truncates and starts over', async () => {
    const log = await open({ segmentBytes: 1000 });
    for (let i = 0; i < 60; i += 1) append(log, 2);
    log.truncateTo(61);
    expect(log.logEndOffset).toBe(60);
    expect(append(log)).toBe(60);
    log.truncateTo(0);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 0]);
    log.truncateFullyAndStartAt(1000);
    expect(append(log)).toBe(1000);
    await log.flush();
    await log.close({ sync: true });
    const again = await open({ cleanShutdown: true });
    expect([again.logStartOffset, again.logEndOffset]).toEqual([1000, 1001]);
    await again.close({ sync: true });
  });

  it('stamps the append time and makes the CRC anew', async () => {
    const log = await open();
    log.append(makeBatch({ count: 2 }), { baseOffset: 0, leaderEpoch: 0, appendTimeMs: 123_456, rollFirst: false });
    const info = emptyBatchInfo();
    expect(store.inspectBatch(log.readCopy(0, 1000, 2), info)).toBe('ok');
    expect(info).toMatchObject({ maxTimestampMs: 123_456, attributes: 8 });
    await log.close({ sync: false });
  });

  it('locks its directory', async () => {
    await expect(store.openDirectory(path)).rejects.toMatchObject({ kind: 'LOCKED' });
  });
});

describe('loading one log', () => {
  it('ends when it is cancelled, before its turn too, and others are loaded', async () => {
    directory.setLoadingThreads(1);
    for (const name of ['a-0', 'b-0', 'c-0']) {
      const log = await directory.openLog(name, { ...defaults, segmentBytes: 64 << 20 });
      const bytes = makeBatch({ count: 1, payload: Buffer.alloc(1 << 20) });
      for (let i = 0; i < (name === 'a-0' ? 40 : 1); i += 1) {
        expect(store.inspectBatch(bytes, emptyBatchInfo())).toBe('ok');
        log.append(bytes, { baseOffset: log.logEndOffset, leaderEpoch: 3, appendTimeMs: -1, rollFirst: false });
      }
      await log.close({ sync: true });
      // Everything is to be checked.
      rmSync(join(path, name, '00000000000000000000.index'), { force: true });
    }
    const load = (name: string) => directory.openLog(name, { ...defaults, segmentBytes: 64 << 20, loads: true });
    const results = [load('a-0'), load('b-0'), load('c-0')].map((loading) =>
      loading.then(
        (log) => log.logEndOffset,
        (error: unknown) => (error instanceof LogStoreError ? error.kind : error),
      ),
    );
    directory.cancelLoad('b-0');
    // Settled at once, with a thread at work on another log.
    expect(await Promise.race(results)).toBe('CLOSED');
    directory.cancelLoad('a-0');
    expect(await Promise.all(results)).toEqual(['CLOSED', 'CLOSED', 1]);
    const again = await load('a-0');
    expect(again.logEndOffset).toBe(40);
    expect(again.recovered.truncatedBytes).toBe(0);
    await again.close({ sync: false });
  });

  it('of another topic leaves it alone', async () => {
    const log = await open();
    append(log);
    await log.close({ sync: true });
    const metadata = join(path, 'topic-0/partition.metadata');
    writeFileSync(metadata, `version: 0\ntopic_id: ${'B'.repeat(21)}A`);
    const torn = join(path, 'topic-0/00000000000000000000.log');
    writeFileSync(torn, Buffer.concat([readFileSync(torn), Buffer.from('torn')]));
    const before = readFileSync(torn);
    const own = 'C'.repeat(21) as Uuid;
    await expect(open({ topicId: `${own}A` as Uuid })).rejects.toMatchObject({
      kind: 'OTHER_OWNER',
      detail: `${'B'.repeat(21)}A`,
    });
    expect(readFileSync(torn)).toEqual(before);
    // It names none, or nothing that could be one.
    for (const text of [`version: 0\ntopic_id: ${'A'.repeat(22)}`, 'version: 0\n', '']) {
      writeFileSync(metadata, text);
      const opened = await open({ topicId: `${own}A` as Uuid });
      expect(opened.logEndOffset).toBe(1);
      await opened.close({ sync: false });
    }
  });
});

describe('many logs', () => {
  it('have numbers of their own, also behind a closed one', async () => {
    const logs: SegmentedLog[] = [];
    const openAnother = async () => {
      const log = await directory.openLog(`many-${logs.length}`, defaults);
      logs.push(log);
      append(log, (logs.length % 7) + 1);
      log.advanceLogStartOffset(logs.length % 2);
    };
    while (logs.length < 1100) await openAnother();
    const shown = () => logs.map((log) => [log.logStartOffset, log.logEndOffset, log.activeBaseOffset]);
    const expected = () => logs.map((_, i) => [(i + 1) % 2, ((i + 1) % 7) + 1, 0]);
    expect(shown()).toEqual(expected());
    for (const log of logs.slice(500, 600)) await log.close({ sync: false });
    while (logs.length < 1300) await openAnother();
    expect(shown()).toEqual(expected());
    for (const log of [...logs.slice(0, 500), ...logs.slice(600)]) await log.close({ sync: false });
    expect(shown()).toEqual(expected());
  });
});

describe('removals', () => {
  it('of one directory take turns, also behind one that fails', async () => {
    mkdirSync(join(path, 'many'));
    for (let i = 0; i < 2000; i += 1) writeFileSync(join(path, 'many', `${i}`), '');
    writeFileSync(join(path, 'file'), '');
    for (const name of ['few', 'last']) mkdirSync(join(path, name));
    const settled: string[] = [];
    const remove = (name: string) =>
      directory.removeMarked(name).then(
        () => settled.push(name),
        (error: unknown) => settled.push(`${name}: ${error instanceof LogStoreError ? error.code : ''}`),
      );
    await Promise.all(['many', 'few', 'file/within', 'last'].map(remove));
    expect(settled).toEqual(['many', 'few', 'file/within: ENOTDIR', 'last']);
    expect(readdirSync(path).filter((name) => !name.startsWith('.'))).toEqual(['file']);
  });
});

describe('a log that the page cache has given up', () => {
  const evict = () => evictFiles(join(path, 'topic-0'));

  it.each([false, true])('is loaded on a thread where a read must not wait, sealed segments %s', async (sealed) => {
    const log = await open({ segmentBytes: sealed ? 1 << 20 : 1 << 30 });
    while (log.sizeBytes < 3 << 20) append(log, 1, { payload: Buffer.alloc(20_000, 5) });
    const answers: unknown[] = [];
    let loads = 0;
    for (const offset of [0, 37, 90, 140]) {
      evict();
      for (;;) {
        const found = log.readAtOnce(offset, 300_000, log.logEndOffset, true);
        if (found === undefined) throw new Error('nothing found');
        if ('loading' in found) {
          loads += 1;
          expect(loads).toBeLessThan(100);
          await found.loading;
          continue;
        }
        const waited = log.read(offset, 300_000, log.logEndOffset, true);
        answers.push([found.baseOffset, found.nextOffset, found.region.sizeBytes]);
        expect(answers.at(-1)).toEqual([waited?.baseOffset, waited?.nextOffset, waited?.region.sizeBytes]);
        releaseRegion(found.region);
        if (waited !== undefined) releaseRegion(waited.region);
        break;
      }
    }
    if (canEvict(path)) expect(loads).toBeGreaterThan(0);
    await log.close({ sync: false });
  });

  it.each<[string, (log: SegmentedLog) => unknown]>([
    ['a search by time', (log) => log.findBatchByTimestamp(5_000, log.logEndOffset)],
    ['the largest timestamp', (log) => log.findBatchOfMaxTimestamp(log.logEndOffset)],
    ['a walk along headers', (log) => log.scanBatches(37, 50).map(({ baseOffset }) => baseOffset)],
    ['a copy', (log) => Buffer.from(log.readCopy(90, 100_000, log.logEndOffset)).toString('base64')],
    ['times of segments', (log) => log.segments().map((one) => [one.firstTimestampMs, one.maxTimestampMs])],
  ])('%s is loaded on a thread, from an index on the medium too', async (_, look) => {
    const first = await open();
    while (first.sizeBytes < 3 << 20)
      append(first, 1, { payload: Buffer.alloc(20_000, 5), timestampMs: first.logEndOffset * 100 });
    const expected = look(first);
    const { logEndOffset } = first;
    await first.close({ sync: true });
    const log = await open({ cleanShutdown: true, recoveryPoint: logEndOffset });
    evict();
    let loads = 0;
    for (;;) {
      const looked = log.atOnce(() => look(log), 4096);
      if ('found' in looked) {
        expect(looked.found).toEqual(expected);
        break;
      }
      loads += 1;
      expect(loads).toBeLessThan(100);
      await looked.loading;
    }
    if (canEvict(path)) expect(loads).toBeGreaterThan(0);
    // It was no failure.
    expect(directory.failure).toBeUndefined();
    append(log);
    await log.close({ sync: false });
  });

  it('is read as ever behind a look, also behind one that failed', async () => {
    const log = await open();
    while (log.sizeBytes < 1 << 19) append(log, 1, { payload: Buffer.alloc(20_000, 5) });
    const fails = () => {
      throw new Error('of its own');
    };
    expect(() => log.atOnce(fails)).toThrow('of its own');
    evict();
    expect(log.scanBatches(0, 10)).toHaveLength(10);
    await log.close({ sync: false });
  });

  it('a file that is gone meanwhile is for the read that follows', async () => {
    const log = await open();
    while (log.sizeBytes < 1 << 19) append(log, 1, { payload: Buffer.alloc(20_000, 5) });
    evict();
    const found = log.readAtOnce(20, 100_000, log.logEndOffset, true);
    for (const name of readdirSync(join(path, 'topic-0'))) rmSync(join(path, 'topic-0', name));
    if (found !== undefined && 'loading' in found) await found.loading;
    else if (found !== undefined) releaseRegion(found.region);
    const waited = log.read(20, 100_000, log.logEndOffset, true);
    expect(waited?.baseOffset).toBe(20);
    if (waited !== undefined) releaseRegion(waited.region);
    await log.close({ sync: false });
  });
});
