import { afterEach, describe, expect, it } from 'vitest';
import type { CoordinatorLog } from '../../../src/coordinator/runtime/log.js';
import type { Outcome } from '../../../src/coordinator/runtime/machine.js';
import { CoordinatorShard } from '../../../src/coordinator/runtime/shard.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { encodeBatch } from '../../../src/records/index.js';
import {
  type CounterCommand,
  type CounterRecord,
  type CounterReply,
  type CounterState,
  counterMachine,
} from '../support/counter_machine.js';
import { MemoryLog } from '../support/memory_log.js';

type Shard = CoordinatorShard<CounterState, CounterCommand, CounterRecord, CounterReply>;

const time = new VirtualTime({ startWallMs: 1_000 });
const open: Shard[] = [];
const logged: string[] = [];

function shardOn(log: CoordinatorLog, appendLingerMs = -1): Shard {
  const note = (message: string): void => {
    logged.push(message);
  };
  const shard: Shard = new CoordinatorShard(counterMachine, log, {
    name: 'test-0',
    clock: time,
    timers: time,
    logger: { info: note, warn: note, error: note },
    appendLingerMs,
    commitTimeoutMs: 5_000,
    loadBufferBytes: 100,
  });
  open.push(shard);
  return shard;
}

async function loaded(log = new MemoryLog(), appendLingerMs = -1): Promise<{ shard: Shard; log: MemoryLog }> {
  const shard = shardOn(log, appendLingerMs);
  await shard.load();
  return { shard, log };
}

const add = (shard: Shard, name: string, by = 1, size = 0): Promise<Outcome<CounterReply>> =>
  shard.submit((token) => ({ kind: 'add', token, name, by, size }));
const get = (shard: Shard, name: string): Promise<Outcome<CounterReply>> =>
  shard.submit((token) => ({ kind: 'get', token, name }));
const sum = (value: number) => ({ ok: true, reply: { sum: value } });
const failed = (error: ErrorCode) => ({ ok: false, error });

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await time.advance(0);
  return settled;
}

afterEach(() => {
  for (const shard of open.splice(0)) shard.close();
  logged.length = 0;
  expect(time.pendingTimers).toBe(0);
});

