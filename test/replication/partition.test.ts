import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ErrorCode } from '../../src/protocol/errors.js';
import { encodeBatch } from '../../src/records/index.js';
import { Partition } from '../../src/replication/partition.js';
import { BrokerFixture } from '../support/broker_fixture.js';

let fixture: BrokerFixture;
beforeEach(async () => {
  fixture = await BrokerFixture.open();
});
afterEach(() => fixture.close());

const batch = (count = 1) =>
  encodeBatch({
    records: Array.from({ length: count }, () => ({
      timestampMs: 1_700_000_000_000,
      key: null,
      value: Buffer.from('value'),
      headers: [],
    })),
  });

function append(partition: Partition, count = 1, acks = -1) {
  return partition.append(batch(count), acks, { nowMs: fixture.time.wallMs(), produceVersion: 9 });
}

describe('what is offered to consumers', () => {
  it('is nothing before it is asked for, then what is committed and stable, and nothing once it is offline', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'group' });
    const partition = fixture.partition('t');
    const log = partition.log?.log;
    if (log === undefined) throw new Error('not open');
    const offer = vi.spyOn(log, 'offer');
    append(partition, 3);
    await fixture.store.flush();
    expect(offer).not.toHaveBeenCalled();
    partition.offer();
    append(partition, 2);
    expect(offer.mock.calls).toEqual([[3]]);
    await fixture.store.flush();
    expect(offer.mock.calls).toEqual([[3], [5]]);
    const transactional = encodeBatch({
      records: [{ timestampMs: fixture.time.wallMs(), key: null, value: Buffer.from('value') }],
      ...{ producerId: 7, producerEpoch: 0, baseSequence: 0, isTransactional: true },
    });
    partition.append(transactional, -1, { nowMs: fixture.time.wallMs(), produceVersion: 9 });
    await fixture.store.flush();
    expect(offer).toHaveBeenLastCalledWith(-1);
    const marker = {
      producerId: 7,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      transactionVersion: 1,
      type: 'COMMIT',
    } as const;
    partition.appendMarker(marker, fixture.time.wallMs());
    expect(offer).toHaveBeenLastCalledWith(-1);
    await fixture.store.flush();
    expect(offer).toHaveBeenLastCalledWith(7);
    partition.goOffline();
    expect(offer).toHaveBeenLastCalledWith(-1);
  });
});

describe('the high watermark', () => {
  it('in mode group is what is on the medium', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'group' });
    const partition = fixture.partition('t');
    const told: number[] = [];
    partition.onHighWatermark((offset) => told.push(offset));
    expect(append(partition, 3)).toMatchObject({ errorCode: ErrorCode.NONE, firstOffset: 0, lastOffset: 2 });
    append(partition, 2);
    expect(partition.highWatermark).toBe(0);
    await fixture.store.flush();
    expect(partition.highWatermark).toBe(5);
    expect(partition.lastStableOffset).toBe(5);
    expect(told).toEqual([5]);
    // The same news again changes nothing.
    partition.flushed();
    partition.flushed();
    expect([partition.highWatermark, told.length]).toEqual([5, 1]);
  });

  it('in mode os is what is appended, and nothing is synced', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'os' });
    const partition = fixture.partition('t');
    fixture.store.flushRequests.length = 0;
    const told: number[] = [];
    const undo = partition.onHighWatermark((offset) => told.push(offset));
    append(partition, 3);
    append(partition, 1);
    expect(partition.highWatermark).toBe(4);
    undo();
    append(partition, 1);
    expect(told).toEqual([3, 4]);
    expect(fixture.store.flushRequests).toEqual([]);
    await fixture.store.flush();
    expect(partition.highWatermark).toBe(5);
  });

  it('never goes back when the mode changes', async () => {
    const id = await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'os' });
    const partition = fixture.partition('t');
    append(partition, 3);
    const set = (mode: string) =>
      fixture.controller.changeConfigs(`/configs/topics/${id}`, () => new Map([['millrace.flush.mode', mode]]), false);
    await set('group');
    expect(partition.highWatermark).toBe(3);
    append(partition, 2);
    expect(partition.highWatermark).toBe(3);
    await set('os');
    expect(partition.highWatermark).toBe(5);
  });

  it('tells everybody the last state, also when a listener appends', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'os' });
    const partition = fixture.partition('t');
    const first: number[] = [];
    const last: number[] = [];
    let more = 2;
    partition.onHighWatermark((offset) => first.push(offset));
    partition.onHighWatermark(() => {
      if (more === 0) return;
      more -= 1;
      append(partition);
    });
    partition.onHighWatermark((offset) => last.push(offset));
    append(partition);
    expect(partition.highWatermark).toBe(3);
    expect(first.at(-1)).toBe(3);
    expect(last.at(-1)).toBe(3);
    expect([...first].sort((a, b) => a - b)).toEqual(first);
  });

  it('does not tell who has left in the same round', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'os' });
    const partition = fixture.partition('t');
    const told: number[] = [];
    const undo: Array<() => void> = [];
    partition.onHighWatermark(() => undo[0]?.());
    undo.push(partition.onHighWatermark((offset) => told.push(offset)));
    append(partition);
    expect(told).toEqual([]);
  });

  it('after a restart begins at what is on the medium', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'group' });
    append(fixture.partition('t'), 4);
    await fixture.store.flush();
    const { log } = fixture.partition('t');
    const image = fixture.cache.current().topicsByName.get('t');
    if (log === undefined || image === undefined) throw new Error('not open');
    const again = new Partition('t', image.id, 0, 0, 1, [1]);
    again.opened(log);
    expect(again.highWatermark).toBe(4);
  });
});

