import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli, fingerprint, golden } from './support.js';

it('tells sizes, codecs, times and producers of what Kafka wrote, and changes nothing', async () => {
  const directory = join(golden, 'stopped');
  const before = fingerprint(directory);
  const { code, out } = await cli('log', 'stats', directory, '--json');
  expect(code).toBe(0);
  const { partitions, topics } = JSON.parse(out) as { partitions: Array<Record<string, unknown>>; topics: unknown[] };
  expect(partitions.find(({ topic }) => topic === 'codecs')).toMatchObject({
    partition: 0,
    segments: 1,
    logBytes: 1919,
    firstOffset: 0,
    logEndOffset: 60,
    batches: 6,
    records: 60,
    tombstones: 6,
    codecs: {
      none: { batches: 1, bytes: 606 },
      gzip: { batches: 1 },
      snappy: { batches: 1 },
      lz4: { batches: 2 },
      zstd: { batches: 1 },
    },
    recordBytes: { min: 0, max: 47 },
    minTimestampMs: 1_700_000_000_000,
    maxTimestampMs: 1_700_086_400_009,
    producers: 1,
    leaderEpochs: [0, 2],
    damagedBytes: 0,
  });
  expect(partitions.find(({ topic }) => topic === 'transactions')).toMatchObject({
    segments: 2,
    records: 19,
    controlBatches: 5,
    transactionalBatches: 11,
    producers: 3,
  });
  expect(partitions.find(({ topic }) => topic === 'empty')).toMatchObject({ records: 0, recordBytes: null });
  expect(topics).toContainEqual({ topic: 'segments', partitions: 2, logBytes: 9447, records: 125 });
  const text = await cli('log', 'stats', directory);
  expect(text.out).toMatch(/^segments-0 +5 +4827 +0\.\.65 +13 +65 /m);
  expect(fingerprint(directory)).toEqual(before);
});
