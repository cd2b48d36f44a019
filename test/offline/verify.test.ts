import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withOfflineDirectory } from '../../src/offline/offline_directory.js';
import type { Finding } from '../../src/offline/verify/findings.js';
import { verifyDirectory } from '../../src/offline/verify/verify_directory.js';
import { cli, copyOf, fingerprint, golden, ports, withGaps } from './support.js';

async function findingsIn(directory: string): Promise<readonly Finding[]> {
  return (await withOfflineDirectory(ports, directory, 'shared', (found) => verifyDirectory(ports, found))).findings;
}

function change(path: string, edit: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = readFileSync(path);
  writeFileSync(path, edit(bytes) ?? bytes);
}

function flip(path: string, at: number): void {
  change(path, (bytes) => {
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return bytes;
  });
}

const log0 = '00000000000000000000.log';

describe('millrace log verify', () => {
  it.each(['stopped', 'killed'] as const)(
    'finds nothing wrong with what Kafka wrote (%s), and changes nothing',
    async (name) => {
      const directory = join(golden, name);
      const before = fingerprint(directory);
      const { code, out } = await cli('log', 'verify', directory);
      expect(out).toContain(': nothing is wrong\n');
      expect(code).toBe(0);
      expect(fingerprint(directory)).toEqual(before);
    },
  );

  it('counts what it looked at', async () => {
    const { out } = await cli('log', 'verify', join(golden, 'stopped/segments-0'), '--json');
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      directories: [
        { partitions: [{ partition: 'segments-0', segments: 5, batches: 13, records: 65, logEndOffset: 65 }] },
      ],
    });
  });

  const damages: ReadonlyArray<readonly [string, (at: string) => void, Partial<Finding>]> = [
    [
      'a flipped bit in the middle',
      (at) => flip(join(at, 'codecs-0', log0), 700),
      { file: `codecs-0/${log0}`, kind: 'damaged-batch', position: 606, endPosition: 829, offset: 10, endOffset: 20 },
    ],
    [
      'a flipped bit in the last batch',
      (at) => flip(join(at, 'codecs-0', log0), 1800),
      { file: `codecs-0/${log0}`, kind: 'torn-tail', position: 1639, offset: 50 },
    ],
    [
      'a length that leads nowhere',
      (at) => flip(join(at, 'codecs-0', log0), 606 + 8),
      { kind: 'damaged-batch', position: 606, endPosition: 829 },
    ],
    [
      'a torn tail',
      (at) => appendFileSync(join(at, 'segments-0/00000000000000000060.log'), Buffer.alloc(40, 1)),
      { kind: 'torn-tail', position: 207, offset: 65 },
    ],
    [
      'a batch twice',
      (at) => change(join(at, 'codecs-0', log0), (bytes) => Buffer.concat([bytes, bytes.subarray(0, 606)])),
      { kind: 'offset-order', position: 1919, offset: 0 },
    ],
    [
      'segments that overlap',
      (at) =>
        renameSync(join(at, 'segments-0/00000000000000000030.log'), join(at, 'segments-0/00000000000000000020.log')),
      { kind: 'segment-overlap', file: 'segments-0/00000000000000000015.log', offset: 20, endOffset: 30 },
    ],
    [
      'an index entry that points at nothing',
      (at) => change(join(at, 'segments-0/00000000000000000000.index'), (bytes) => void bytes.writeInt32BE(5, 4)),
      { kind: 'index-mismatch', position: 0 },
    ],
    [
      'an index entry of another offset',
      (at) => change(join(at, 'segments-0/00000000000000000000.index'), (bytes) => void bytes.writeInt32BE(8, 0)),
      { kind: 'index-mismatch', position: 0, offset: 8 },
    ],
    [
      'an index that is not monotonic',
      (at) =>
        change(join(at, 'segments-0/00000000000000000000.index'), (bytes) =>
          Buffer.concat([bytes.subarray(8), bytes.subarray(0, 8)]),
        ),
      { kind: 'index-order', position: 8 },
    ],
    [
      'half an entry',
      (at) => truncateSync(join(at, 'segments-0/00000000000000000000.index'), 12),
      { kind: 'index-size', position: 8 },
    ],
    [
      'zeros behind a sealed index',
      (at) => appendFileSync(join(at, 'segments-0/00000000000000000000.index'), Buffer.alloc(16)),
      { kind: 'index-size', position: 16 },
    ],
    [
      'a wrong timestamp',
      (at) =>
        change(join(at, 'segments-0/00000000000000000000.timeindex'), (bytes) => void bytes.writeBigInt64BE(5n, 0)),
      { kind: 'time-index-mismatch', position: 0 },
    ],
    [
      'a time index without its last entry',
      (at) => truncateSync(join(at, 'segments-0/00000000000000000000.timeindex'), 12),
      { kind: 'time-index-mismatch' },
    ],
    [
      'a time index that is not monotonic',
      (at) =>
        change(join(at, 'segments-0/00000000000000000000.timeindex'), (bytes) =>
          Buffer.concat([bytes.subarray(12), bytes.subarray(0, 12)]),
        ),
      { kind: 'time-index-order', position: 12 },
    ],
    [
      'a missing index',
      (at) => rmSync(join(at, 'segments-0/00000000000000000000.index')),
      { kind: 'missing-file', file: 'segments-0/00000000000000000000.index' },
    ],
    [
      'a missing segment',
      (at) => rmSync(join(at, 'segments-0/00000000000000000015.log')),
      { kind: 'orphan-file', file: 'segments-0/00000000000000000015.index' },
    ],
    [
      'a missing topic id',
      (at) => rmSync(join(at, 'segments-0/partition.metadata')),
      { kind: 'missing-file', file: 'segments-0/partition.metadata' },
    ],
    [
      'a snapshot with a wrong CRC',
      (at) => flip(join(at, 'segments-0/00000000000000000015.snapshot'), 20),
      { kind: 'snapshot', file: 'segments-0/00000000000000000015.snapshot' },
    ],
    [
      'a snapshot of another offset',
      (at) =>
        cpSync(
          join(at, 'segments-0/00000000000000000015.snapshot'),
          join(at, 'segments-0/00000000000000000040.snapshot'),
        ),
      { kind: 'snapshot-mismatch', file: 'segments-0/00000000000000000040.snapshot' },
    ],
    [
      'a snapshot beyond the end',
      (at) =>
        cpSync(
          join(at, 'segments-0/00000000000000000065.snapshot'),
          join(at, 'segments-0/00000000000000000099.snapshot'),
        ),
      { kind: 'snapshot', offset: 99 },
    ],
    [
      'a recovery point beyond the end',
      (at) => writeFileSync(join(at, 'recovery-point-offset-checkpoint'), '0\n1\ncodecs 0 61\n'),
      { kind: 'checkpoint-range', offset: 61 },
    ],
    [
      "a cleaner's offset in the active segment",
      (at) => writeFileSync(join(at, 'cleaner-offset-checkpoint'), '0\n1\nsegments 0 61\n'),
      { kind: 'checkpoint-range', offset: 61 },
    ],
    [
      'a checkpoint of a partition that is gone',
      (at) => writeFileSync(join(at, 'log-start-offset-checkpoint'), '0\n1\nnowhere 0 1\n'),
      { kind: 'checkpoint', file: 'log-start-offset-checkpoint' },
    ],
    [
      'a checkpoint that cannot be read',
      (at) => writeFileSync(join(at, 'log-start-offset-checkpoint'), '0\n2\nshortened 0 7\n'),
      { kind: 'checkpoint' },
    ],
    [
      'epochs that go back',
      (at) => writeFileSync(join(at, 'codecs-0/leader-epoch-checkpoint'), '0\n2\n2 0\n0 50\n'),
      { kind: 'epoch-order', offset: 50 },
    ],
    [
      'epochs that the batches do not have',
      (at) => writeFileSync(join(at, 'codecs-0/leader-epoch-checkpoint'), '0\n2\n0 0\n3 50\n'),
      { kind: 'epoch-mismatch', offset: 50 },
    ],
    [
      'an epoch beyond the end',
      (at) => writeFileSync(join(at, 'codecs-0/leader-epoch-checkpoint'), '0\n3\n0 0\n2 50\n3 70\n'),
      { kind: 'epoch-order', offset: 70 },
    ],
    [
      'epochs that cannot be read',
      (at) => writeFileSync(join(at, 'codecs-0/leader-epoch-checkpoint'), 'x'),
      { kind: 'epoch-file' },
    ],
    [
      'a leftover of the cleaner',
      (at) => writeFileSync(join(at, 'codecs-0/00000000000000000000.log.cleaned'), ''),
      { kind: 'leftover' },
    ],
    [
      'a leftover of a swap',
      (at) => writeFileSync(join(at, 'codecs-0/00000000000000000000.index.swap'), ''),
      { kind: 'leftover' },
    ],
    [
      'a leftover of a deletion',
      (at) => writeFileSync(join(at, 'codecs-0/00000000000000000000.log.deleted'), ''),
      { kind: 'leftover' },
    ],
    [
      'a topic that was being deleted',
      (at) => mkdirSync(join(at, 'old-0.0123456789abcdef0123456789abcdef-delete')),
      { kind: 'leftover' },
    ],
    [
      'a stray file',
      (at) => writeFileSync(join(at, 'codecs-0/notes.txt'), 'x'),
      { kind: 'unknown-file', file: 'codecs-0/notes.txt' },
    ],
    [
      'a lost aborted transaction',
      (at) => truncateSync(join(at, 'transactions-0/00000000000000000003.txnindex'), 34),
      { kind: 'txn-index', offset: 19 },
    ],
    [
      'an aborted transaction that was none',
      (at) =>
        change(join(at, 'transactions-0/00000000000000000003.txnindex'), (bytes) => void bytes.writeBigInt64BE(6n, 18)),
      { kind: 'txn-index', position: 0, offset: 6 },
    ],
    [
      'an aborted transaction of another beginning',
      (at) =>
        change(join(at, 'transactions-0/00000000000000000003.txnindex'), (bytes) => void bytes.writeBigInt64BE(5n, 10)),
      { kind: 'txn-index', position: 0, offset: 7 },
    ],
    [
      'a segment that is gone with all its files after an orderly stop',
      (at) => {
        for (const suffix of ['log', 'index', 'timeindex', 'snapshot'])
          rmSync(join(at, `segments-0/00000000000000000015.${suffix}`), { force: true });
      },
      { kind: 'offset-gap', file: 'segments-0/00000000000000000000.log', offset: 15, endOffset: 30 },
    ],
    [
      'no meta.properties',
      (at) => rmSync(join(at, 'meta.properties')),
      { kind: 'missing-file', file: 'meta.properties' },
    ],
  ];

  it.each(damages)('names %s', async (_, damage, expected) => {
    const directory = copyOf('stopped');
    damage(directory);
    const before = fingerprint(directory);
    const found = await findingsIn(directory);
    expect(found).toContainEqual(expect.objectContaining(expected));
    const { code, out } = await cli('log', 'verify', directory);
    expect(code).toBe(1);
    expect(out).toContain(`[${expected.kind}]`);
    expect(fingerprint(directory)).toEqual(before);
  });

  it('names offsets that are missing above the recovery point, between segments and inside of one', async () => {
    const segments = async (directory: string) =>
      (await findingsIn(directory))
        .filter(({ kind }) => kind === 'offset-gap')
        .map(({ file, position, offset, endOffset }) => [file, position, offset, endOffset]);
    const directory = withGaps();
    const sealedBytes = readFileSync(join(directory, 'segments-0/00000000000000000015.log')).length;
    const inside = ['segments-0/00000000000000000030.log', 385, 35, 40];
    expect(await segments(directory)).toEqual([['segments-0/00000000000000000015.log', sealedBytes, 25, 30], inside]);
    expect(await segments(join(directory, 'segments-0'))).toHaveLength(2);
    // Below the recovery point, and where the log was cleaned, they may be what cleaning left.
    expect(await segments(withGaps(30))).toEqual([inside]);
    writeFileSync(join(directory, 'cleaner-offset-checkpoint'), '0\n1\nsegments 0 30\n');
    expect(await segments(directory)).toEqual([inside]);
  });

  it('finds every flipped bit that a checksum covers', async () => {
    const directory = copyOf('stopped');
    const path = join(directory, 'transactions-0/00000000000000000003.log');
    const whole = readFileSync(path);
    // Base offset, length and leader epoch lie before the CRC's range; of these a length or an offset shows otherwise.
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        writeFileSync(path, bytes);
        const found = await findingsIn(join(directory, 'transactions-0'));
        expect(found.length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
    writeFileSync(path, whole);
    expect(await findingsIn(directory)).toEqual([]);
  });

  it('says in JSON where', async () => {
    const directory = copyOf('stopped');
    flip(join(directory, 'codecs-0', log0), 700);
    const { code, out } = await cli('log', 'verify', directory, '--json');
    expect(code).toBe(1);
    const { ok, directories } = JSON.parse(out) as { ok: boolean; directories: Array<{ findings: Finding[] }> };
    expect(ok).toBe(false);
    expect(directories[0]?.findings[0]).toMatchObject({
      kind: 'damaged-batch',
      position: 606,
      offset: 10,
      endOffset: 20,
    });
  });
});