describe('appending', () => {
  it('with acks=all wants as many in-sync replicas as the topic says, but no more than it has', async () => {
    await fixture.createTopic('t', 1, { 'min.insync.replicas': '2' });
    const partition = fixture.partition('t');
    // One replica: the config cannot ask for two.
    expect(append(partition)).toMatchObject({ errorCode: ErrorCode.NONE });
    partition.replicas = [1, 2, 3];
    expect(append(partition)).toMatchObject({ errorCode: ErrorCode.NOT_ENOUGH_REPLICAS });
    expect(append(partition, 1, 1)).toMatchObject({ errorCode: ErrorCode.NONE, firstOffset: 1 });
    expect(append(partition, 1, 0)).toMatchObject({ errorCode: ErrorCode.NONE, firstOffset: 2 });
    partition.isr = [1, 3];
    expect(append(partition)).toMatchObject({ errorCode: ErrorCode.NONE, firstOffset: 3 });
    expect(partition.log?.log.logEndOffset).toBe(4);
  });

  it('is refused while the log is being loaded, and when the directory has failed', async () => {
    await fixture.createTopic('t');
    const partition = fixture.partition('t');
    const closed = new Partition('t', partition.topicId, 0, 0, 1, [1]);
    for (const errorCode of [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.KAFKA_STORAGE_ERROR]) {
      expect(append(closed)).toMatchObject({ errorCode });
      expect(closed.appendInternal(batch(), 1)).toMatchObject({ errorCode });
      expect(closed.deleteRecords(0)).toEqual({ errorCode, lowWatermark: -1 });
      closed.goOffline();
    }
    let told = 0;
    partition.onHighWatermark(() => {
      told += 1;
    });
    fixture.store.fail();
    expect([partition.offline, told]).toEqual([true, 1]);
    expect(append(partition)).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
    expect(partition.log?.log.logEndOffset).toBe(0);
  });

  it('stamps the leader epoch of the moment', async () => {
    await fixture.createTopic('t');
    const partition = fixture.partition('t');
    append(partition, 2);
    partition.leaderEpoch = 4;
    append(partition, 1);
    const batches = partition.log?.log.scanBatches(0, 10) ?? [];
    expect(batches.map(({ leaderEpoch }) => leaderEpoch)).toEqual([0, 4]);
    expect(partition.log?.epochs.all).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 4, startOffset: 2 },
    ]);
  });
});

describe('epochs', () => {
  it('a client of an older one is fenced, of a newer one told to wait', async () => {
    await fixture.createTopic('t');
    const partition = fixture.partition('t');
    partition.leaderEpoch = 5;
    expect([-1, 4, 5, 6].map((epoch) => partition.checkEpoch(epoch))).toEqual([
      ErrorCode.NONE,
      ErrorCode.FENCED_LEADER_EPOCH,
      ErrorCode.NONE,
      ErrorCode.UNKNOWN_LEADER_EPOCH,
    ]);
  });
});

describe('deleting records', () => {
  it('goes up to the high watermark and not beyond', async () => {
    await fixture.createTopic('t', 1, { 'millrace.flush.mode': 'group' });
    const partition = fixture.partition('t');
    append(partition, 4);
    await fixture.store.flush();
    append(partition, 4);
    expect(partition.deleteRecords(5)).toEqual({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 });
    expect(partition.deleteRecords(-2)).toEqual({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 });
    expect(partition.deleteRecords(2)).toEqual({ errorCode: ErrorCode.NONE, lowWatermark: 2 });
    // Less than before is no error and changes nothing.
    expect(partition.deleteRecords(1)).toEqual({ errorCode: ErrorCode.NONE, lowWatermark: 2 });
    expect(partition.deleteRecords(-1)).toEqual({ errorCode: ErrorCode.NONE, lowWatermark: 4 });
    await fixture.store.flush();
    expect(partition.highWatermark).toBe(8);
    expect(partition.deleteRecords(-1).lowWatermark).toBe(8);
  });
});