describe('CoordinatorShard', () => {
  it('lets decisions of one turn see each other and share one append', async () => {
    const { shard, log } = await loaded();
    const answers = await Promise.all([add(shard, 'a', 1), add(shard, 'a', 2), add(shard, 'b', 5), get(shard, 'a')]);
    expect(answers).toEqual([sum(1), sum(3), sum(5), sum(3)]);
    expect(log.appends).toBe(1);
    expect(log.logEndOffset).toBe(3);
  });

  it('loads from a log whose bytes come later, and no more once it is closed', async () => {
    const { log } = await loaded();
    const first = shardOn(log);
    await first.load();
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => add(first, name, 1, 60)));
    const read = log.read.bind(log);
    const reads: Array<() => void> = [];
    const later = (offset: number, maxBytes: number) =>
      new Promise<Uint8Array>((resolve) => reads.push(() => resolve(read(offset, maxBytes))));
    const slow: CoordinatorLog = Object.assign(log, { read: later });
    const shard = shardOn(slow);
    const loading = shard.load();
    expect([reads.length, shard.phase]).toEqual([1, 'loading']);
    reads[0]?.();
    await loading;
    expect(await get(shard, 'd')).toEqual(sum(1));
    const closed = shardOn(slow);
    const cut = closed.load();
    closed.close();
    reads[1]?.();
    await cut;
    expect(closed.current.sums.size).toBe(0);
  });

  it('keeps a batch open for the linger time', async () => {
    const { shard, log } = await loaded(new MemoryLog(), 10);
    const first = add(shard, 'a');
    await time.advance(5);
    const second = add(shard, 'a');
    expect(log.appends).toBe(0);
    await time.advance(5);
    expect(await Promise.all([first, second])).toEqual([sum(1), sum(2)]);
    expect(log.appends).toBe(1);
  });

  it('answers when the records are committed, and reads not before what they saw', async () => {
    const { shard, log } = await loaded();
    log.held = true;
    const written = add(shard, 'a');
    expect(await isSettled(written)).toBe(false);
    const read = get(shard, 'a');
    expect(await isSettled(read)).toBe(false);
    log.release();
    expect(await Promise.all([written, read])).toEqual([sum(1), sum(1)]);
    expect(await get(shard, 'a')).toEqual(sum(1));
  });

  it('gives up waiting for a commit', async () => {
    const { shard, log } = await loaded();
    log.held = true;
    const written = add(shard, 'a');
    await time.advance(4_999);
    expect(await isSettled(written)).toBe(false);
    await time.advance(1);
    expect(await written).toEqual(failed(ErrorCode.REQUEST_TIMED_OUT));
    log.release();
    // It was appended all the same.
    expect(await get(shard, 'a')).toEqual(sum(1));
  });

  it('takes back a whole turn when its append fails', async () => {
    const { shard, log } = await loaded();
    await add(shard, 'a', 10);
    log.failWith = ErrorCode.KAFKA_STORAGE_ERROR;
    const answers = await Promise.all([add(shard, 'a', 1), add(shard, 'b', 1), get(shard, 'a'), add(shard, 'a', 1)]);
    expect(answers).toEqual(Array(4).fill(failed(ErrorCode.KAFKA_STORAGE_ERROR)));
    expect(shard.current).toEqual({ sums: new Map([['a', 10]]), seen: 2 });
    log.failWith = undefined;
    expect(await add(shard, 'a', 1)).toEqual(sum(11));
  });

  it('starts no timer whose decision was taken back, and asks again for what a timer wanted', async () => {
    const { shard, log } = await loaded();
    await shard.submit((token) => ({ kind: 'add-later', token, name: 'a', delayMs: 100 }));
    log.failWith = ErrorCode.KAFKA_STORAGE_ERROR;
    const inDoubt = [add(shard, 'b'), shard.submit((token) => ({ kind: 'add-later', token, name: 'c', delayMs: 1 }))];
    await Promise.all(inDoubt);
    await time.advance(400);
    expect(shard.timerCount).toBe(1);
    expect(shard.current.sums).toEqual(new Map());
    log.failWith = undefined;
    await time.advance(500);
    expect(shard.current.sums).toEqual(new Map([['a', 1]]));
    expect(shard.timerCount).toBe(0);
  });

  it('appends a full batch at once and goes on with the next', async () => {
    const { shard, log } = await loaded();
    log.maxBatchBytes = 300;
    const answers = await Promise.all([add(shard, 'a', 1, 100), add(shard, 'b', 2, 100), add(shard, 'c', 3, 10)]);
    expect(answers).toEqual([sum(1), sum(2), sum(3)]);
    expect(log.batches.map((batch) => batch.lastOffset)).toEqual([0, 2]);
    for (const { bytes } of log.batches) expect(bytes.length).toBeLessThanOrEqual(300);
  });

  it('decides anew when making room took back what the decision saw', async () => {
    const { shard, log } = await loaded();
    log.maxBatchBytes = 300;
    const first = add(shard, 'a', 1, 100);
    log.failWith = ErrorCode.NOT_ENOUGH_REPLICAS;
    const second = add(shard, 'a', 5, 100);
    log.failWith = undefined;
    expect(await first).toEqual(failed(ErrorCode.NOT_ENOUGH_REPLICAS));
    expect(await second).toEqual(sum(5));
    expect(shard.current.sums).toEqual(new Map([['a', 5]]));
  });

  it('refuses what fits in no batch, undone, and lets the machine clean up', async () => {
    const { shard, log } = await loaded();
    log.maxBatchBytes = 300;
    expect(await add(shard, 'a', 1, 500)).toEqual(failed(ErrorCode.MESSAGE_TOO_LARGE));
    await time.advance(0);
    expect(shard.current.sums).toEqual(new Map([['a', -1]]));
  });

  it('divides what may be divided', async () => {
    const { shard, log } = await loaded();
    log.maxBatchBytes = 300;
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
    expect(await shard.submit((token) => ({ kind: 'add-many', token, names }))).toEqual(sum(50));
    expect(log.logEndOffset).toBe(50);
    expect(log.appends).toBeGreaterThan(5);
    expect(shard.current.sums.size).toBe(50);
  });

  it('keeps the appended part of a divided decision when a later part fails', async () => {
    const { shard, log } = await loaded();
    log.maxBatchBytes = 300;
    const append = log.append.bind(log);
    log.append = (bytes) => (log.appends < 2 ? append(bytes) : ErrorCode.KAFKA_STORAGE_ERROR);
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
    const outcome = await shard.submit((token) => ({ kind: 'add-many', token, names }));
    expect(outcome).toEqual(failed(ErrorCode.KAFKA_STORAGE_ERROR));
    expect(shard.current.sums.size).toBe(log.logEndOffset);
    expect(log.logEndOffset).toBeLessThan(50);
  });

  it('replays its log, in turns, and is the same as before', async () => {
    const { shard, log } = await loaded();
    for (let i = 0; i < 20; i += 1) await add(shard, `n${i % 7}`, i);
    const before = new Map(shard.current.sums);
    const again = shardOn(log);
    const loading = again.load();
    expect(again.unavailable).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    expect(await add(again, 'a')).toEqual(failed(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS));
    await loading;
    expect(again.current.sums).toEqual(before);
    expect(logged.some((line) => line.includes('loaded 20 records'))).toBe(true);
  });

  it('answers from a loaded state only when the high watermark has passed it', async () => {
    const { shard, log } = await loaded();
    await add(shard, 'a');
    log.held = true;
    log.highWatermark = 0;
    const { shard: again } = await loaded(log);
    const read = get(again, 'a');
    expect(await isSettled(read)).toBe(false);
    log.release();
    expect(await read).toEqual(sum(1));
  });

  it('leaves records of unknown kinds alone, and says so', async () => {
    const log = new MemoryLog();
    log.append(encodeBatch({ records: [{ key: Buffer.from('?'), value: null, timestampMs: 1 }] }));
    log.append(encodeBatch({ records: [{ key: Buffer.from('a'), value: Buffer.from('7'), timestampMs: 1 }] }));
    const { shard } = await loaded(log);
    expect(shard.current.sums).toEqual(new Map([['a', 7]]));
    expect(logged.some((line) => line.includes('left 1 records alone'))).toBe(true);
  });

  it('does not coordinate what it could not load', async () => {
    const log = new MemoryLog();
    log.append(encodeBatch({ records: [{ key: Buffer.from('a'), value: Buffer.from('7'), timestampMs: 1 }] }));
    log.read = () => {
      throw new Error('the disk is gone');
    };
    const { shard } = await loaded(log);
    expect(await add(shard, 'a')).toEqual(failed(ErrorCode.NOT_COORDINATOR));
    expect(
      logged.some((line) => line.includes('cannot be loaded, its groups stay unavailable: the disk is gone')),
    ).toBe(true);
  });

  it('tells everybody who waits when it closes, and lets go of everything', async () => {
    const { shard, log } = await loaded();
    await shard.submit((token) => ({ kind: 'add-later', token, name: 'x', delayMs: 60_000 }));
    log.held = true;
    const waiting = add(shard, 'a');
    await time.advance(0);
    const inBatch = add(shard, 'b');
    shard.close();
    shard.close();
    expect(await Promise.all([waiting, inBatch])).toEqual(Array(2).fill(failed(ErrorCode.NOT_COORDINATOR)));
    expect(await add(shard, 'c')).toEqual(failed(ErrorCode.NOT_COORDINATOR));
    // The open batch was appended before: a later load has it.
    expect(log.logEndOffset).toBe(2);
    expect(log.subscribers).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('loads a log whose end was compacted away, or whose batches are damaged', async () => {
    const { shard, log } = await loaded();
    await add(shard, 'a', 7);
    log.logEndOffset = 9;
    log.highWatermark = 9;
    const { shard: again } = await loaded(log);
    expect(again.current.sums).toEqual(new Map([['a', 7]]));
    expect(await add(again, 'a')).toEqual(sum(8));
    const last = log.batches[0]?.bytes ?? new Uint8Array();
    last[last.length - 1] = 1;
    const { shard: damaged } = await loaded(log);
    expect(damaged.unavailable).toBe(ErrorCode.NOT_COORDINATOR);
    expect(logged.some((line) => line.includes('CRC'))).toBe(true);
  });

  it('works on a log that commits inside the append', async () => {
    const { shard, log } = await loaded();
    const append = log.append.bind(log);
    log.append = (bytes) => {
      const appended = append(bytes);
      log.commit();
      return appended;
    };
    expect(await Promise.all([add(shard, 'a'), add(shard, 'a'), get(shard, 'a')])).toEqual([sum(1), sum(2), sum(2)]);
    expect(await get(shard, 'a')).toEqual(sum(2));
  });

  it('stops loading when it is closed', async () => {
    const { shard, log } = await loaded();
    for (let i = 0; i < 20; i += 1) await add(shard, `n${i}`);
    const again = shardOn(log);
    const loading = again.load();
    again.close();
    await loading;
    expect(again.unavailable).toBe(ErrorCode.NOT_COORDINATOR);
    expect(again.current.sums.size).toBe(0);
  });
});
