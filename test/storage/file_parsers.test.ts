import { describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import { systemClock, systemTimers } from '../../src/env/index.js';
import { EmbeddedMetadataStore } from '../../src/metadata/embedded/embedded_store.js';
import { MetadataStoreError } from '../../src/metadata/store.js';
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
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../../src/storage/producer_snapshot.js';
import { MemoryFiles } from '../support/memory_files.js';
import { Prng } from '../support/prng.js';

const seeds = 3000;
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const numbers = [
  '0',
  '-1',
  '9007199254740993',
  '18446744073709551616',
  '1e3',
  'NaN',
  ' ',
  '\n',
  '',
  '00',
  '4294967296',
];

/** Bits, bytes, numbers, pieces gone or doubled: what disks and people do to a file. */
function mutated(bytes: Uint8Array, random: Prng): Uint8Array {
  let changed = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const at = random.below(changed.length + 1);
    const to = Math.min(changed.length, at + random.below(16));
    const before = changed.subarray(0, at);
    const insert = (piece: Uint8Array, from = at) => Buffer.concat([before, piece, changed.subarray(from)]);
    const ways = [
      () => insert(Buffer.from([random.below(256)]), at + 1),
      () => insert(Buffer.from([(changed[at] ?? 0) ^ (1 << random.below(8))]), at + 1),
      () => insert(Buffer.from(random.pick(numbers)), to),
      () => insert(changed.subarray(at, to)),
      () => insert(Buffer.alloc(0), to),
      () => before,
    ];
    changed = Buffer.from(random.pick(ways)());
  }
  return changed;
}

/** Runs `check` on the file as it is, then on mutations of it; says which seed it was. */
function fuzz(bytes: Uint8Array, check: (input: Uint8Array) => void): void {
  check(bytes);
  for (let seed = 1; seed <= seeds; seed += 1) {
    const input = mutated(bytes, new Prng(seed));
    try {
      check(input);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(Buffer.from(input).toString('latin1'))}`, { cause: error });
    }
  }
}

const isOffset = (value: number) => Number.isSafeInteger(value) && value >= 0;

describe('files of a log directory, mutated', () => {
  it('offset checkpoints give offsets or nothing', () => {
    const offsets = new Map([
      ['topic-0', 17],
      ['with-dash-12', 9_007_199_254_740_991],
      ['a.b_c-3', 0],
    ]);
    expect(parseOffsets(formatOffsets(offsets))).toEqual(offsets);
    fuzz(formatOffsets(offsets), (input) => {
      for (const [name, offset] of parseOffsets(input) ?? []) {
        expect(name).toMatch(/^.+-\d+$/);
        expect(isOffset(offset), `${offset}`).toBe(true);
      }
    });
  });

  it('leader epochs give entries or nothing', () => {
    const entries = [
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 40 },
      { epoch: 2_147_483_647, startOffset: 9_000_000_000 },
    ];
    expect(parseEpochs(formatEpochs(entries))).toEqual(entries);
    fuzz(formatEpochs(entries), (input) => {
      let last = { epoch: -1, startOffset: -1 };
      for (const entry of parseEpochs(input) ?? []) {
        expect(isOffset(entry.startOffset) && entry.epoch <= 0x7fff_ffff, JSON.stringify(entry)).toBe(true);
        expect(entry.epoch > last.epoch && entry.startOffset > last.startOffset, JSON.stringify(entry)).toBe(true);
        last = entry;
      }
    });
  });

  it('partition.metadata gives an id or nothing', () => {
    expect(parsePartitionMetadata(formatPartitionMetadata(topicId))).toBe(topicId);
    fuzz(formatPartitionMetadata(topicId), (input) => {
      const id = parsePartitionMetadata(input);
      if (id !== undefined) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    });
  });

  it('meta.properties gives an identity or nothing', () => {
    const meta = { clusterId: 'cluster', nodeId: 3, directoryId: topicId };
    expect(parseMetaProperties(formatMetaProperties(meta))).toEqual(meta);
    fuzz(formatMetaProperties(meta), (input) => {
      const found = parseMetaProperties(input);
      if (found === undefined) return;
      expect(Number.isInteger(found.nodeId) && found.nodeId >= 0 && found.nodeId <= 0x7fff_ffff).toBe(true);
      expect(found.clusterId).not.toBe('');
    });
  });

  it('producer snapshots are read whole or not at all', () => {
    const bytes = encodeProducerSnapshot(
      [1, 2, 7].map((producerId) => ({
        producerId,
        producerEpoch: 4,
        lastAppendMs: 1000,
        lastTimestampMs: 1000,
        coordinatorEpoch: 3,
        currentTxnFirstOffset: 20,
        batches: [{ baseSequence: 0, lastSequence: 9, baseOffset: 20, lastOffset: 29, timestampMs: 1000 }],
      })),
    );
    const whole = decodeProducerSnapshot(bytes);
    expect(whole).toHaveLength(3);
    fuzz(bytes, (input) => {
      const entries = decodeProducerSnapshot(input);
      if (entries !== undefined) expect(entries).toEqual(whole);
    });
  });
});

it('a mutated metadata journal opens with its first changes, or says that it is damaged', async () => {
  const path = '/data/journal';
  const open = (files: MemoryFiles) =>
    EmbeddedMetadataStore.open({ files, clock: systemClock, timers: systemTimers }, path);
  const files = new MemoryFiles();
  const store = await open(files);
  for (let i = 0; i < 6; i += 1) await store.txn([{ key: `/k${i}`, version: 0 }], [{ put: `/k${i}`, value: `v${i}` }]);
  await store.close();
  const bytes = (await files.readFile(path)) ?? new Uint8Array(0);
  for (let seed = 1; seed <= seeds; seed += 1) {
    const damaged = new MemoryFiles();
    await damaged.writeFileAtomic(path, mutated(bytes, new Prng(seed)), { sync: true });
    try {
      const opened = await open(damaged);
      const found = (await opened.list('/')).map(({ key, value }) => `${key}${value}`);
      expect(found, `seed ${seed}`).toEqual(Array.from({ length: found.length }, (_, i) => `/k${i}v${i}`));
      await opened.close();
    } catch (error) {
      expect(error instanceof MetadataStoreError && error.kind === 'CORRUPT', `seed ${seed}: ${error}`).toBe(true);
    }
  }
});
