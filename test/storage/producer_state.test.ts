import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/protocol/errors.js';
import {
  formatEpochs,
  formatMetaProperties,
  formatOffsets,
  formatPartitionMetadata,
  parseEpochs,
  parseMetaProperties,
  parseOffsets,
  parsePartitionMetadata,
} from '../../src/storage/checkpoints.js';
import { LeaderEpochCache } from '../../src/storage/leader_epochs.js';
import { emptyBatchInfo } from '../../src/storage/native_log.js';
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../../src/storage/producer_snapshot.js';
import { addSequence, ProducerStateManager } from '../../src/storage/producer_state.js';

const batch = (baseSequence: number, count = 1, more: { epoch?: number; offset?: number } = {}) => ({
  ...emptyBatchInfo(),
  producerId: 9,
  producerEpoch: more.epoch ?? 0,
  baseSequence,
  lastOffsetDelta: count - 1,
  recordCount: count,
  baseOffset: more.offset ?? 0,
  maxTimestampMs: 1000,
});

describe('producer state', () => {
  it('accepts the next sequence, recognises the last five batches, refuses the rest', () => {
    const state = new ProducerStateManager();
    for (let i = 0; i < 8; i += 1) {
      expect(state.check(batch(i * 2, 2))).toEqual({ kind: 'append' });
      state.update(batch(i * 2, 2, { offset: 100 + i * 2 }), 0);
    }
    expect(state.check(batch(14, 2))).toMatchObject({ kind: 'duplicate', batch: { baseOffset: 114, lastOffset: 115 } });
    expect(state.check(batch(6, 2))).toMatchObject({ kind: 'duplicate', batch: { baseOffset: 106 } });
    expect(state.check(batch(4, 2))).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(state.check(batch(18, 1))).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(state.check(batch(16, 1))).toEqual({ kind: 'append' });
  });

  it('fences old epochs and starts new ones at zero', () => {
    const state = new ProducerStateManager();
    state.update(batch(0, 1, { epoch: 3 }), 0);
    expect(state.check(batch(1, 1, { epoch: 2 }))).toMatchObject({ errorCode: ErrorCode.INVALID_PRODUCER_EPOCH });
    expect(state.check(batch(1, 1, { epoch: 4 }))).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(state.check(batch(0, 1, { epoch: 4 }))).toEqual({ kind: 'append' });
  });

  it('lets sequence numbers wrap', () => {
    const max = 0x7fff_ffff;
    expect(addSequence(max, 1)).toBe(0);
    expect(addSequence(max - 1, 3)).toBe(1);
    const state = new ProducerStateManager();
    state.update(batch(max - 1, 4), 0);
    expect(state.check(batch(2, 1))).toEqual({ kind: 'append' });
    expect(state.check(batch(max - 1, 4))).toMatchObject({ kind: 'duplicate' });
  });

  it('takes any sequence of a producer it does not know, and forgets silent ones', () => {
    const state = new ProducerStateManager();
    expect(state.check(batch(77))).toEqual({ kind: 'append' });
    state.update(batch(77), 1000);
    state.expire(1000 + 99, 100);
    expect(state.size).toBe(1);
    state.expire(1000 + 100, 100);
    expect(state.size).toBe(0);
  });

  it('comes back from a snapshot with the last batch of each producer', () => {
    const state = new ProducerStateManager();
    const max = 0x7fff_ffff;
    state.update(batch(max - 1, 4, { offset: 50, epoch: 2 }), 5);
    const bytes = encodeProducerSnapshot(state.entries());
    const back = new ProducerStateManager();
    back.restore(decodeProducerSnapshot(bytes) ?? []);
    expect(back.check(batch(max - 1, 4, { epoch: 2 }))).toMatchObject({
      kind: 'duplicate',
      batch: { baseOffset: 50, lastOffset: 53 },
    });
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      expect(decodeProducerSnapshot(damaged)).toBeUndefined();
    }
    expect(decodeProducerSnapshot(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
  });
});

describe('leader epochs', () => {
  it('answers where an epoch ended', () => {
    const cache = new LeaderEpochCache();
    expect(cache.endOffsetFor(0, 10)).toEqual({ epoch: -1, endOffset: -1 });
    cache.assign(1, 0);
    cache.assign(3, 20);
    expect(cache.assign(3, 25)).toBe(false);
    expect(cache.endOffsetFor(3, 30)).toEqual({ epoch: 3, endOffset: 30 });
    expect(cache.endOffsetFor(2, 30)).toEqual({ epoch: 1, endOffset: 20 });
    expect(cache.endOffsetFor(0, 30)).toEqual({ epoch: 0, endOffset: 0 });
    expect(cache.endOffsetFor(4, 30)).toEqual({ epoch: -1, endOffset: -1 });
    expect(cache.epochFor(19)).toBe(1);
    cache.truncateFromStart(5);
    expect(cache.all).toEqual([
      { epoch: 1, startOffset: 5 },
      { epoch: 3, startOffset: 20 },
    ]);
    cache.truncateFromEnd(20);
    expect(cache.latestEpoch).toBe(1);
  });
});

describe('checkpoint files', () => {
  it('have the text formats of Kafka', () => {
    const offsets = new Map([
      ['with-dash-3', 42],
      ['t-0', 7],
    ]);
    expect(new TextDecoder().decode(formatOffsets(offsets))).toBe('0\n2\nwith-dash 3 42\nt 0 7\n');
    expect(parseOffsets(formatOffsets(offsets))).toEqual(offsets);
    expect(parseOffsets(new TextEncoder().encode('0\n2\nt 0 7\n'))).toBeUndefined();
    expect(parseOffsets(new TextEncoder().encode('1\n0\n'))).toBeUndefined();
    const epochs = [{ epoch: 0, startOffset: 5 }];
    expect(new TextDecoder().decode(formatEpochs(epochs))).toBe('0\n1\n0 5\n');
    expect(parseEpochs(formatEpochs(epochs))).toEqual(epochs);
    const id = 'AbCdEfGhIjKlMnOpQrStUg' as Parameters<typeof formatPartitionMetadata>[0];
    expect(new TextDecoder().decode(formatPartitionMetadata(id))).toBe('version: 0\ntopic_id: AbCdEfGhIjKlMnOpQrStUg');
    expect(parsePartitionMetadata(formatPartitionMetadata(id))).toBe(id);
    const meta = { clusterId: 'c', nodeId: 3, directoryId: id };
    expect(parseMetaProperties(formatMetaProperties(meta))).toEqual(meta);
    expect(parseMetaProperties(new TextEncoder().encode('version=0\nbroker.id=1\n'))).toBeUndefined();
  });
});
